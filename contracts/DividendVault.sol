// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IDividendVault} from "./interfaces/IDividendVault.sol";
import {IRecordToken} from "./interfaces/IRecordToken.sol";
import {ITaxPolicy} from "./interfaces/ITaxPolicy.sol";
import {Authority} from "./libraries/Authority.sol";
import {Payment} from "./libraries/Payment.sol";
import {ProRata} from "./libraries/ProRata.sol";
import {Question} from "./libraries/Question.sol";
import {TermSheet} from "./libraries/TermSheet.sol";

/// @title DividendVault
/// @notice Pays holders of record, exactly pro rata. `IDividendVault` is the specification.
/// @dev Promise: money leaves in `_send` and `push` only, and only after the books say so. What a
/// distribution has paid is not stored but follows from its settled shares and its rounding loss:
///
///     paid = floor(amount * settled / eligible) - lost
///
/// so that the progress of two distributions fits one slot.
contract DividendVault is IDividendVault, ReentrancyGuardTransient {
    using TermSheet for TermSheet.Sheet;
    using TermSheet for TermSheet.Tail;

    // ------------------------------------------------------------------ constants

    uint256 private constant MAX_EXCLUDED = 32;

    /// @dev Progress of one distribution: settled shares (96 bits), then units lost to rounding (32 bits).
    /// The loss is less than one unit per claim, and 2^32 claims are more than a chain can carry.
    uint256 private constant LANE_MASK = type(uint128).max;
    uint256 private constant SETTLED_MASK = type(uint96).max;
    uint256 private constant LOST_AT = 96;

    // -------------------------------------------------------------------- storage

    /// @dev The distributions of one token in one currency.
    /// @param carry What finished ones left over, for the next
    /// @param count How many there are
    /// @param progress Two lanes to a slot, by ordinal
    /// @param claimed One bit per holder and ordinal
    struct Series {
        uint96 carry;
        uint32 count;
        mapping(uint256 pairIndex => uint256 twoLanes) progress;
        mapping(address holder => mapping(uint256 wordIndex => uint256 bits)) claimed;
    }

    /// @dev The end of a distribution that did not end by being claimed.
    struct Ending {
        bool ended;
        uint160 sent;
    }

    /// @dev Distributions of one token and currency that a claim pays together.
    struct Run {
        address token;
        address currency;
        address payee;
        uint256 due;
        Settlement[] settled;
        uint256 count;
    }

    /// @dev What a push is about to pay one holder.
    struct Due {
        address payee;
        uint256 shares;
        uint256 gross;
        uint256 tax;
    }

    /// @inheritdoc IDividendVault
    uint256 public distributionCount;

    /// @inheritdoc IDividendVault
    address public constant desk = address(0);

    mapping(address token => mapping(address currency => Series)) private _series;
    mapping(address holder => address) private _payees;

    /// @dev Eligible shares of distributions declared while their record was open, once it has closed.
    mapping(uint256 id => uint256) private _lateEligible;
    mapping(uint256 id => uint256) private _withheld;
    mapping(uint256 id => uint256) private _remitted;
    mapping(uint256 id => Ending) private _endings;

    // ------------------------------------------------------------------- declaring

    /// @inheritdoc IDividendVault
    function declare(
        address token,
        uint256 recordId,
        address currency,
        uint256 amount,
        Terms calldata terms
    ) external payable nonReentrant returns (uint256 id) {
        TermSheet.Sheet memory sheet;
        if (recordId > TermSheet.MAX_RECORD) revert DividendVault_RecordTooLarge(recordId, TermSheet.MAX_RECORD);
        sheet.setAsset(token, recordId, uint256(terms.kind), msg.sender);
        TermSheet.Tail memory tail = _checkTerms(sheet, terms);
        (uint256 eligible, uint256 earliest) = _fixEligible(sheet, tail);
        _fixDates(sheet, currency, terms, earliest);

        uint256 received = _receive(currency, amount);
        Series storage series = _series[token][currency];
        uint256 carriedIn = series.carry;
        if (carriedIn != 0 && !_mayCarry(sheet, eligible)) carriedIn = 0;
        if (received + carriedIn > TermSheet.MAX_AMOUNT) {
            revert DividendVault_AmountTooLarge(received + carriedIn, TermSheet.MAX_AMOUNT);
        }

        id = ++distributionCount;
        sheet.setOrdinal(series.count++);
        sheet.setDivision(received + carriedIn, eligible);
        sheet.setCarriedIn(carriedIn);
        if (carriedIn != 0) series.carry = 0;
        sheet.id = id;
        sheet.write(tail);
        _announce(sheet, received, carriedIn, terms);
    }

    function _announce(
        TermSheet.Sheet memory sheet,
        uint256 received,
        uint256 carriedIn,
        Terms calldata terms
    ) private {
        emit Declared({
            id: sheet.id,
            token: sheet.token(),
            currency: sheet.currency(),
            recordId: sheet.recordId(),
            declarer: msg.sender,
            received: received,
            carriedIn: carriedIn,
            terms: terms
        });
    }

    /// @dev Checks the terms by themselves and sorts them into sheet and tail.
    function _checkTerms(
        TermSheet.Sheet memory sheet,
        Terms calldata terms
    ) private view returns (TermSheet.Tail memory tail) {
        if (terms.excluded.length > MAX_EXCLUDED) {
            revert DividendVault_TooManyExcluded(terms.excluded.length, MAX_EXCLUDED);
        }
        if ((terms.deadline == 0) != (terms.sweepTo == address(0))) {
            revert DividendVault_SweepMismatch(terms.deadline, terms.sweepTo);
        }
        if (terms.sweepTo == address(this)) revert DividendVault_InvalidPayee(terms.sweepTo);

        tail.sweepTo = terms.sweepTo;
        tail.documentHash = terms.documentHash;
        tail.excluded = terms.excluded;
        if (terms.excluded.length != 0) sheet.setFlag(TermSheet.FLAG_EXCLUDING | TermSheet.FLAG_TAIL);
        if (terms.sweepTo != address(0) || terms.documentHash != 0) sheet.setFlag(TermSheet.FLAG_TAIL);
        if (terms.taxPolicy != address(0)) {
            sheet.setFlag(TermSheet.FLAG_TAXED | TermSheet.FLAG_TAIL);
            tail.taxPolicy = terms.taxPolicy;
            tail.taxCollector = ITaxPolicy(terms.taxPolicy).collector();
            if (tail.taxCollector == address(0) || tail.taxCollector == address(this)) {
                revert DividendVault_NoCollector(terms.taxPolicy);
            }
        }
    }

    /// @dev The denominator if the record has closed. Otherwise zero, and the second from which it can be known.
    function _fixEligible(
        TermSheet.Sheet memory sheet,
        TermSheet.Tail memory tail
    ) private view returns (uint256 eligible, uint256 earliest) {
        IRecordToken token = IRecordToken(sheet.token());
        try token.totalSupplyAt(sheet.recordId()) returns (uint256 supply) {
            eligible = _lessExcluded(sheet, tail, supply);
            _requireCountable(sheet, eligible);
        } catch {
            // Reverts for a record that was never scheduled.
            earliest = uint256(token.recordTime(sheet.recordId())) + 1;
        }
    }

    function _fixDates(
        TermSheet.Sheet memory sheet,
        address currency,
        Terms calldata terms,
        uint256 earliest
    ) private view {
        if (earliest > type(uint48).max) revert DividendVault_NotPayableInTime(earliest);
        uint256 payableFrom = terms.payableFrom > earliest ? terms.payableFrom : earliest;
        if (terms.deadline != 0 && (terms.deadline < block.timestamp || terms.deadline < payableFrom)) {
            revert DividendVault_DeadlineTooEarly(terms.deadline, payableFrom);
        }
        sheet.setPayment(currency, payableFrom, terms.deadline);
    }

    function _receive(address currency, uint256 amount) private returns (uint256 received) {
        uint256 expectedValue = currency == address(0) ? amount : 0;
        if (msg.value != expectedValue) revert DividendVault_WrongValue(msg.value, expectedValue);
        bool taken = true;
        received = amount;
        if (currency != address(0)) (taken, received) = Payment.tryTake(currency, msg.sender, amount);
        if (!taken) revert DividendVault_FundingFailed(currency, msg.sender, amount);
        if (received == 0) revert DividendVault_NothingReceived(currency, amount);
        if (received > TermSheet.MAX_AMOUNT) {
            revert DividendVault_AmountTooLarge(received, TermSheet.MAX_AMOUNT);
        }
    }

    /// @dev The carry belongs to the holders, so only who speaks for the token may pass it on. Where a token names
    /// nobody, anyone may, but not steer it by exclusions, withholding, a deadline or a far date.
    function _mayCarry(TermSheet.Sheet memory sheet, uint256 eligible) private view returns (bool) {
        (bool named, bool speaks) = Authority.speaksFor(sheet.token(), msg.sender);
        if (named) return speaks;
        return
            eligible != 0 &&
            sheet.payableFrom() <= block.timestamp &&
            sheet.deadline() == 0 &&
            !sheet.has(TermSheet.FLAG_EXCLUDING | TermSheet.FLAG_TAXED);
    }

    // ---------------------------------------------------------------------- paying

    /// @inheritdoc IDividendVault
    function claim(uint256[] calldata ids, address holder) external nonReentrant returns (uint256 paid) {
        return _claim(ids, holder, address(0));
    }

    /// @inheritdoc IDividendVault
    function claimTo(
        uint256[] calldata ids,
        address holder,
        address receiver
    ) external nonReentrant returns (uint256 paid) {
        if (receiver == address(0)) revert DividendVault_InvalidPayee(receiver);
        return _claim(ids, holder, receiver);
    }

    function _claim(uint256[] calldata ids, address holder, address receiver) private returns (uint256 paid) {
        Run memory run;
        for (uint256 i = 0; i < ids.length; ++i) {
            TermSheet.Sheet memory sheet = _payableSheet(ids[i]);
            // Distributions of one token and currency that follow each other are paid together.
            if (sheet.token() != run.token || sheet.currency() != run.currency) {
                _closeRun(run, holder);
                run.due = 0;
                run.count = 0;
                run.settled = new Settlement[](ids.length);
                (run.token, run.currency) = (sheet.token(), sheet.currency());
                run.payee = _destination(run.token, holder);
                if (run.payee == address(0)) revert DividendVault_Waiting(run.token, holder);
                if (receiver != address(0)) {
                    address claimant = Authority.claimantOf(run.token, holder);
                    if (msg.sender != claimant) revert DividendVault_NotClaimant(msg.sender, claimant);
                    run.payee = receiver;
                }
            }
            if (_claimOne(run, sheet, holder)) ++paid;
        }
        _closeRun(run, holder);
    }

    function _closeRun(Run memory run, address holder) private {
        Settlement[] memory settled = run.settled;
        uint256 count = run.count;
        if (count == 1) {
            emit Claimed(settled[0].id, holder, run.payee, settled[0].gross, settled[0].tax);
        } else if (count > 1) {
            assembly ("memory-safe") {
                mstore(settled, count)
            }
            emit ClaimedMany(holder, run.payee, settled);
        }
        _send(run.currency, run.payee, run.due);
    }

    function _claimOne(Run memory run, TermSheet.Sheet memory sheet, address holder) private returns (bool) {
        Series storage series = _series[run.token][run.currency];
        mapping(uint256 wordIndex => uint256 bits) storage claimed = series.claimed[holder];
        (uint256 wordIndex, uint256 bit) = sheet.claimedAt();
        uint256 word = claimed[wordIndex];
        if (word & bit != 0) return false;
        uint256 shares = _sharesOf(sheet, holder);
        if (shares == 0) return false;

        claimed[wordIndex] = word | bit;
        (uint256 gross, uint256 lane) = _advance(series, sheet, shares);
        uint256 tax = sheet.has(TermSheet.FLAG_TAXED) ? _withhold(sheet, holder, gross) : 0;
        unchecked {
            // `tax <= gross`, and the sum is bounded by the amounts of distributions, 160 bits each.
            run.due += gross - tax;
        }
        run.settled[run.count++] = Settlement(sheet.id, gross, tax);
        _carryIfFinished(series, sheet, lane);
        return true;
    }

    /// @inheritdoc IDividendVault
    function push(uint256 id, address[] calldata holders) external nonReentrant returns (uint256 paid) {
        TermSheet.Sheet memory sheet = _payableSheet(id);
        Series storage series = _series[sheet.token()][sheet.currency()];
        uint256 held = sheet.currency() == address(0) ? 0 : Payment.holdingOf(sheet.currency());
        for (uint256 i = 0; i < holders.length; ++i) {
            (bool settled, uint256 sent) = _pushOne(series, sheet, holders[i], held);
            if (!settled) continue;
            unchecked {
                // Counts holders; and `held` is only compared, never paid out.
                ++paid;
                held -= sent;
            }
        }
        // Only a settlement can have finished the distribution, and only the last one has.
        if (paid != 0) _carryIfFinished(series, sheet, _lane(series, sheet));
    }

    /// @dev Pays one holder or leaves everything as it was. `held` is what the vault should hold of the
    /// currency before the payment.
    function _pushOne(
        Series storage series,
        TermSheet.Sheet memory sheet,
        address holder,
        uint256 held
    ) private returns (bool settled, uint256 net) {
        if (_isClaimed(series, sheet, holder)) return _skip(sheet.id, holder, Reason.Claimed);
        Due memory due;
        due.shares = _sharesOf(sheet, holder);
        if (due.shares == 0) return _skip(sheet.id, holder, Reason.Nothing);
        due.payee = _destination(sheet.token(), holder);
        if (due.payee == address(0)) return _skip(sheet.id, holder, Reason.Waiting);
        if (due.payee == address(this)) return _skip(sheet.id, holder, Reason.PaymentFailed);
        due.gross = ProRata.portionDown(sheet.amount(), due.shares, _openEligible(sheet));
        (settled, due.tax) = _tryTax(sheet, holder, due.gross);
        if (!settled) return _skip(sheet.id, holder, Reason.PolicyFailed);
        return _tryPay(series, sheet, holder, due, held);
    }

    function _tryPay(
        Series storage series,
        TermSheet.Sheet memory sheet,
        address holder,
        Due memory due,
        uint256 held
    ) private returns (bool settled, uint256 net) {
        (uint256 pairIndex, ) = sheet.laneAt();
        uint256 lanesBefore = series.progress[pairIndex];
        _advance(series, sheet, due.shares);
        _flipClaimed(series, sheet, holder);
        if (due.tax != 0) _withheld[sheet.id] += due.tax;
        net = due.gross - due.tax;
        Payment.Outcome outcome = Payment.Outcome.Paid;
        if (net != 0) outcome = Payment.trySend(sheet.currency(), due.payee, net, Payment.PAGE_GAS);
        if (outcome == Payment.Outcome.Paid) {
            emit Claimed(sheet.id, holder, due.payee, due.gross, due.tax);
            return (true, net);
        }

        if (outcome == Payment.Outcome.Denied && Payment.holdingOf(sheet.currency()) != held) {
            revert DividendVault_MovedOnFailure(sheet.currency(), due.payee, net);
        }
        series.progress[pairIndex] = lanesBefore;
        _flipClaimed(series, sheet, holder);
        if (due.tax != 0) _withheld[sheet.id] -= due.tax;
        return _skip(sheet.id, holder, Reason.PaymentFailed);
    }

    function _skip(uint256 id, address holder, Reason reason) private returns (bool, uint256) {
        emit Skipped(id, holder, reason);
        return (false, 0);
    }

    /// @inheritdoc IDividendVault
    function setPayee(address payee) external {
        if (payee == address(this)) revert DividendVault_InvalidPayee(payee);
        _payees[msg.sender] = payee == msg.sender ? address(0) : payee;
        emit PayeeSet(msg.sender, payee == address(0) ? msg.sender : payee);
    }

    // ---------------------------------------------------------------------- ending

    /// @inheritdoc IDividendVault
    function remit(uint256 id) external nonReentrant returns (uint256 amount) {
        TermSheet.Sheet memory sheet = _sheet(id);
        amount = _withheld[id] - _remitted[id];
        if (amount == 0) revert DividendVault_NothingLeft(id);
        _remitted[id] += amount;
        address collector = sheet.readTail().taxCollector;
        emit Remitted(id, collector, amount);
        _send(sheet.currency(), collector, amount);
    }

    /// @inheritdoc IDividendVault
    function sweep(uint256 id) external nonReentrant returns (uint256 amount) {
        TermSheet.Sheet memory sheet = _sheet(id);
        if (sheet.deadline() == 0 || block.timestamp <= sheet.deadline()) {
            revert DividendVault_NotExpired(id, sheet.deadline(), block.timestamp);
        }
        Series storage series = _series[sheet.token()][sheet.currency()];
        uint256 eligible = _openEligible(sheet);
        (uint256 settled, uint256 paid) = _progress(series, sheet, eligible);
        if (_endings[id].ended || settled == eligible) revert DividendVault_NothingLeft(id);

        amount = ProRata.portionDown(sheet.amount(), eligible - settled, eligible);
        _endings[id] = Ending({ended: true, sent: uint160(amount)});
        _carry(series, sheet, sheet.amount() - paid - amount);
        address recipient = sheet.readTail().sweepTo;
        emit Swept(id, recipient, amount);
        _send(sheet.currency(), recipient, amount);
    }

    /// @inheritdoc IDividendVault
    function refund(uint256 id) external nonReentrant returns (uint256 amount) {
        TermSheet.Sheet memory sheet = _sheet(id);
        uint256 eligible = _viewEligible(sheet);
        if (eligible != 0 && eligible <= TermSheet.MAX_ELIGIBLE) {
            revert DividendVault_NotRefundable(id, eligible);
        }
        if (_endings[id].ended) revert DividendVault_NothingLeft(id);

        uint256 carriedIn = sheet.carriedIn();
        amount = sheet.amount() - carriedIn;
        _endings[id] = Ending({ended: true, sent: uint160(amount)});
        _carry(_series[sheet.token()][sheet.currency()], sheet, carriedIn);
        emit Refunded(id, sheet.declarer(), amount);
        _send(sheet.currency(), sheet.declarer(), amount);
    }

    // ----------------------------------------------------------------------- views

    /// @inheritdoc IDividendVault
    function entitlement(uint256 id, address holder) public view returns (uint256 gross, uint256 tax, uint256 net) {
        TermSheet.Sheet memory sheet = _sheet(id);
        uint256 shares = _sharesOf(sheet, holder);
        if (shares == 0) return (0, 0, 0);
        gross = ProRata.portionDown(sheet.amount(), shares, _viewEligible(sheet));
        tax = _taxOn(sheet, holder, gross);
        net = gross - tax;
    }

    /// @inheritdoc IDividendVault
    function claimable(uint256 id, address holder) external view returns (uint256 net) {
        TermSheet.Sheet memory sheet = _sheet(id);
        bool waiting = block.timestamp < sheet.payableFrom();
        bool expired = sheet.deadline() != 0 && block.timestamp > sheet.deadline();
        if (waiting || expired || isClaimed(id, holder)) return 0;
        if (Authority.claimantOf(sheet.token(), holder) == address(0)) return 0;
        (, , net) = entitlement(id, holder);
    }

    /// @inheritdoc IDividendVault
    function isClaimed(uint256 id, address holder) public view returns (bool) {
        TermSheet.Sheet memory sheet = _sheet(id);
        return _isClaimed(_series[sheet.token()][sheet.currency()], sheet, holder);
    }

    /// @inheritdoc IDividendVault
    function payeeOf(address holder) public view returns (address) {
        address payee = _payees[holder];
        return payee == address(0) ? holder : payee;
    }

    /// @inheritdoc IDividendVault
    function carried(address token, address currency) external view returns (uint256) {
        return _series[token][currency].carry;
    }

    /// @inheritdoc IDividendVault
    function distribution(uint256 id) external view returns (Distribution memory all) {
        TermSheet.Sheet memory sheet = _sheet(id);
        TermSheet.Tail memory tail = sheet.readTail();
        all.token = sheet.token();
        all.recordId = sheet.recordId();
        all.currency = sheet.currency();
        all.declarer = sheet.declarer();
        all.terms.kind = Kind(sheet.kind());
        all.terms.payableFrom = uint48(sheet.payableFrom());
        all.terms.deadline = uint48(sheet.deadline());
        all.terms.sweepTo = tail.sweepTo;
        all.terms.taxPolicy = tail.taxPolicy;
        all.terms.documentHash = tail.documentHash;
        all.terms.excluded = tail.excluded;
        all.taxCollector = tail.taxCollector;
        all.amount = sheet.amount();
        all.carriedIn = sheet.carriedIn();
        all.withheld = _withheld[id];
        all.remitted = _remitted[id];

        Ending memory ending = _endings[id];
        bool open = sheet.eligible() == 0 && block.timestamp < sheet.payableFrom();
        all.eligibleSupply = open ? 0 : _viewEligible(sheet);
        if (all.eligibleSupply != 0) {
            Series storage series = _series[sheet.token()][sheet.currency()];
            (all.settledShares, all.paid) = _progress(series, sheet, all.eligibleSupply);
        }
        all.swept = ending.sent;
        uint256 unpaid = all.amount - all.paid - all.swept;
        bool finished = all.eligibleSupply != 0 && all.settledShares == all.eligibleSupply;
        if (ending.ended || finished) all.carriedOut = unpaid;
        else all.owed = unpaid;
    }

    // -------------------------------------------------------------------- settling

    /// @dev Books the income of `shares` as settled; returns the gross and the lane as it is now.
    function _advance(
        Series storage series,
        TermSheet.Sheet memory sheet,
        uint256 shares
    ) private returns (uint256 gross, uint256 lane) {
        uint256 eligible = _openEligible(sheet);
        (uint256 pairIndex, uint256 shift) = sheet.laneAt();
        uint256 lanes = series.progress[pairIndex];
        uint256 settled = (lanes >> shift) & SETTLED_MASK;
        // A token whose balances exceed its supply would break the sum; it may break its own payments only.
        if (shares > eligible - settled) revert DividendVault_SupplyTooLarge(shares, eligible - settled);
        uint256 lost;
        (gross, lost) = ProRata.portionDown(sheet.amount(), settled, shares, eligible);
        unchecked {
            // Neither field leaves its width: settled shares are at most `eligible`, and see LOST_AT.
            lanes += (shares | (lost << LOST_AT)) << shift;
        }
        series.progress[pairIndex] = lanes;
        lane = (lanes >> shift) & LANE_MASK;
    }

    /// @dev Settled shares of a distribution and, above them, the units lost to rounding on them.
    function _lane(Series storage series, TermSheet.Sheet memory sheet) private view returns (uint256) {
        (uint256 pairIndex, uint256 shift) = sheet.laneAt();
        return (series.progress[pairIndex] >> shift) & LANE_MASK;
    }

    /// @dev Settled shares of a distribution, and the gross income paid on them.
    function _progress(
        Series storage series,
        TermSheet.Sheet memory sheet,
        uint256 eligible
    ) private view returns (uint256 settled, uint256 paid) {
        uint256 lane = _lane(series, sheet);
        settled = lane & SETTLED_MASK;
        paid = ProRata.portionDown(sheet.amount(), settled, eligible) - (lane >> LOST_AT);
    }

    /// @dev Follows a settlement, so `sheet` has its eligible supply.
    function _carryIfFinished(Series storage series, TermSheet.Sheet memory sheet, uint256 lane) private {
        if (lane & SETTLED_MASK == sheet.eligible()) _carry(series, sheet, lane >> LOST_AT);
    }

    function _carry(Series storage series, TermSheet.Sheet memory sheet, uint256 remainder) private {
        if (remainder == 0) return;
        // A remainder is less than one unit per holder, so no number of them comes near 96 bits.
        series.carry += uint96(remainder);
        emit Carried(sheet.id, sheet.token(), sheet.currency(), remainder);
    }

    function _isClaimed(
        Series storage series,
        TermSheet.Sheet memory sheet,
        address holder
    ) private view returns (bool) {
        (uint256 wordIndex, uint256 bit) = sheet.claimedAt();
        return series.claimed[holder][wordIndex] & bit != 0;
    }

    function _flipClaimed(Series storage series, TermSheet.Sheet memory sheet, address holder) private {
        (uint256 wordIndex, uint256 bit) = sheet.claimedAt();
        series.claimed[holder][wordIndex] ^= bit;
    }

    // --------------------------------------------------------------------- reading

    function _sheet(uint256 id) private view returns (TermSheet.Sheet memory sheet) {
        sheet = TermSheet.read(id);
        if (sheet.token() == address(0)) revert DividendVault_UnknownDistribution(id);
    }

    function _payableSheet(uint256 id) private view returns (TermSheet.Sheet memory sheet) {
        sheet = _sheet(id);
        if (block.timestamp < sheet.payableFrom()) {
            revert DividendVault_NotPayableYet(id, sheet.payableFrom(), block.timestamp);
        }
        if (sheet.deadline() != 0 && block.timestamp > sheet.deadline()) {
            revert DividendVault_Expired(id, sheet.deadline(), block.timestamp);
        }
    }

    /// @dev Shares of `holder` that earn in this distribution.
    function _sharesOf(TermSheet.Sheet memory sheet, address holder) private view returns (uint256) {
        if (sheet.has(TermSheet.FLAG_EXCLUDING) && sheet.readTail().excludes(holder)) return 0;
        return IRecordToken(sheet.token()).balanceOfAt(holder, sheet.recordId());
    }

    /// @dev The denominator, computed and kept on first use if the record was open at declaration.
    function _openEligible(TermSheet.Sheet memory sheet) private returns (uint256 eligible) {
        eligible = sheet.eligible();
        if (eligible != 0) return eligible;
        // A refund has taken the money, whatever the token says now.
        if (_endings[sheet.id].ended) revert DividendVault_NothingLeft(sheet.id);
        eligible = _lateEligible[sheet.id];
        if (eligible == 0) {
            eligible = _computeEligible(sheet);
            _requireCountable(sheet, eligible);
            _lateEligible[sheet.id] = eligible;
        }
        sheet.setDivision(sheet.amount(), eligible);
    }

    function _viewEligible(TermSheet.Sheet memory sheet) private view returns (uint256 eligible) {
        eligible = sheet.eligible();
        if (eligible == 0) eligible = _lateEligible[sheet.id];
        if (eligible == 0) eligible = _computeEligible(sheet);
    }

    function _computeEligible(TermSheet.Sheet memory sheet) private view returns (uint256) {
        uint256 supply = IRecordToken(sheet.token()).totalSupplyAt(sheet.recordId());
        return _lessExcluded(sheet, sheet.readTail(), supply);
    }

    /// @dev The supply less the balances of excluded accounts, each counted once.
    function _lessExcluded(
        TermSheet.Sheet memory sheet,
        TermSheet.Tail memory tail,
        uint256 supply
    ) private view returns (uint256 eligible) {
        eligible = supply;
        address[] memory excluded = tail.excluded;
        for (uint256 i = 0; i < excluded.length; ++i) {
            bool repeated = false;
            for (uint256 j = 0; j < i && !repeated; ++j) {
                repeated = excluded[j] == excluded[i];
            }
            if (!repeated) eligible -= IRecordToken(sheet.token()).balanceOfAt(excluded[i], sheet.recordId());
        }
    }

    function _requireCountable(TermSheet.Sheet memory sheet, uint256 eligible) private pure {
        if (eligible == 0) revert DividendVault_NoEligibleShares(sheet.token(), sheet.recordId());
        if (eligible > TermSheet.MAX_ELIGIBLE) {
            revert DividendVault_SupplyTooLarge(eligible, TermSheet.MAX_ELIGIBLE);
        }
    }

    /// @dev Where the income of `holder` goes: to the payee of the person who stands behind the account now. Zero
    /// while it has to wait.
    function _destination(address token, address holder) private view returns (address) {
        address claimant = Authority.claimantOf(token, holder);
        return claimant == address(0) ? claimant : payeeOf(claimant);
    }

    // -------------------------------------------------------------------- withholding

    function _withhold(TermSheet.Sheet memory sheet, address holder, uint256 gross) private returns (uint256 tax) {
        tax = _taxOn(sheet, holder, gross);
        if (tax != 0) _withheld[sheet.id] += tax;
    }

    function _taxOn(TermSheet.Sheet memory sheet, address holder, uint256 gross) private view returns (uint256 tax) {
        if (!sheet.has(TermSheet.FLAG_TAXED) || gross == 0) return 0;
        ITaxPolicy policy = ITaxPolicy(sheet.readTail().taxPolicy);
        tax = policy.taxOn(sheet.token(), sheet.recordId(), uint8(sheet.kind()), holder, gross);
        if (tax > gross) revert DividendVault_TaxTooHigh(sheet.id, holder, tax, gross);
    }

    /// @dev As `_taxOn`, but a policy that fails is an answer, not the end of the page.
    function _tryTax(
        TermSheet.Sheet memory sheet,
        address holder,
        uint256 gross
    ) private view returns (bool known, uint256 tax) {
        if (!sheet.has(TermSheet.FLAG_TAXED) || gross == 0) return (true, 0);
        bytes memory question = abi.encodeCall(
            ITaxPolicy.taxOn,
            (sheet.token(), sheet.recordId(), uint8(sheet.kind()), holder, gross)
        );
        (known, tax) = Question.ask(sheet.readTail().taxPolicy, question, Payment.PAGE_GAS);
        if (!known || tax > gross) return (false, 0);
    }

    // --------------------------------------------------------------------- sending

    /// @dev Sends money that the books have already let go, or reverts with everything.
    function _send(address currency, address to, uint256 amount) private {
        if (amount == 0) return;
        if (to == address(this)) revert DividendVault_InvalidPayee(to);
        if (Payment.trySend(currency, to, amount, gasleft()) != Payment.Outcome.Paid) {
            revert DividendVault_PaymentFailed(currency, to, amount);
        }
    }
}
