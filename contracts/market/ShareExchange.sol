// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
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
import {StaticCallLib} from "../libraries/StaticCallLib.sol";
import {TokenRolesLib} from "../libraries/TokenRolesLib.sol";
import {ExchangeTerms} from "./ExchangeTerms.sol";
import {ExchangeMoneyLib} from "./ExchangeMoneyLib.sol";
import {ExchangeQuoteLib} from "./ExchangeQuoteLib.sol";
import {ExchangeTermsLib} from "./ExchangeTermsLib.sol";
import {FreeSharesLib} from "./FreeSharesLib.sol";
import {IExchangeTerms} from "./IExchangeTerms.sol";
import {IHolds} from "./IHolds.sol";
import {IShareExchange} from "./IShareExchange.sol";

/// @title ShareExchange
/// @notice Exchanges shares for what is already here. `IShareExchange` is the specification.
/// @dev Promise: shares are burnt or moved only against exactly what the terms say, paid in the same transaction or
/// booked as owed; and money that is promised or owed leaves for nobody else.
contract ShareExchange is IShareExchange, EIP712, ReentrancyGuardTransient {
    using ExchangeQuoteLib for Terms;
    using ExchangeTermsLib for Terms;
    using ExchangeTermsLib for address;
    using ExchangeTermsLib for Request;
    using SafeCastLib for uint256;

    /// @dev An exchange. An ordinary one reads and writes the first three slots.
    /// @param terms Where they are, as code
    /// @param ended `Stage.None` while it goes on
    /// @param day The UTC day of `dayShares`, counted from 1970
    /// @param dayShares Shares that were exchanged in that day
    /// @param locked Shares of the acquirer's that are locked here
    /// @param owedOther Shares of the other token that are owed
    /// @param otherKept Shares of the other token that are held for holders
    struct Record {
        address terms;
        uint96 exchanged;
        uint128 funds;
        uint128 paid;
        uint128 price;
        uint48 priceAsOf;
        uint48 openedAt;
        Stage ended;
        uint48 day;
        uint96 dayShares;
        uint96 locked;
        uint128 owed;
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
        uint256 price;
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
        record.terms = terms.save();
        record.funds = funding.toUint128();
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
        record.funds = (record.funds + amount).toUint128();
        emit Funded(id, msg.sender, amount);
        ExchangeMoneyLib.move(terms.currency, msg.sender, address(this), amount);
    }

    /// @inheritdoc IShareExchange
    function drain(uint256 id, uint256 amount) external nonReentrant {
        (Record storage record, Terms memory terms) = _unended(id);
        _requireKind(id, terms, false);
        terms.token.requireSpeaker(msg.sender, false);
        _spend(record, id, amount);
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
        Page memory page = Page(id, terms, record.price, PaymentLib.holdingOf(terms.currency), 0, false);
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
        Record storage record = _known(id);
        bytes32 holdId = holds.idOf(terms);
        (IHolds.State state, bool inCustody, uint48 openedAt) = holds.stateOf(holdId);
        address holder = inCustody ? address(holds) : terms.owner;
        uint256 since = _tied[id][holder].since;
        bool isLate = openedAt > record.openedAt;
        bool counts = terms.asset == record.terms.load().token && _untied[id][holdId] == 0;
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
        Record storage record = _known(id);
        Terms memory terms = record.terms.load();
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
        amount = record.funds;
        emit Closed(id, amount);
        _end(record, terms, Stage.Closed, amount);
    }

    /// @inheritdoc IShareExchange
    function cancel(uint256 id, bytes32 documentHash) external nonReentrant {
        (Record storage record, Terms memory terms) = _unended(id);
        _requireKind(id, terms, true);
        terms.token.requireSpeaker(msg.sender, true);
        _requireUntil(terms.opensAt - 1);
        uint256 amount = record.funds;
        emit Cancelled(id, documentHash, amount);
        _end(record, terms, Stage.Cancelled, amount);
    }

    // ---------------------------------------------------------------------------- views

    /// @inheritdoc IShareExchange
    // Ending the call with the answer is what is meant.
    // slither-disable-next-line incorrect-return
    function exchangeOf(uint256 id) external view returns (Exchange memory result) {
        Record storage record = _known(id);
        Terms memory terms = record.terms.load();
        Stage stage = record.ended;
        if (stage == Stage.None) stage = block.timestamp < terms.opensAt ? Stage.Noticed : Stage.Open;
        uint256[8] memory rest = [
            uint256(stage),
            record.price,
            record.priceAsOf,
            record.funds,
            record.paid,
            record.owed,
            record.exchanged,
            record.locked
        ];
        terms.answer(rest);
        // Not reached; for the compiler.
        return result;
    }

    /// @inheritdoc IShareExchange
    function fundingFor(Terms calldata terms, uint256 lockedShares) external view returns (uint256) {
        Terms memory copied = terms.copy();
        return copied.mostOf(copied.gets, _supplyOf(copied.token) - lockedShares);
    }

    /// @inheritdoc IShareExchange
    function missingFunds(uint256 id) external view returns (uint256) {
        Record storage record = _known(id);
        Terms memory terms = record.terms.load();
        if (!terms.mandatory || record.ended != Stage.None) return 0;
        uint256 needed = terms.mostOf(record.price, _leftOf(record, terms));
        return FixedPointMathLib.zeroFloorSub(needed, record.funds);
    }

    /// @inheritdoc IShareExchange
    function leftToday(uint256 id) external view returns (uint256 left) {
        Record storage record = _known(id);
        (left, ) = _leftToday(record, record.terms.load().dayLimit);
    }

    /// @inheritdoc IShareExchange
    function quote(uint256 id, uint256 shares) external view returns (Quote memory) {
        Record storage record = _known(id);
        return record.terms.load().quote(record.price, shares);
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
    /// stop nobody else's payment.
    function _lockMore(Record storage record, Terms memory terms, uint256 shares) private {
        IHolds.Consent memory consent = _consentOf(terms.token, terms.acquirer);
        shares = FixedPointMathLib.min(shares, consent.most - consent.kept);
        if (shares != 0 && block.timestamp <= consent.until) _lock(record, terms, shares);
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
        (Record storage record, Terms memory terms) = _unended(ask.id);
        _requireKind(ask.id, terms, false);
        if (ask.shares == 0) revert ShareExchange_NoShares(ask.id, ask.holder);
        _requireTime(record, terms);
        _useDay(record, terms.dayLimit, ask.shares);
        _requireFree(terms, ask.holder, ask.shares);
        result = terms.quote(record.price, ask.shares);
        if (result.paid < ask.leastPaid) revert ShareExchange_TooLittlePaid(result.paid, ask.leastPaid);
        if (result.due > ask.mostDue) revert ShareExchange_TooMuchDue(result.due, ask.mostDue);
        _spend(record, ask.id, result.paid);
        _book(record, ask.shares, result.paid);
        _emitExchanged(ask.id, ask.holder, ask.holder, ask.shares, result, note);
        _settle(terms, ask, result);
    }

    /// @dev What the holder owes comes first, then its shares go, and then it is paid.
    function _settle(Terms memory terms, Ask memory ask, Quote memory result) private {
        address holder = ask.holder;
        ExchangeMoneyLib.move(terms.currency, holder, terms.treasury, result.due);
        if (terms.burns) IERC3643Token(terms.token).burn(holder, ask.shares);
        // The answer says nothing that a revert would not.
        // slither-disable-next-line unused-return
        else IERC7943Fungible(terms.token).forcedTransfer(holder, terms.acquirer, ask.shares);
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
        uint256 asOf = record.priceAsOf;
        if (terms.maxAge != 0 && block.timestamp > asOf + terms.maxAge) {
            revert ShareExchange_PriceTooOld(asOf, terms.maxAge, block.timestamp);
        }
    }

    function _useDay(Record storage record, uint256 limit, uint256 shares) private {
        if (limit == 0) return;
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
        uint256 balance = _balanceOf(token, holder);
        if (shares > balance) {
            revert ShareExchange_NotFree(holder, ITransferRules.Code.AmountFrozen, shares, balance);
        }
        (ITransferRules.Code code, uint256 value, uint256 limit) = FreeSharesLib.stopOf(token, holder, shares);
        if (code != ITransferRules.Code.None) revert ShareExchange_NotFree(holder, code, value, limit);
        if (terms.burns) return;
        // The acquirer would be paid for what it keeps.
        if (holder == acquirer || !IERC7943Fungible(token).canTransfer(holder, acquirer, shares)) {
            revert ShareExchange_Refused(token, holder, acquirer, shares);
        }
    }

    function _usePermit(uint256 id, address owner, Permit calldata permit) private {
        ExchangeMoneyLib.permit(_known(id).terms.load().currency, owner, permit);
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
        uint256 shares = _balanceOf(terms.token, holder);
        if (shares == 0) return _skip(page.id, holder, Reason.NoShares);
        Quote memory due = terms.quote(page.price, shares);
        uint256 funds = record.funds;
        if (due.paid > funds) {
            emit Unfunded(page.id, holder, due.paid - funds);
            return false;
        }
        uint256 held = _heldOf(terms.token, holder, shares);
        address payee = TokenRolesLib.claimantOf(terms.token, holder);
        if (!_tryTakeShares(terms, holder, shares)) return _skip(page.id, holder, Reason.Refused);
        if (!terms.burns) page.joined += shares;
        _spend(record, page.id, due.paid);
        _book(record, shares, due.paid);
        _payOrOwe(record, page, holder, payee, shares, held, due);
        return true;
    }

    function _skip(uint256 id, address holder, Reason reason) private returns (bool) {
        emit Skipped(id, holder, reason);
        return true;
    }

    /// @dev Whatever a token says to refuse is not copied: it could have any length.
    function _tryTakeShares(Terms memory terms, address holder, uint256 shares) private returns (bool) {
        bytes memory order =
            terms.burns
                ? abi.encodeCall(IERC3643Token.burn, (holder, shares))
                : abi.encodeCall(IERC7943Fungible.forcedTransfer, (holder, terms.acquirer, shares));
        return LowLevelCall.callNoReturn(terms.token, order);
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
        Owing memory owing = Owing((due.paid * held) / shares, (due.otherShares * held) / shares, held);
        (uint256 paid, uint256 otherShares) = (due.paid - owing.paid, due.otherShares - owing.otherShares);
        bool isPaid = _tryPay(page, payee, paid);
        bool isGiven = _tryPayOther(record, page.terms, payee, otherShares);
        bool sent = (isPaid && paid != 0) || (isGiven && otherShares != 0);
        _emitExchanged(page.id, holder, sent ? payee : address(0), shares, due, _noNote());
        if (isPaid && isGiven && held == 0) return;
        if (held != 0) _tie(page.id, holder, owing);
        if (isPaid) paid = 0;
        if (isGiven) otherShares = 0;
        owing.paid += paid;
        owing.otherShares += otherShares;
        record.owed = (record.owed + owing.paid).toUint128();
        record.owedOther = (record.owedOther + owing.otherShares).toUint96();
        // Parts of the two numbers that fit.
        _owe(page.id, holder, uint128(paid), uint96(otherShares));
        emit Owed(page.id, holder, owing.paid, owing.otherShares, held);
    }

    function _tie(uint256 id, address holder, Owing memory owing) private {
        Tied storage tied = _tied[id][holder];
        tied.shares = (tied.shares + owing.heldShares).toUint96();
        tied.since = _now();
        tied.otherShares = (tied.otherShares + owing.otherShares).toUint96();
        tied.paid = (tied.paid + owing.paid).toUint128();
    }

    /// @dev Whether `amount` was paid, with the gas that every holder is offered.
    function _tryPay(Page memory page, address payee, uint256 amount) private returns (bool) {
        if (amount == 0) return true;
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
        if (amount == 0) return true;
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
        Record storage record = _known(id);
        Terms memory terms = record.terms.load();
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
        (, held) = StaticCallLib.tryAsk(token, abi.encodeCall(IShareToken.heldOf, (holder)), PaymentLib.QUESTION_GAS);
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
        address token = _known(id).terms.load().token;
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

    function _end(Record storage record, Terms memory terms, Stage stage, uint256 amount) private {
        record.ended = stage;
        record.funds = 0;
        uint256 locked = record.locked;
        uint256 others = record.otherKept - record.owedOther;
        (record.locked, record.otherKept) = (0, record.owedOther);
        _letGo(terms.token, terms.acquirer, locked);
        _letGo(terms.other, terms.otherFrom, others);
        ExchangeMoneyLib.pay(terms.currency, terms.treasury, amount);
    }

    /// @dev Shares of the acquirer's that are locked still. After its consent it can take them back, and the token's owner
    /// can void it.
    function _lockedOf(Record storage record, Terms memory terms) private view returns (uint256 locked) {
        locked = record.locked;
        if (locked == 0) return 0;
        uint256 kept = _consentOf(terms.token, terms.acquirer).kept;
        if (kept < locked) locked = kept;
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

    function _balanceOf(address token, address account) private view returns (uint256) {
        return IERC20(token).balanceOf(account);
    }

    function _known(uint256 id) private view returns (Record storage record) {
        record = _records[id];
        if (record.terms == address(0)) revert ShareExchange_UnknownExchange(id);
    }

    function _unended(uint256 id) private view returns (Record storage record, Terms memory terms) {
        record = _known(id);
        Stage stage = record.ended;
        if (stage != Stage.None) revert ShareExchange_NotAt(id, stage);
        terms = record.terms.load();
    }

    function _requireKind(uint256 id, Terms memory terms, bool mandatory) private pure {
        if (terms.mandatory != mandatory) revert ShareExchange_WrongKind(id, terms.mandatory);
    }

    /// @dev Takes money out of what is here for exchanges to come.
    function _spend(Record storage record, uint256 id, uint256 amount) private {
        uint128 funds = record.funds;
        if (amount > funds) revert ShareExchange_Unfunded(id, amount, funds);
        // Just compared.
        record.funds = funds - uint128(amount);
    }

    function _book(Record storage record, uint256 shares, uint256 paid) private {
        record.paid += paid.toUint128();
        record.exchanged += shares.toUint96();
    }

    function _emitExchanged(
        uint256 id,
        address holder,
        address payee,
        uint256 shares,
        Quote memory result,
        bytes calldata note
    ) private {
        emit Exchanged(
            id,
            holder,
            payee,
            shares,
            result.paid,
            result.due,
            result.otherShares,
            result.inLieu,
            note
        );
    }

    function _noNote() private pure returns (bytes calldata) {
        return msg.data[0:0];
    }

    function _supplyOf(address token) private view returns (uint256) {
        return IERC20(token).totalSupply();
    }

    /// @dev Shares of the acquirer's that can still be locked.
    function _freeOf(address token, address account) private view returns (uint256) {
        uint256 balance = _balanceOf(token, account);
        return FixedPointMathLib.zeroFloorSub(balance, IERC7943Fungible(token).getFrozenTokens(account));
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
