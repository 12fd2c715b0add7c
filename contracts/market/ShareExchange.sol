// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "solady/utils/EIP712.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {SafeCastLib} from "solady/utils/SafeCastLib.sol";
import {IERC3643Token} from "../token/IERC3643Token.sol";
import {IERC7943Fungible} from "../token/IERC7943Fungible.sol";
import {IShareToken} from "../token/IShareToken.sol";
import {ITransferRules} from "../compliance/ITransferRules.sol";
import {PaymentLib} from "../libraries/PaymentLib.sol";
import {SignatureLib} from "../libraries/SignatureLib.sol";
import {TokenRolesLib} from "../libraries/TokenRolesLib.sol";
import {ExchangeTerms} from "./ExchangeTerms.sol";
import {ExchangeMoneyLib} from "./ExchangeMoneyLib.sol";
import {ExchangeQuoteLib} from "./ExchangeQuoteLib.sol";
import {ExchangeTermsLib} from "./ExchangeTermsLib.sol";
import {FreeSharesLib} from "./FreeSharesLib.sol";
import {IExchangeTerms} from "./IExchangeTerms.sol";
import {IHolds} from "./IHolds.sol";
import {IShareExchange} from "./IShareExchange.sol";
import {Till} from "./TillLib.sol";

/// @title ShareExchange
/// @notice Exchanges shares for what is already here. `IShareExchange` is the specification.
/// @dev Promise: shares are burnt or moved only against exactly what the terms say, paid in the same transaction or
/// booked as owed; and money that is promised or owed leaves for nobody else.
contract ShareExchange is IShareExchange, EIP712, ReentrancyGuardTransient {
    using ExchangeQuoteLib for Terms;
    using ExchangeTermsLib for Terms;
    using ExchangeTermsLib for address;
    using ExchangeTermsLib for uint256;
    using ExchangeTermsLib for Request;
    using SafeCastLib for uint256;

    /// @dev An exchange.
    /// @param price What the valuer named; that of the terms where there is none
    /// @param received Money that came in, less what went back: what is not here of it was paid
    /// @param day The UTC day of `dayShares`, counted from 1970
    /// @param dayShares Shares that were exchanged in that day
    /// @param locked Shares of the acquirer's that are locked here
    /// @param owedOther Shares of the other token that are owed
    /// @param otherKept Shares of the other token that are held for holders
    struct Record {
        Till till;
        uint128 price;
        uint48 priceAsOf;
        uint48 openedAt;
        uint128 received;
        uint128 owed;
        uint48 day;
        uint96 dayShares;
        uint96 locked;
        uint96 owedOther;
        uint96 otherKept;
    }

    /// @dev What is owed to somebody, and can be taken.
    struct Debt {
        uint128 paid;
        uint96 otherShares;
    }

    /// @dev What shares have brought that were held, until the holds end.
    /// @param shares How many
    /// @param since When they were exchanged, the last of them
    struct Tied {
        uint96 shares;
        uint48 since;
        uint96 otherShares;
        uint128 paid;
    }

    /// @dev What an elective exchange asks for.
    struct Ask {
        uint256 id;
        address holder;
        uint256 shares;
        uint256 leastPaid;
        uint256 mostDue;
        uint256 validUntil;
    }

    /// @dev A page of a mandatory exchange, while it is carried out.
    /// @param balance What this contract has of the currency
    /// @param joined Shares that the acquirer got
    /// @param isAcquirerMet Whether the acquirer was among the holders
    struct Page {
        uint256 id;
        Terms terms;
        uint256 balance;
        uint256 joined;
        bool isAcquirerMet;
    }

    // -------------------------------------------------------------------- constants

    uint256 private constant MAX_NOTE = 4_096;

    // ---------------------------------------------------------------------- storage

    /// @inheritdoc IShareExchange
    IHolds public immutable holds;

    /// @inheritdoc IShareExchange
    IExchangeTerms public immutable termsCheck;

    /// @inheritdoc IShareExchange
    uint256 public exchangeCount;

    mapping(uint256 id => Record) private _records;
    mapping(uint256 id => mapping(address account => Debt)) private _debts;
    mapping(uint256 id => mapping(address holder => Tied)) private _tied;
    mapping(uint256 id => mapping(bytes32 holdId => uint256 shares)) private _untied;
    mapping(address signer => mapping(uint256 word => uint256 bits)) private _spent;

    constructor(IHolds holds_) {
        holds = holds_;
        termsCheck = new ExchangeTerms();
    }

    // ---------------------------------------------------------------------- opening

    /// @inheritdoc IShareExchange
    function open(
        Terms calldata given,
        uint256 funding,
        uint256 lockedShares
    ) external nonReentrant returns (uint256 id) {
        ExchangeTermsLib.check(termsCheck);
        Terms memory terms = given.copy();
        terms.token.requireSpeaker(msg.sender, terms.mandatory);
        terms.token.requireAgent();
        // Else whoever has a token of its own could have shares of another minted for it, or get those that somebody lets
        // this contract hold for an exchange of its own.
        if (terms.other != address(0) && msg.sender != terms.otherFrom) {
            terms.other.requireSpeaker(msg.sender, false);
            if (terms.otherFrom == address(0)) terms.other.requireAgent();
        }
        id = ++exchangeCount;
        Record storage record = _records[id];
        terms.save();
        _receive(record, funding);
        (record.price, record.priceAsOf, record.openedAt) = (terms.gets, _now(), _now());
        terms.announce(id, lockedShares);
        if (terms.mandatory) _secure(record, terms, funding, lockedShares);
        if (funding != 0) emit Funded(id, msg.sender, funding);
        ExchangeMoneyLib.move(terms.currency, msg.sender, address(this), funding);
    }

    /// @inheritdoc IShareExchange
    function fund(uint256 id, uint256 amount) external nonReentrant {
        (Record storage record, Terms memory terms) = _unended(id);
        if (terms.currency == address(0)) revert ShareExchange_WrongCurrency(terms.currency);
        _receive(record, amount);
        emit Funded(id, msg.sender, amount);
        ExchangeMoneyLib.move(terms.currency, msg.sender, address(this), amount);
    }

    /// @inheritdoc IShareExchange
    function drain(uint256 id, uint256 amount) external nonReentrant {
        (Record storage record, Terms memory terms) = _unended(id);
        _requireKind(id, terms, false);
        terms.token.requireSpeaker(msg.sender, false);
        _return(record, id, amount, Stage.None);
        emit Drained(id, msg.sender, amount);
        ExchangeMoneyLib.pay(terms.currency, terms.treasury, amount);
    }

    /// @inheritdoc IShareExchange
    function setPrice(uint256 id, uint128 price, uint48 asOf) external nonReentrant {
        (Record storage record, Terms memory terms) = _unended(id);
        if (msg.sender != terms.valuer) revert ShareExchange_NotValuer(msg.sender, terms.valuer);
        terms.checkPrice(price);
        uint256 previous = record.priceAsOf;
        if (asOf <= previous || asOf > block.timestamp) {
            revert ShareExchange_WrongPriceTime(asOf, previous, block.timestamp);
        }
        (record.price, record.priceAsOf) = (price, asOf);
        emit PriceSet(id, price, asOf);
    }

    // ------------------------------------------------------------ elective exchanges

    /// @inheritdoc IShareExchange
    function exchange(
        uint256 id,
        uint256 shares,
        uint256 leastPaid,
        uint256 validUntil,
        bytes calldata note
    ) external nonReentrant returns (Quote memory result) {
        return _exchangeOwn(id, shares, leastPaid, validUntil, note);
    }

    /// @inheritdoc IShareExchange
    function exchangeWithPermit(
        uint256 id,
        uint256 shares,
        uint256 leastPaid,
        uint256 validUntil,
        bytes calldata note,
        Permit calldata permit
    ) external nonReentrant returns (Quote memory result) {
        _usePermit(id, msg.sender, permit);
        return _exchangeOwn(id, shares, leastPaid, validUntil, note);
    }

    /// @inheritdoc IShareExchange
    function exchangeFor(
        Request calldata request,
        bytes calldata signature,
        Permit calldata permit
    ) external nonReentrant returns (Quote memory result) {
        address holder = request.holder;
        if (!SignatureLib.isOf(holder, digestOf(request), signature)) revert ShareExchange_NotSigned(holder);
        _spendNonce(holder, request.nonce);
        if (permit.deadline != 0) _usePermit(request.id, holder, permit);
        Ask memory ask = Ask({
            id: request.id,
            holder: holder,
            shares: request.shares,
            leastPaid: request.leastPaid,
            mostDue: request.mostDue,
            validUntil: request.validUntil
        });
        return _exchange(ask, request.note);
    }

    /// @inheritdoc IShareExchange
    function cancelNonce(uint256 nonce) external {
        _spendNonce(msg.sender, nonce);
        emit NonceCancelled(msg.sender, nonce);
    }

    // ----------------------------------------------------------- mandatory exchanges

    /// @inheritdoc IShareExchange
    function carryOut(uint256 id, address[] calldata holders) external nonReentrant returns (uint256 done) {
        (Record storage record, Terms memory terms) = _unended(id);
        _requireKind(id, terms, true);
        _requireFrom(terms.opensAt);
        Page memory page = Page(
            id,
            terms,
            terms.currency == address(0) ? 0 : PaymentLib.holdingOf(terms.currency),
            0,
            false
        );
        while (done < holders.length && _carryOut(record, page, holders[done])) {
            unchecked {
                ++done;
            }
        }
        if (page.isAcquirerMet) page.joined = _freeOf(terms.token, terms.acquirer);
        if (page.joined != 0) _lockMore(record, terms, page.joined);
    }

    // -------------------------------------------------------------------- what is owed

    /// @inheritdoc IShareExchange
    function take(uint256 id, address holder) external nonReentrant returns (uint256 paid, uint256 otherShares) {
        return _take(id, holder, address(0));
    }

    /// @inheritdoc IShareExchange
    function takeTo(
        uint256 id,
        address holder,
        address receiver
    ) external nonReentrant returns (uint256 paid, uint256 otherShares) {
        if (receiver == address(0) || receiver == address(this)) revert ShareExchange_InvalidReceiver(receiver);
        return _take(id, holder, receiver);
    }

    /// @inheritdoc IShareExchange
    function endHold(uint256 id, IHolds.Hold calldata terms) external nonReentrant {
        Record storage record = _records[id];
        bytes32 holdId = holds.idOf(terms);
        (IHolds.State state, bool inCustody, uint48 openedAt) = holds.stateOf(holdId);
        address holder = inCustody ? address(holds) : terms.owner;
        uint256 since = _tied[id][holder].since;
        bool isLate = openedAt > record.openedAt;
        bool counts = terms.asset == id.load().token && _untied[id][holdId] == 0;
        // Whoever was exchanged before the hold opened had other shares then.
        if (isLate && openedAt >= since) counts = false;
        uint256 shares = counts ? _endedOf(state, terms, holdId, since) : 0;
        if (shares == 0) revert ShareExchange_HoldNotEnded(holdId, state);
        _untied[id][holdId] = shares;
        // A hold that opened after the exchange gives its receiver no right to what the shares bring.
        address account = terms.owner;
        if (state == IHolds.State.Claimed && !isLate) {
            account = holds.redirectedTo(holdId);
            if (account == address(0)) account = terms.to;
        }
        shares = _untie(id, holder, account, shares);
        emit HoldEnded(id, terms.owner, account, holdId, address(0), shares);
    }

    /// @inheritdoc IShareExchange
    function endKept(
        uint256 id,
        address keeper,
        address holder,
        address account,
        uint256 shares
    ) external nonReentrant {
        if (account == address(0) || account == address(this)) revert ShareExchange_InvalidReceiver(account);
        bytes32 keepId;
        address source;
        (keepId, source) = _requireEndedKept(id, keeper, holder, account == holder, shares);
        shares = _untie(id, source, account, shares);
        _untied[id][keepId] += shares;
        emit HoldEnded(id, holder, account, 0, keeper, shares);
    }

    /// @inheritdoc IShareExchange
    function sweep(uint256 id) external nonReentrant returns (uint256 paid, uint256 otherShares) {
        (Record storage record, Terms memory terms) = _known(id);
        _requireFrom(terms.takeUntil == 0 ? type(uint256).max : uint256(terms.takeUntil) + 1);
        (paid, otherShares) = (record.owed, record.owedOther);
        if (paid | otherShares == 0) revert ShareExchange_NothingOwed(id, address(0));
        (record.owed, record.owedOther) = (0, 0);
        if (!_payOther(record, terms, terms.sweepTo, otherShares)) {
            // Money is not held up by shares that nobody can receive just now.
            (record.owedOther, otherShares) = (otherShares.toUint96(), 0);
        }
        emit Swept(id, terms.sweepTo, paid, otherShares);
        ExchangeMoneyLib.pay(terms.currency, terms.sweepTo, paid);
    }

    // ------------------------------------------------------------------------- ending

    /// @inheritdoc IShareExchange
    function close(uint256 id) external nonReentrant returns (uint256 amount) {
        (Record storage record, Terms memory terms) = _unended(id);
        _requireOver(record, id, terms);
        amount = _end(record, terms, id, Stage.Closed);
        emit Closed(id, amount);
        ExchangeMoneyLib.pay(terms.currency, terms.treasury, amount);
    }

    /// @inheritdoc IShareExchange
    function cancel(uint256 id, bytes32 documentHash) external nonReentrant {
        (Record storage record, Terms memory terms) = _unended(id);
        _requireKind(id, terms, true);
        terms.token.requireSpeaker(msg.sender, true);
        _requireUntil(terms.opensAt - 1);
        uint256 amount = _end(record, terms, id, Stage.Cancelled);
        emit Cancelled(id, documentHash, amount);
        ExchangeMoneyLib.pay(terms.currency, terms.treasury, amount);
    }

    // ---------------------------------------------------------------------------- views

    /// @inheritdoc IShareExchange
    // Ending the call with the answer is what is meant.
    // slither-disable-next-line incorrect-return
    function exchangeOf(uint256 id) external view returns (Exchange memory result) {
        (Record storage record, Terms memory terms) = _known(id);
        Till till = record.till;
        Stage stage = till.ended();
        if (stage == Stage.None) stage = block.timestamp < terms.opensAt ? Stage.Noticed : Stage.Open;
        uint256[8] memory rest = [
            uint256(stage),
            record.price,
            record.priceAsOf,
            till.funds(),
            record.received - till.funds(),
            record.owed,
            till.exchanged(),
            record.locked
        ];
        terms.answer(rest);
    }

    /// @inheritdoc IShareExchange
    function fundingFor(Terms calldata terms, uint256 lockedShares) external view returns (uint256) {
        Terms memory copied = terms.copy();
        return copied.mostOf(copied.gets, _supplyOf(copied.token) - lockedShares);
    }

    /// @inheritdoc IShareExchange
    function missingFunds(uint256 id) external view returns (uint256) {
        (Record storage record, Terms memory terms) = _known(id);
        if (!terms.mandatory || record.till.ended() != Stage.None) return 0;
        uint256 needed = terms.mostOf(terms.gets, _leftOf(record, terms));
        return FixedPointMathLib.zeroFloorSub(needed, record.till.funds());
    }

    /// @inheritdoc IShareExchange
    function leftToday(uint256 id) external view returns (uint256 left) {
        (Record storage record, Terms memory terms) = _known(id);
        (left, ) = _leftToday(record, terms.dayLimit);
    }

    /// @inheritdoc IShareExchange
    function quote(uint256 id, uint256 shares) external view returns (Quote memory) {
        (Record storage record, Terms memory terms) = _known(id);
        return terms.quote(_priceOf(record, terms), shares);
    }

    /// @inheritdoc IShareExchange
    function owedTo(uint256 id, address holder) external view returns (Owing memory) {
        Debt storage debt = _debts[id][holder];
        Tied storage tied = _tied[id][holder];
        return Owing(uint256(debt.paid) + tied.paid, uint256(debt.otherShares) + tied.otherShares, tied.shares);
    }

    /// @inheritdoc IShareExchange
    function isSpent(address holder, uint256 nonce) external view returns (bool) {
        return (_spent[holder][nonce >> 8] >> (nonce & 0xff)) & 1 != 0;
    }

    /// @inheritdoc IShareExchange
    function digestOf(Request calldata request) public view returns (bytes32) {
        return _hashTypedData(request.hash());
    }

    // ------------------------------------------------------------------------ opening

    /// @dev Sees that a mandatory exchange has the money, locks what stays with the acquirer, and holds the other shares.
    function _secure(Record storage record, Terms memory terms, uint256 funding, uint256 lockedShares) private {
        uint256 supply = _supplyOf(terms.token);
        uint256 needed = terms.mostOf(terms.gets, supply - lockedShares);
        if (funding < needed) revert ShareExchange_TooLittleFunding(funding, needed);
        if (lockedShares != 0 || !terms.burns) {
            IHolds.Consent memory consent = _consentUntil(terms.token, terms.acquirer, terms.closesAt);
            // What the acquirer gets joins what is locked.
            uint256 most = terms.burns ? lockedShares : supply;
            if (consent.most < consent.kept + most) {
                revert IHolds.Holds_OverConsent(address(this), consent.kept + most, consent.most);
            }
        }
        if (lockedShares != 0) _lock(record, terms, lockedShares);
        if (terms.otherFrom == address(0)) return;
        uint256 others = terms.mostOther(supply - lockedShares);
        // slither-disable-next-line unused-return
        _consentUntil(terms.other, terms.otherFrom, terms.takeUntil == 0 ? terms.closesAt : terms.takeUntil);
        record.otherKept = others.toUint96();
        _hold(terms.other, terms.otherFrom, others);
    }

    function _consentUntil(
        address token,
        address owner,
        uint256 time
    ) private view returns (IHolds.Consent memory consent) {
        consent = _consentOf(token, owner);
        if (consent.until < time) revert ShareExchange_ConsentTooShort(owner, consent.until, time);
    }

    /// @dev Locks shares of the acquirer's in its own wallet. In the care of `holds` they would be exchanged with its wallet.
    function _lock(Record storage record, Terms memory terms, uint256 shares) private {
        (address token, address acquirer) = (terms.token, terms.acquirer);
        record.locked = (record.locked + shares).toUint96();
        _hold(token, acquirer, shares);
        if (_consentOf(token, acquirer).inCustody) revert ShareExchange_Short(token, 0, shares);
    }

    /// @dev Locks shares that the acquirer got, as far and as long as it has consented to it: what came of its consent must
    /// stop nobody else's payment. What is not locked, for whatever reason, is left to be exchanged.
    function _lockMore(Record storage record, Terms memory terms, uint256 shares) private {
        (address token, address acquirer) = (terms.token, terms.acquirer);
        IHolds.Consent memory consent = _consentOf(token, acquirer);
        shares = FixedPointMathLib.min(shares, consent.most - consent.kept);
        if (shares == 0 || block.timestamp > consent.until) return;
        // The question has no account: one more word is ignored.
        uint256 appointed = _numberOf(token, IShareToken.holdsContract.selector, acquirer);
        // Only now: a question that ran out of gas has left too little to go on, and is not taken for an answer.
        uint256 gasLimit = _gasEach();
        // Else `holds` would take the shares into its own care.
        if (appointed != uint160(address(holds))) return;
        // At most what the consent is for, of 96 bits.
        try holds.holdFor{gas: gasLimit}(token, acquirer, uint96(shares)) {
            record.locked = (record.locked + shares).toUint96();
            // solhint-disable-next-line no-empty-blocks
        } catch {}
    }

    // ------------------------------------------------------------------------ electing

    function _exchangeOwn(
        uint256 id,
        uint256 shares,
        uint256 leastPaid,
        uint256 validUntil,
        bytes calldata note
    ) private returns (Quote memory) {
        return _exchange(Ask(id, msg.sender, shares, leastPaid, type(uint256).max, validUntil), note);
    }

    function _exchange(Ask memory ask, bytes calldata note) private returns (Quote memory result) {
        if (block.timestamp > ask.validUntil) revert ShareExchange_Expired(ask.validUntil, block.timestamp);
        if (note.length > MAX_NOTE) revert ShareExchange_NoteTooLong(note.length, MAX_NOTE);
        Terms memory terms = ask.id.load();
        Record storage record = _records[ask.id];
        Till till = _tillOf(record, ask.id);
        _requireKind(ask.id, terms, false);
        if (ask.shares == 0) revert ShareExchange_NoShares(ask.id, ask.holder);
        _requireTime(record, terms);
        if (terms.dayLimit != 0) _useDay(record, terms.dayLimit, ask.shares);
        _requireFree(terms, ask.holder, ask.shares);
        result = terms.quote(_priceOf(record, terms), ask.shares);
        if (result.paid < ask.leastPaid) revert ShareExchange_TooLittlePaid(result.paid, ask.leastPaid);
        if (result.due > ask.mostDue) revert ShareExchange_TooMuchDue(result.due, ask.mostDue);
        record.till = _afterExchange(till, ask.id, result.paid, ask.shares);
        _emitExchanged(ask.id, ask.holder, ask.holder, ask.shares, result, note);
        _settle(terms, ask, result);
    }

    /// @dev What the holder owes comes first, then its shares go, and then it is paid.
    function _settle(Terms memory terms, Ask memory ask, Quote memory result) private {
        address holder = ask.holder;
        ExchangeMoneyLib.move(terms.currency, holder, terms.treasury, result.due);
        if (!_tryTakeShares(terms, holder, ask.shares)) _passOn();
        if (result.otherShares != 0) {
            if (terms.otherFrom != address(0)) _hold(terms.other, terms.otherFrom, result.otherShares);
            if (!_giveOther(terms, holder, result.otherShares, gasleft())) {
                revert ShareExchange_PaymentFailed(terms.other, holder, result.otherShares);
            }
        }
        ExchangeMoneyLib.pay(terms.currency, holder, result.paid);
    }

    function _requireTime(Record storage record, Terms memory terms) private view {
        _requireFrom(terms.opensAt);
        if (terms.closesAt != 0) _requireUntil(terms.closesAt);
        if (terms.maxAge == 0) return;
        uint256 asOf = record.priceAsOf;
        if (block.timestamp > asOf + terms.maxAge) {
            revert ShareExchange_PriceTooOld(asOf, terms.maxAge, block.timestamp);
        }
    }

    function _useDay(Record storage record, uint256 limit, uint256 shares) private {
        (uint256 left, uint256 day) = _leftToday(record, limit);
        if (shares > left) revert ShareExchange_OverDayLimit(shares, left);
        // At most the limit, which has 96 bits, and a count of days.
        (record.day, record.dayShares) = (uint48(day), uint96(limit - left + shares));
    }

    function _leftToday(Record storage record, uint256 limit) private view returns (uint256 left, uint256 day) {
        day = block.timestamp / 1 days;
        if (limit == 0) return (type(uint256).max, day);
        left = record.day == day ? limit - record.dayShares : limit;
    }

    /// @dev Shares are taken by an agent's order, which asks nobody: so what would stop their holder is asked here.
    function _requireFree(Terms memory terms, address holder, uint256 shares) private view {
        (address token, address acquirer) = (terms.token, terms.acquirer);
        (ITransferRules.Code code, uint256 value, uint256 limit) = FreeSharesLib.stopOf(token, holder, shares);
        if (code != ITransferRules.Code.None) revert ShareExchange_NotFree(holder, code, value, limit);
        if (terms.burns) return;
        // The acquirer would be paid for what it keeps.
        if (holder == acquirer || !IERC7943Fungible(token).canTransfer(holder, acquirer, shares)) {
            revert ShareExchange_Refused(token, holder, acquirer, shares);
        }
    }

    /// @dev Ends with the reason of the call that failed just now.
    function _passOn() private pure {
        assembly ("memory-safe") {
            let reason := mload(0x40)
            returndatacopy(reason, 0, returndatasize())
            revert(reason, returndatasize())
        }
    }

    function _usePermit(uint256 id, address owner, Permit calldata permit) private {
        ExchangeMoneyLib.permit(id.load().currency, owner, permit);
    }

    function _spendNonce(address signer, uint256 nonce) private {
        mapping(uint256 => uint256) storage bits = _spent[signer];
        uint256 word = bits[nonce >> 8];
        uint256 bit = 1 << (nonce & 0xff);
        if (word & bit != 0) revert ShareExchange_NonceSpent(signer, nonce);
        bits[nonce >> 8] = word | bit;
    }

    // --------------------------------------------------------------------- carrying out

    /// @dev One holder of a page.
    /// @return Whether there was money enough
    function _carryOut(Record storage record, Page memory page, address holder) private returns (bool) {
        Terms memory terms = page.terms;
        if (holder == terms.acquirer) {
            page.isAcquirerMet = true;
            return _skip(page.id, holder, Reason.Locked);
        }
        uint256 shares = _numberOf(terms.token, IERC20.balanceOf.selector, holder);
        if (shares == 0) return _skip(page.id, holder, Reason.NoShares);
        Quote memory due = terms.quote(terms.gets, shares);
        Till till = record.till;
        if (due.paid > till.funds()) {
            emit Unfunded(page.id, holder, due.paid - till.funds());
            return false;
        }
        uint256 held = _heldOf(terms.token, holder, shares);
        address payee = TokenRolesLib.claimantOf(terms.token, holder);
        if (!_tryTakeShares(terms, holder, shares)) return _skip(page.id, holder, Reason.Refused);
        if (!terms.burns) page.joined += shares;
        record.till = _afterExchange(till, page.id, due.paid, shares);
        _payOrOwe(record, page, holder, payee, shares, held, due);
        return true;
    }

    function _skip(uint256 id, address holder, Reason reason) private returns (bool) {
        emit Skipped(id, holder, reason);
        return true;
    }

    /// @dev Burns shares, or moves them to the acquirer. Whatever a token says to refuse is not copied: it could have any
    /// length.
    function _tryTakeShares(Terms memory terms, address holder, uint256 shares) private returns (bool taken) {
        (address token, address acquirer) = (terms.token, terms.acquirer);
        (bytes4 burns, bytes4 moves) = (IERC3643Token.burn.selector, IERC7943Fungible.forcedTransfer.selector);
        bool isBurnt = terms.burns;
        // The compiler's way costs each holder of a page 300 gas more. There is code at the token: it knew its agent.
        assembly ("memory-safe") {
            let order := mload(0x40)
            let size := 0x44
            mstore(order, burns)
            mstore(add(order, 0x24), shares)
            if iszero(isBurnt) {
                mstore(order, moves)
                mstore(add(order, 0x24), acquirer)
                mstore(add(order, 0x44), shares)
                size := 0x64
            }
            // The compiler does not warrant that the upper bits of an address are clean; the acquirer's are those of memory.
            mstore(add(order, 0x04), shr(96, shl(96, holder)))
            taken := call(gas(), token, 0, order, size, 0, 0)
        }
    }

    /// @dev Pays what free shares brought, if the token names who is to be paid; ties what held ones brought; the rest is
    /// owed.
    function _payOrOwe(
        Record storage record,
        Page memory page,
        address holder,
        address payee,
        uint256 shares,
        uint256 held,
        Quote memory due
    ) private {
        (uint256 paid, uint256 otherShares) = (due.paid, due.otherShares);
        if (held != 0) {
            (paid, otherShares) = (paid - (paid * held) / shares, otherShares - (otherShares * held) / shares);
            _tie(page.id, holder, due.paid - paid, due.otherShares - otherShares, held);
        }
        bool isPaid = paid == 0 || _tryPay(page, payee, paid);
        bool isGiven = otherShares == 0 || _tryPayOther(record, page.terms, payee, otherShares);
        bool sent = (isPaid && paid != 0) || (isGiven && otherShares != 0);
        _emitExchanged(page.id, holder, sent ? payee : address(0), shares, due, _noNote());
        if (isPaid && isGiven && held == 0) return;
        // Parts of two numbers that are checked to fit when they are added up.
        _owe(page.id, holder, isPaid ? 0 : uint128(paid), isGiven ? 0 : uint96(otherShares));
        unchecked {
            (paid, otherShares) = (
                isPaid ? due.paid - paid : due.paid,
                isGiven ? due.otherShares - otherShares : due.otherShares
            );
            record.owed = (record.owed + paid).toUint128();
            record.owedOther = (record.owedOther + otherShares).toUint96();
        }
        emit Owed(page.id, holder, paid, otherShares, held);
    }

    function _tie(uint256 id, address holder, uint256 paid, uint256 otherShares, uint256 held) private {
        Tied storage tied = _tied[id][holder];
        tied.shares = (tied.shares + held).toUint96();
        tied.since = _now();
        tied.otherShares = (tied.otherShares + otherShares).toUint96();
        tied.paid = (tied.paid + paid).toUint128();
    }

    /// @dev Whether `amount` was paid, with the gas that every holder is offered.
    function _tryPay(Page memory page, address payee, uint256 amount) private returns (bool) {
        if (payee == address(0) || payee == address(this)) return false;
        address currency = page.terms.currency;
        PaymentLib.Outcome outcome = PaymentLib.trySend(currency, payee, amount, _gasEach());
        if (outcome == PaymentLib.Outcome.Paid) {
            unchecked {
                // Only compared, never paid out.
                page.balance -= amount;
            }
            return true;
        }
        // A currency that says no may have moved the money all the same. It must not be owed then.
        if (outcome == PaymentLib.Outcome.Denied && !PaymentLib.holds(currency, page.balance)) {
            revert ShareExchange_PaymentFailed(currency, payee, amount);
        }
        return false;
    }

    function _tryPayOther(
        Record storage record,
        Terms memory terms,
        address payee,
        uint256 amount
    ) private returns (bool given) {
        if (payee == address(0) || payee == address(this)) return false;
        given = _giveOther(terms, payee, amount, _gasEach());
        if (given) _useKept(record, terms, amount);
    }

    /// @dev The gas that each payment of a page is offered. Where less is left nothing can be concluded from a failure.
    function _gasEach() private view returns (uint256) {
        uint256 left = PaymentLib.forwardable();
        if (left < PaymentLib.LEAST_TOKEN_GAS) {
            revert ShareExchange_TooLittleGas(left, PaymentLib.LEAST_TOKEN_GAS);
        }
        return PaymentLib.LEAST_TOKEN_GAS;
    }

    // ------------------------------------------------------------------ paying what is owed

    /// @dev Pays a debt to whom the token names, or to the receiver that this one names.
    function _take(uint256 id, address holder, address receiver) private returns (uint256 paid, uint256 otherShares) {
        (Record storage record, Terms memory terms) = _known(id);
        if (terms.takeUntil != 0) _requireUntil(terms.takeUntil);
        Debt memory debt = _debts[id][holder];
        (paid, otherShares) = (debt.paid, debt.otherShares);
        if (paid | otherShares == 0) revert ShareExchange_NothingOwed(id, holder);
        address claimant = TokenRolesLib.claimantOf(terms.token, holder);
        if (claimant == address(0)) revert ShareExchange_IncomeHeld(terms.token, holder);
        if (receiver == address(0)) receiver = claimant;
        else if (msg.sender != claimant) revert ShareExchange_NotClaimant(msg.sender, claimant);
        delete _debts[id][holder];
        record.owed -= debt.paid;
        record.owedOther -= debt.otherShares;
        if (!_payOther(record, terms, receiver, otherShares)) {
            if (paid == 0) revert ShareExchange_PaymentFailed(terms.other, receiver, otherShares);
            // Money is not held up by shares that cannot be received.
            _debts[id][holder].otherShares = debt.otherShares;
            record.owedOther += debt.otherShares;
            otherShares = 0;
        }
        emit Taken(id, holder, receiver, paid, otherShares);
        ExchangeMoneyLib.pay(terms.currency, receiver, paid);
    }

    function _payOther(
        Record storage record,
        Terms memory terms,
        address to,
        uint256 amount
    ) private returns (bool given) {
        if (amount == 0) return true;
        given = _giveOther(terms, to, amount, PaymentLib.forwardable());
        if (given) _useKept(record, terms, amount);
    }

    function _useKept(Record storage record, Terms memory terms, uint256 amount) private {
        if (terms.otherFrom != address(0)) record.otherKept = (record.otherKept - amount).toUint96();
    }

    /// @dev Mints shares of the other token, or delivers what is held of them. Copies no reason.
    function _giveOther(Terms memory terms, address to, uint256 amount, uint256 gasLimit) private returns (bool given) {
        bool mints = terms.otherFrom == address(0);
        address callee = mints ? terms.other : address(holds);
        bytes memory order =
            mints
                ? abi.encodeCall(IERC3643Token.mint, (to, amount))
                : abi.encodeWithSelector(IHolds.deliverKept.selector, terms.other, terms.otherFrom, to, amount);
        assembly ("memory-safe") {
            given := call(gasLimit, callee, 0, add(order, 0x20), mload(order), 0, 0)
        }
    }

    // --------------------------------------------------------------------------- holds

    /// @dev How many of the shares that are exchanged are held for somebody.
    function _heldOf(address token, address holder, uint256 shares) private view returns (uint256 held) {
        if (holder == address(holds)) return shares;
        held = _numberOf(token, IShareToken.heldOf.selector, holder);
        if (held > shares) held = shares;
    }

    /// @dev How many shares a hold had when they were exchanged and has no more claim to, or is a claim to itself. One that
    /// was released before had let go of all its shares, and misses none.
    function _endedOf(
        IHolds.State state,
        IHolds.Hold calldata terms,
        bytes32 holdId,
        uint256 since
    ) private view returns (uint256) {
        if (state == IHolds.State.Claimed) return terms.amount;
        if (state == IHolds.State.Open) return block.timestamp > terms.until ? terms.amount : 0;
        return _missingOf(holdId, since);
    }

    /// @dev Reverts unless the caller may untie so many shares of what a keeper held.
    /// @return keepId What stands for it in `_untied`
    /// @return source Whose wallet they were in
    function _requireEndedKept(
        uint256 id,
        address keeper,
        address holder,
        bool toHolder,
        uint256 shares
    ) private view returns (bytes32 keepId, address source) {
        address token = id.load().token;
        IHolds.Consent memory consent = holds.consentOf(keeper, token, holder);
        source = consent.inCustody ? address(holds) : holder;
        keepId = holds.keepIdOf(keeper, token, holder);
        bool inTime = block.timestamp <= consent.until;
        uint256 limit = 0;
        if (msg.sender == keeper ? inTime || toHolder : !inTime && toHolder) limit = consent.kept;
        // What was let go of without the shares is nobody's but the holder's.
        if (toHolder) limit += _missingOf(keepId, _tied[id][source].since);
        if (shares + _untied[id][keepId] > limit) revert ShareExchange_StillKept(keeper, holder, consent.kept);
    }

    function _missingOf(bytes32 id, uint256 since) private view returns (uint256) {
        (uint96 amount, uint48 at) = holds.missingOf(id);
        return at < since ? 0 : amount;
    }

    /// @dev Makes what `shares` held shares brought a debt to `account`. The last of them take what rounding has left.
    function _untie(uint256 id, address holder, address account, uint256 shares) private returns (uint256) {
        Tied storage tied = _tied[id][holder];
        uint256 all = tied.shares;
        shares = FixedPointMathLib.min(shares, all);
        if (shares == 0) revert ShareExchange_NothingOwed(id, holder);
        // Each is a part of a number that fits.
        uint128 paid = uint128((tied.paid * shares) / all);
        uint96 otherShares = uint96((tied.otherShares * shares) / all);
        tied.shares = uint96(all - shares);
        tied.paid -= paid;
        tied.otherShares -= otherShares;
        _owe(id, account, paid, otherShares);
        return shares;
    }

    function _owe(uint256 id, address account, uint128 paid, uint96 otherShares) private {
        Debt storage debt = _debts[id][account];
        // Debts are never more than what the exchange owes in all, which was checked.
        unchecked {
            debt.paid += paid;
            debt.otherShares += otherShares;
        }
    }

    // -------------------------------------------------------------------------- ending

    function _requireOver(Record storage record, uint256 id, Terms memory terms) private view {
        if (terms.mandatory) {
            _requireFrom(terms.opensAt);
            uint256 left = _leftOf(record, terms);
            if (left != 0) revert ShareExchange_SharesLeft(id, left);
        } else if (terms.closesAt == 0) {
            terms.token.requireSpeaker(msg.sender, false);
        } else {
            _requireFrom(uint256(terms.closesAt) + 1);
        }
    }

    /// @dev Ends an exchange and lets go of what is held for it.
    /// @return amount What is to go back
    function _end(Record storage record, Terms memory terms, uint256 id, Stage stage) private returns (uint256 amount) {
        amount = record.till.funds();
        _return(record, id, amount, stage);
        uint256 locked = record.locked;
        // Shares that are minted are owed without any being held for them.
        uint256 others = FixedPointMathLib.zeroFloorSub(record.otherKept, record.owedOther);
        (record.locked, record.otherKept) = (0, (record.otherKept - others).toUint96());
        _letGo(terms.token, terms.acquirer, locked);
        _letGo(terms.other, terms.otherFrom, others);
    }

    /// @dev Shares of the acquirer's that are locked still. After its consent it can take them back, the token's owner can
    /// void it, and an order of the token's agents can burn or move what is locked. After a loss its successor has them.
    function _lockedOf(Record storage record, Terms memory terms) private view returns (uint256 locked) {
        locked = record.locked;
        if (locked == 0) return 0;
        (address token, address acquirer) = (terms.token, terms.acquirer);
        locked = FixedPointMathLib.min(locked, _consentOf(token, acquirer).kept);
        // Who does not answer has nothing locked: then more is left than there is, never less.
        address inPlace = address(uint160(_numberOf(token, IShareToken.successorOf.selector, acquirer)));
        locked = FixedPointMathLib.min(locked, _numberOf(token, IShareToken.heldOf.selector, inPlace));
    }

    /// @dev Shares that are still to be exchanged.
    function _leftOf(Record storage record, Terms memory terms) private view returns (uint256) {
        return _supplyOf(terms.token) - _lockedOf(record, terms);
    }

    // ---------------------------------------------------------------------------- inside

    function _requireFrom(uint256 time) private view {
        if (block.timestamp < time) revert ShareExchange_TooEarly(time, block.timestamp);
    }

    function _requireUntil(uint256 time) private view {
        if (block.timestamp > time) revert ShareExchange_TooLate(time, block.timestamp);
    }

    function _consentOf(address token, address owner) private view returns (IHolds.Consent memory) {
        return holds.consentOf(address(this), token, owner);
    }

    function _hold(address token, address owner, uint256 shares) private {
        if (shares != 0) holds.holdFor(token, owner, shares.toUint96());
    }

    /// @dev As far as they are held still: after the time their owner may have taken them back.
    function _letGo(address token, address owner, uint256 shares) private {
        if (shares == 0) return;
        shares = FixedPointMathLib.min(shares, _consentOf(token, owner).kept);
        // At most what is kept, of 96 bits.
        if (shares != 0) holds.letGo(token, owner, uint96(shares));
    }

    function _known(uint256 id) private view returns (Record storage record, Terms memory terms) {
        return (_records[id], id.load());
    }

    function _unended(uint256 id) private view returns (Record storage record, Terms memory terms) {
        (record, terms) = _known(id);
        // Only its refusal counts.
        _tillOf(record, id);
    }

    /// @dev The till of an exchange that goes on.
    function _tillOf(Record storage record, uint256 id) private view returns (Till till) {
        till = record.till;
        Stage stage = till.ended();
        if (stage != Stage.None) revert ShareExchange_NotAt(id, stage);
    }

    /// @dev Without a valuer a price never changes, and its slot need not be read.
    function _priceOf(Record storage record, Terms memory terms) private view returns (uint256) {
        return terms.valuer == address(0) ? terms.gets : record.price;
    }

    function _requireKind(uint256 id, Terms memory terms, bool mandatory) private pure {
        if (terms.mandatory != mandatory) revert ShareExchange_WrongKind(id, terms.mandatory);
    }

    function _receive(Record storage record, uint256 amount) private {
        // What is here is at most what was received, which is checked to fit.
        record.received = (record.received + amount).toUint128();
        record.till = record.till.plus(amount);
    }

    /// @dev Sends money back: what is here was received, and is not paid then.
    function _return(Record storage record, uint256 id, uint256 amount, Stage ended) private {
        record.till = _afterExchange(record.till, id, amount, 0).withEnded(ended);
        record.received -= uint128(amount);
    }

    /// @dev The till without money that is paid for shares.
    function _afterExchange(Till till, uint256 id, uint256 paid, uint256 shares) private pure returns (Till) {
        uint256 funds = till.funds();
        if (paid > funds) revert ShareExchange_Unfunded(id, paid, funds);
        // Only its refusal counts: more shares than fit were exchanged.
        (till.exchanged() + shares).toUint96();
        return till.less(paid, shares);
    }

    function _emitExchanged(
        uint256 id,
        address holder,
        address payee,
        uint256 shares,
        Quote memory result,
        bytes calldata note
    ) private {
        bytes32 topic = Exchanged.selector;
        // In memory a quote lies as the event has it. The compiler's way costs each holder of a page 400 gas more.
        assembly ("memory-safe") {
            let data := mload(0x40)
            // The compiler does not warrant that the upper bits of an address are clean.
            mstore(data, shr(96, shl(96, payee)))
            mstore(add(data, 0x20), shares)
            mcopy(add(data, 0x40), result, 0x80)
            mstore(add(data, 0xc0), 0xe0)
            mstore(add(data, 0xe0), note.length)
            let end := add(add(data, 0x100), note.length)
            calldatacopy(add(data, 0x100), note.offset, note.length)
            mstore(end, 0)
            let size := add(0x100, and(add(note.length, 0x1f), not(0x1f)))
            log3(data, size, topic, id, shr(96, shl(96, holder)))
        }
    }

    function _noNote() private pure returns (bytes calldata) {
        return msg.data[0:0];
    }

    function _supplyOf(address token) private view returns (uint256) {
        return IERC20(token).totalSupply();
    }

    /// @dev What a token answers to a question about an account; nothing if it does not answer.
    function _numberOf(address token, bytes4 question, address account) private view returns (uint256 answer) {
        // From scratch memory: every holder of a page is asked about twice.
        assembly ("memory-safe") {
            mstore(0x00, question)
            // The compiler does not warrant that the upper bits of an address are clean.
            mstore(0x04, shr(96, shl(96, account)))
            let answered := staticcall(gas(), token, 0x00, 0x24, 0x00, 0x20)
            answer := mul(mload(0x00), and(answered, gt(returndatasize(), 0x1f)))
        }
    }

    /// @dev Shares of the acquirer's that can still be locked.
    function _freeOf(address token, address account) private view returns (uint256) {
        uint256 balance = _numberOf(token, IERC20.balanceOf.selector, account);
        return
            FixedPointMathLib.zeroFloorSub(
                balance,
                _numberOf(token, IERC7943Fungible.getFrozenTokens.selector, account)
            );
    }

    // Not used: 48 bits last for nine million years.
    function _now() private view returns (uint48) {
        return uint48(block.timestamp);
    }

    /// @inheritdoc EIP712
    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("prorata ShareExchange", "1");
    }
}
