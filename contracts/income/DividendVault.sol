// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {LibRLP} from "solady/utils/LibRLP.sol";
import {ClaimRelayer} from "./ClaimRelayer.sol";
import {IDividendVault} from "./IDividendVault.sol";
import {IRecordToken} from "../token/IRecordToken.sol";
import {ITaxPolicy} from "../tax/ITaxPolicy.sol";
import {TokenRolesLib} from "../libraries/TokenRolesLib.sol";
import {ClaimBatchLib, ClaimBatch} from "./ClaimBatchLib.sol";
import {EligibleLib} from "./EligibleLib.sol";
import {PayeeAndClaimsLib} from "./PayeeAndClaimsLib.sol";
import {RecordQueryLib} from "./RecordQueryLib.sol";
import {MemoryLib} from "../libraries/MemoryLib.sol";
import {PaymentLib} from "../libraries/PaymentLib.sol";
import {ProRataLib} from "../libraries/ProRataLib.sol";
import {ProgressLib} from "./ProgressLib.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";
import {StoredTerms, TermsLib} from "./TermsLib.sol";
import {UncheckedArrayLib} from "../libraries/UncheckedArrayLib.sol";

/// @title DividendVault
/// @notice Pays holders of record, exactly pro rata. `IDividendVault` is the specification.
/// @dev Promise: money leaves in `_send` and `push` only, and only after the books say so. What a
/// distribution has paid is not stored but follows from its settled shares and its rounding loss:
///
///     paid = floor(amount * settled / eligible) - lost
///
/// so that the progress of several distributions fits one slot (`ProgressLib`).
contract DividendVault is IDividendVault, ReentrancyGuardTransient {
    using EligibleLib for EligibleLib.Book;
    using TermsLib for TermsLib.Tail;
    using PayeeAndClaimsLib for PayeeAndClaimsLib.Files;
    using UncheckedArrayLib for uint256[];

    // ------------------------------------------------------------------ constants

    uint256 private constant MAX_EXCLUDED = 32;

    // -------------------------------------------------------------------- storage

    /// @dev The distributions of one token in one currency.
    /// @param carry What finished ones left over, for the next
    /// @param count How many there are
    /// @param number The series' own number: the id of its first distribution
    /// @param laneEnd Bits of progress given out so far
    struct Series {
        uint96 carry;
        uint32 count;
        uint32 number;
        uint32 laneEnd;
    }

    /// @dev The end of a distribution that did not end by being claimed.
    struct Ending {
        bool ended;
        uint160 sent;
    }

    /// @dev What the payments of one page have in common.
    /// @param run Room for a run of one settlement, used for one holder after the other
    /// @param recordIds The record, amidst room for the question about it
    /// @param gasEach The gas that each payee is offered
    /// @param leastGas The gas that it must have been offered before it is passed over
    /// @param held What the vault should hold of the currency before the next payment
    /// @param lanesBefore Progress before the settlement of the present holder
    /// @param remainder What that settlement has added to the carry
    struct Page {
        StoredTerms sheet;
        ClaimBatch run;
        uint256[] recordIds;
        uint256 gasEach;
        uint256 leastGas;
        uint256 held;
        uint256 lanesBefore;
        uint256 remainder;
    }

    /// @dev In one slot, which every declaration writes: how many there are, and whether a share token was ever paid out.
    uint128 private _count;
    bool private _hasPaidShares;

    PayeeAndClaimsLib.Files private _files;
    mapping(address token => mapping(address currency => Series)) private _series;
    mapping(uint256 key => ProgressLib.Lanes) private _progress;

    EligibleLib.Book private _eligible;
    mapping(uint256 id => uint256) private _withheld;
    mapping(uint256 id => uint256) private _remitted;
    mapping(uint256 id => Ending) private _endings;

    constructor() {
        // Its address follows from that: no immutable makes this code another than its source's.
        new ClaimRelayer();
    }

    // ------------------------------------------------------------------- declaring

    /// @inheritdoc IDividendVault
    function declare(
        address token,
        uint256 recordId,
        address currency,
        uint256 amount,
        Terms calldata terms
    ) external payable nonReentrant returns (uint256 id) {
        return _declare(token, recordId, currency, amount, terms);
    }

    /// @inheritdoc IDividendVault
    function declareWithPermit(
        address token,
        uint256 recordId,
        address currency,
        uint256 amount,
        Terms calldata terms,
        Permit calldata permit
    ) external nonReentrant returns (uint256 id) {
        if (currency.code.length != 0) _tryPermit(currency, amount, permit);
        return _declare(token, recordId, currency, amount, terms);
    }

    /// @dev What counts is the allowance: whoever used the signature first has only saved the caller the work.
    // solhint-disable no-empty-blocks
    function _tryPermit(address currency, uint256 amount, Permit calldata permit) private {
        try
            IERC20Permit(currency).permit(
                msg.sender,
                address(this),
                amount,
                permit.deadline,
                permit.v,
                permit.r,
                permit.s
            )
        {} catch {}
    }
    // solhint-enable no-empty-blocks

    function _declare(
        address token,
        uint256 recordId,
        address currency,
        uint256 amount,
        Terms calldata terms
    ) private returns (uint256 id) {
        StoredTerms sheet = TermsLib.blank();
        if (recordId > TermsLib.MAX_RECORD) revert DividendVault_RecordTooLarge(recordId, TermsLib.MAX_RECORD);
        sheet.setAsset(token, recordId);
        sheet.setOrigin(msg.sender, uint256(terms.kind));
        TermsLib.Tail memory tail = _checkTerms(sheet, terms);
        (uint256 eligible, uint256 earliest) = _fixEligible(sheet, tail);
        _fixDates(sheet, currency, terms, earliest);
        _fixHoldings(sheet);

        uint256 received = _receive(currency, amount);
        // Each is a contract that somebody paid for.
        id = ++_count;
        sheet.setId(id);
        uint256 carriedIn = _enrol(sheet, received, eligible);
        sheet.write(tail);
        _announce(sheet, received, carriedIn, terms);
    }

    /// @dev Gives the distribution its place in its series, and what the series has carried.
    function _enrol(StoredTerms sheet, uint256 received, uint256 eligible) private returns (uint256 carriedIn) {
        mapping(address currency => Series) storage byCurrency = _series[sheet.token()];
        Series memory series = byCurrency[sheet.currency()];
        carriedIn = series.carry;
        if (carriedIn != 0 && !_mayCarry(sheet, eligible)) carriedIn = 0;
        // More than a sheet has room for stays for the next.
        if (carriedIn > TermsLib.MAX_CARRIED_IN) carriedIn = TermsLib.MAX_CARRIED_IN;
        if (received + carriedIn > TermsLib.MAX_AMOUNT) {
            revert DividendVault_AmountTooLarge(received + carriedIn, TermsLib.MAX_AMOUNT);
        }

        // Ids stay below 2^32: each is a contract that somebody paid for. `allot` bounds the bits.
        if (series.number == 0) {
            series.number = uint32(sheet.id());
            if (sheet.currency() != address(0) && _eligible.notePaidOut(sheet.currency())) _hasPaidShares = true;
        }
        (uint256 lane, uint256 laneEnd) = ProgressLib.allot(
            series.laneEnd,
            eligible == 0 ? TermsLib.MAX_ELIGIBLE : eligible
        );
        sheet.setPlace(series.number, series.count, lane);
        sheet.setDivision(received + carriedIn, eligible);
        sheet.setCarriedIn(carriedIn);
        // Bounded by the present carry.
        series.carry -= uint96(carriedIn);
        series.count += 1;
        series.laneEnd = uint32(laneEnd);
        byCurrency[sheet.currency()] = series;
    }

    function _announce(StoredTerms sheet, uint256 received, uint256 carriedIn, Terms calldata terms) private {
        emit Declared({
            id: sheet.id(),
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
    function _checkTerms(StoredTerms sheet, Terms calldata terms) private view returns (TermsLib.Tail memory tail) {
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
        if (terms.excluded.length != 0) sheet.setFlag(TermsLib.FLAG_EXCLUDING | TermsLib.FLAG_TAIL);
        if (terms.sweepTo != address(0) || terms.documentHash != 0) sheet.setFlag(TermsLib.FLAG_TAIL);
        if (terms.taxPolicy != address(0)) {
            sheet.setFlag(TermsLib.FLAG_TAXED | TermsLib.FLAG_TAIL);
            tail.taxPolicy = terms.taxPolicy;
            tail.taxCollector = ITaxPolicy(terms.taxPolicy).collector();
            if (tail.taxCollector == address(0) || tail.taxCollector == address(this)) {
                revert DividendVault_NoCollector(terms.taxPolicy);
            }
        }
    }

    /// @dev The denominator if the record has closed. Otherwise zero, and the second from which it can be known.
    function _fixEligible(
        StoredTerms sheet,
        TermsLib.Tail memory tail
    ) private view returns (uint256 eligible, uint256 earliest) {
        IRecordToken token = IRecordToken(sheet.token());
        try token.totalSupplyAt(sheet.recordId()) returns (uint256 supply) {
            eligible = _eligible.atDeclaration(sheet, tail.excluded, _hasPaidShares, supply);
        } catch {
            // Reverts for a record that was never scheduled, or was cancelled.
            earliest = uint256(token.recordTime(sheet.recordId())) + 1;
        }
    }

    function _fixDates(StoredTerms sheet, address currency, Terms calldata terms, uint256 earliest) private view {
        if (earliest > type(uint48).max) revert DividendVault_NotPayableInTime(earliest);
        uint256 payableFrom = terms.payableFrom > earliest ? terms.payableFrom : earliest;
        if (terms.deadline == TermsLib.NO_DEADLINE) {
            revert DividendVault_DeadlineTooLate(terms.deadline, TermsLib.NO_DEADLINE - 1);
        }
        if (terms.deadline != 0 && (terms.deadline < block.timestamp || terms.deadline < payableFrom)) {
            revert DividendVault_DeadlineTooEarly(terms.deadline, payableFrom);
        }
        sheet.setPayment(currency, payableFrom, terms.deadline);
    }

    /// @dev How the token is asked at each payment, and whether income is held while its holder is not eligible: both as
    /// the token says it now.
    function _fixHoldings(StoredTerms sheet) private view {
        (bool offered, bool eligibleOnly) = RecordQueryLib.holdingTerms(sheet.token());
        if (offered) sheet.setFlag(TermsLib.FLAG_HOLDINGS);
        if (eligibleOnly) sheet.setFlag(TermsLib.FLAG_ELIGIBLE_ONLY);
    }

    function _receive(address currency, uint256 amount) private returns (uint256 received) {
        uint256 expectedValue = currency == address(0) ? amount : 0;
        if (msg.value != expectedValue) revert DividendVault_WrongValue(msg.value, expectedValue);
        bool taken = true;
        received = amount;
        if (currency != address(0)) (taken, received) = PaymentLib.tryTake(currency, msg.sender, amount);
        if (!taken) revert DividendVault_FundingFailed(currency, msg.sender, amount);
        if (received == 0) revert DividendVault_NothingReceived(currency, amount);
        if (received > TermsLib.MAX_AMOUNT) {
            revert DividendVault_AmountTooLarge(received, TermsLib.MAX_AMOUNT);
        }
    }

    /// @dev The carry belongs to the holders, so only who speaks for the token may pass it on. Where a token names
    /// nobody, anyone may, but not steer it by exclusions, withholding, a deadline or a far date.
    function _mayCarry(StoredTerms sheet, uint256 eligible) private view returns (bool) {
        (bool named, bool speaks) = TokenRolesLib.isOwnerOrAgent(sheet.token(), msg.sender);
        if (named) return speaks;
        return
            eligible != 0 &&
            sheet.payableFrom() <= block.timestamp &&
            sheet.deadline() == 0 &&
            !sheet.has(TermsLib.FLAG_EXCLUDING | TermsLib.FLAG_TAXED);
    }

    // ---------------------------------------------------------------------- paying

    /// @inheritdoc IDividendVault
    function claim(uint256[] calldata ids, address holder) external nonReentrant returns (uint256 paid) {
        return _claim(ids, holder, address(0), address(0));
    }

    /// @inheritdoc IDividendVault
    function claimTo(
        uint256[] calldata ids,
        address holder,
        address claimant,
        address receiver
    ) external nonReentrant returns (uint256 paid) {
        if (receiver == address(0)) revert DividendVault_InvalidPayee(receiver);
        if (msg.sender != claimant && msg.sender != relayer()) {
            revert DividendVault_NotClaimant(msg.sender, claimant);
        }
        return _claim(ids, holder, claimant, receiver);
    }

    /// @dev `expected` is who has to be the claimant, if there is a `receiver`; without one, anybody may be.
    function _claim(
        uint256[] calldata ids,
        address holder,
        address expected,
        address receiver
    ) private returns (uint256 paid) {
        uint256 memoryBefore = MemoryLib.free();
        uint256 next = 0;
        while (next < ids.length) {
            // What is left of a run is on the stack: kept, its memory would be paid for again with each run, squared.
            MemoryLib.release(memoryBefore);
            (StoredTerms first, uint256[] memory recordIds) = _gather(ids, next);
            unchecked {
                // Both count ids.
                next += recordIds.length;
                paid += _payRun(first, recordIds, holder, expected, receiver);
            }
        }
    }

    /// @dev The sheets from `start` on that are of one series and asked about alike, and their records.
    function _gather(
        uint256[] calldata ids,
        uint256 start
    ) private view returns (StoredTerms first, uint256[] memory recordIds) {
        unchecked {
            // `start < ids.length`
            uint256 most = ids.length - start;
            recordIds = RecordQueryLib.room(most);
            first = TermsLib.room(most);
            uint256 count = first.loadRun(ids, start, recordIds);
            // Unless it belongs to another run, what ended this one cannot be paid.
            if (count != most) _requirePayable(first.at(count));
            recordIds.cut(count);
        }
    }

    function _payRun(
        StoredTerms first,
        uint256[] memory recordIds,
        address holder,
        address expected,
        address receiver
    ) private returns (uint256 count) {
        if (holder == address(this)) return 0;
        (address claimant, uint256[] memory shares) = _ask(first, recordIds, holder);
        if (claimant == address(0)) revert DividendVault_IncomeHeld(first.token(), holder);
        PayeeAndClaimsLib.Word storage file = _files.file[holder];
        uint256 fileBits = file.bits;
        if (receiver == address(0)) {
            receiver = _payee(claimant, holder, fileBits);
        } else if (expected != claimant) {
            revert DividendVault_NotClaimant(expected, claimant);
        }
        ClaimBatch run = ClaimBatchLib.open(holder, shares.length);
        run.turnMarks(_files, file, fileBits, first);
        _turnLanes(run, first);
        count = _settleRun(run, file, first, shares);
        if (count == 0) return 0;
        run.tell(receiver, count);
        _send(first.currency(), receiver, run.due());
    }

    /// @dev Books what is due of each distribution of the run; the slots it changes are written once, or whenever the
    /// run comes to a distribution that has others.
    function _settleRun(
        ClaimBatch run,
        PayeeAndClaimsLib.Word storage file,
        StoredTerms sheet,
        uint256[] memory shares
    ) private returns (uint256 settled) {
        uint256 next = 0;
        while (true) {
            (sheet, next) = run.settleOrdinary(sheet, shares, next);
            if (next >= shares.length) break;
            if (!run.hasMark(sheet)) {
                run.saveMarks();
                run.turnMarks(_files, file, file.bits, sheet);
            } else if (run.laneKey() != _laneKey(sheet)) {
                run.saveLanes();
                _turnLanes(run, sheet);
            } else {
                _settle(run, sheet, shares.at(next));
                (sheet, next) = (sheet.at(1), next + 1);
            }
        }
        settled = run.count();
        if (settled == 0) return 0;
        run.saveLanes();
        run.saveMarks();
    }

    /// @dev The general way, for a distribution whose mark and whose slot of progress the run has.
    function _settle(ClaimBatch run, StoredTerms sheet, uint256 shares) private {
        uint256 memoryBefore = MemoryLib.free();
        if (_isExcluded(sheet, run.holder()) || !run.tryMark(sheet.ordinal())) return;
        uint256 lane = sheet.lane();
        uint256 eligible = _openEligible(sheet);
        (uint256 gross, uint256 lanes, bool last) = ProgressLib.settleDown(
            run.lanes(),
            lane,
            sheet.amount(),
            shares,
            eligible
        );
        run.add(sheet.id(), gross, lanes);
        if (last) _carry(sheet, ProgressLib.lostIn(lanes, lane));
        if (sheet.has(TermsLib.FLAG_TAXED)) run.taxLast(_withhold(sheet, run.holder(), gross));
        MemoryLib.release(memoryBefore);
    }

    function _turnLanes(ClaimBatch run, StoredTerms sheet) private {
        uint256 key = _laneKey(sheet);
        run.turnLanes(key, _progress[key]);
    }

    /// @inheritdoc IDividendVault
    function push(uint256 id, address[] calldata holders) external nonReentrant returns (uint256 paid) {
        StoredTerms sheet = _payableSheet(id);
        uint256 least = PaymentLib.leastGas(sheet.currency());
        uint256 share = PaymentLib.shareOf(holders.length);
        return _push(sheet, holders, share < least ? least : share, least);
    }

    /// @inheritdoc IDividendVault
    function pushWithGas(
        uint256 id,
        address[] calldata holders,
        uint256 gasEach
    ) external nonReentrant returns (uint256 paid) {
        StoredTerms sheet = _payableSheet(id);
        uint256 least = PaymentLib.leastGas(sheet.currency());
        if (gasEach < least) revert DividendVault_TooLittleGas(gasEach, least);
        return _push(sheet, holders, gasEach, gasEach);
    }

    function _push(
        StoredTerms sheet,
        address[] calldata holders,
        uint256 gasEach,
        uint256 leastGas
    ) private returns (uint256 paid) {
        Page memory page;
        page.sheet = sheet;
        page.gasEach = gasEach;
        page.leastGas = leastGas;
        page.held = sheet.currency() == address(0) ? 0 : PaymentLib.holdingOf(sheet.currency());
        page.recordIds = _recordIdsOf(sheet);
        page.run = ClaimBatchLib.open(address(0), 1);
        _turnLanes(page.run, sheet);
        uint256 memoryBefore = MemoryLib.free();
        for (uint256 i = 0; i < holders.length; ++i) {
            MemoryLib.release(memoryBefore);
            if (!_pushOne(page, holders[i])) continue;
            unchecked {
                // Counts holders; and `held` is only compared, never paid out.
                ++paid;
                page.held -= page.run.due();
            }
        }
    }

    /// @dev Pays one holder or leaves everything as it was.
    function _pushOne(Page memory page, address holder) private returns (bool settled) {
        (StoredTerms sheet, ClaimBatch run) = (page.sheet, page.run);
        PayeeAndClaimsLib.Word storage file = _files.file[holder];
        uint256 fileBits = file.bits;
        run.restart(holder);
        run.turnMarks(_files, file, fileBits, sheet);
        if (run.isMarked(sheet)) return _skip(sheet, holder, Reason.Claimed);
        (address claimant, uint256[] memory shares) = _ask(sheet, page.recordIds, holder);
        if (shares.at(0) == 0 || _isExcluded(sheet, holder)) return _skip(sheet, holder, Reason.Nothing);
        if (claimant == address(0)) return _skip(sheet, holder, Reason.Held);
        address payee = _payee(claimant, holder, fileBits);
        if (payee == address(this)) return _skip(sheet, holder, Reason.PaymentFailed);
        return _tryPay(page, shares, payee);
    }

    function _tryPay(Page memory page, uint256[] memory shares, address payee) private returns (bool) {
        (StoredTerms sheet, ClaimBatch run) = (page.sheet, page.run);
        page.lanesBefore = run.lanes();
        if (!_settlePushed(page, shares)) return _skip(sheet, run.holder(), Reason.PolicyFailed);
        uint256 net = run.due();
        PaymentLib.Outcome outcome = PaymentLib.Outcome.Paid;
        if (net != 0) outcome = PaymentLib.trySend(sheet.currency(), payee, net, _gasFor(page));
        if (outcome == PaymentLib.Outcome.Paid) {
            run.tell(payee, 1);
            if (page.remainder != 0) emit Carried(sheet.id(), sheet.token(), sheet.currency(), page.remainder);
            return true;
        }
        if (outcome == PaymentLib.Outcome.Denied && !PaymentLib.holds(sheet.currency(), page.held)) {
            revert DividendVault_MovedOnFailure(sheet.currency(), payee, net);
        }
        _takeBack(page);
        return _skip(sheet, run.holder(), Reason.PaymentFailed);
    }

    /// @dev Books the payment of one holder before it is made, so that whoever is called by it sees the whole of what it
    /// does; false if the tax policy failed, and nothing is booked.
    function _settlePushed(Page memory page, uint256[] memory shares) private returns (bool known) {
        (StoredTerms sheet, ClaimBatch run) = (page.sheet, page.run);
        page.remainder = 0;
        (, uint256 next) = run.settleOrdinary(sheet, shares, 0);
        if (next == 0) {
            bool last;
            (known, last) = _trySettle(run, sheet, shares.at(0));
            if (!known) return false;
            if (last) page.remainder = ProgressLib.lostIn(run.lanes(), sheet.lane());
        }
        run.saveLanes();
        run.saveMarks();
        if (page.remainder != 0) _seriesOf(sheet).carry += uint96(page.remainder);
        return true;
    }

    /// @dev Takes back what `_settlePushed` has booked.
    function _takeBack(Page memory page) private {
        (StoredTerms sheet, ClaimBatch run) = (page.sheet, page.run);
        if (page.remainder != 0) _seriesOf(sheet).carry -= uint96(page.remainder);
        run.undo(sheet, page.lanesBefore);
        uint256 tax = run.lastTax();
        if (tax != 0) _withheld[sheet.id()] -= tax;
    }

    /// @dev What the next payee of a page is offered: if there is less than the least, the page ends with nothing done,
    /// so that nobody is passed over because the caller was short of gas.
    function _gasFor(Page memory page) private view returns (uint256 offered) {
        offered = _requireGas(page.leastGas);
        if (offered > page.gasEach) offered = page.gasEach;
    }

    function _requireGas(uint256 least) private view returns (uint256 offered) {
        offered = PaymentLib.forwardable();
        if (offered < least) revert DividendVault_TooLittleGas(offered, least);
    }

    /// @dev As `_settle`, but a policy that fails is an answer, and what the last settlement leaves waits for its payment.
    function _trySettle(ClaimBatch run, StoredTerms sheet, uint256 shares) private returns (bool known, bool last) {
        uint256 eligible = _openEligible(sheet);
        uint256 gross;
        uint256 lanes;
        (gross, lanes, last) = ProgressLib.settleDown(run.lanes(), sheet.lane(), sheet.amount(), shares, eligible);
        run.tryMark(sheet.ordinal());
        run.add(sheet.id(), gross, lanes);
        if (!sheet.has(TermsLib.FLAG_TAXED)) return (true, last);
        uint256 tax;
        (known, tax) = _tryTax(sheet, run.holder(), gross);
        if (tax == 0) return (known, last);
        run.taxLast(tax);
        _withheld[sheet.id()] += tax;
    }

    function _skip(StoredTerms sheet, address holder, Reason reason) private returns (bool settled) {
        emit Skipped(sheet.id(), holder, reason);
        return false;
    }

    /// @inheritdoc IDividendVault
    function setPayee(address payee) external {
        if (payee == address(this)) revert DividendVault_InvalidPayee(payee);
        _files.setPayee(msg.sender, payee == msg.sender ? address(0) : payee);
        emit PayeeSet(msg.sender, payee == address(0) ? msg.sender : payee);
    }

    // ---------------------------------------------------------------------- ending

    /// @inheritdoc IDividendVault
    function remit(uint256 id) external nonReentrant returns (uint256 amount) {
        StoredTerms sheet = _sheet(id);
        amount = _withheld[id] - _remitted[id];
        if (amount == 0) revert DividendVault_NothingLeft(id);
        _remitted[id] += amount;
        address collector = sheet.readTail().taxCollector;
        emit Remitted(id, collector, amount);
        _send(sheet.currency(), collector, amount);
    }

    /// @inheritdoc IDividendVault
    function sweep(uint256 id) external nonReentrant returns (uint256 amount) {
        StoredTerms sheet = _sheet(id);
        if (sheet.deadline() == 0 || block.timestamp <= sheet.deadline()) {
            revert DividendVault_NotExpired(id, sheet.deadline(), block.timestamp);
        }
        uint256 eligible = _openEligible(sheet);
        (uint256 settled, uint256 paid) = _paid(sheet, eligible);
        if (_endings[id].ended || settled == eligible) revert DividendVault_NothingLeft(id);

        amount = ProRataLib.portionDown(sheet.amount(), eligible - settled, eligible);
        _endings[id] = Ending({ended: true, sent: uint160(amount)});
        _carry(sheet, sheet.amount() - paid - amount);
        address recipient = sheet.readTail().sweepTo;
        emit Swept(id, recipient, amount);
        _send(sheet.currency(), recipient, amount);
    }

    /// @inheritdoc IDividendVault
    function fixEligible(uint256 id, uint256 most) external nonReentrant returns (uint256 accountsLeft) {
        StoredTerms sheet = _sheet(id);
        if (_eligible.known(sheet) != 0) return 0;
        if (_endings[id].ended) revert DividendVault_NothingLeft(id);
        uint256 eligible;
        (accountsLeft, eligible) = _eligible.fixPage(sheet, _hasPaidShares, most);
        emit EligibleCounted(id, accountsLeft, eligible);
    }

    /// @inheritdoc IDividendVault
    function refund(uint256 id) external nonReentrant returns (uint256 amount) {
        StoredTerms sheet = _sheet(id);
        uint256 eligible = _isCancelled(sheet) ? 0 : _eligible.current(sheet, _hasPaidShares);
        if (eligible != 0 && eligible <= TermsLib.MAX_ELIGIBLE) {
            revert DividendVault_NotRefundable(id, eligible);
        }
        if (_endings[id].ended) revert DividendVault_NothingLeft(id);

        uint256 carriedIn = sheet.carriedIn();
        amount = sheet.amount() - carriedIn;
        _endings[id] = Ending({ended: true, sent: uint160(amount)});
        _carry(sheet, carriedIn);
        emit Refunded(id, sheet.declarer(), amount);
        _send(sheet.currency(), sheet.declarer(), amount);
    }

    // ----------------------------------------------------------------------- views

    /// @inheritdoc IDividendVault
    function entitlement(uint256 id, address holder) public view returns (uint256 gross, uint256 tax, uint256 net) {
        StoredTerms sheet = _sheet(id);
        if (_isCancelled(sheet)) return (0, 0, 0);
        uint256 shares = _sharesOf(sheet, holder);
        if (shares == 0) return (0, 0, 0);
        gross = ProRataLib.portionDown(sheet.amount(), shares, _eligible.current(sheet, _hasPaidShares));
        tax = _taxOn(sheet, holder, gross);
        net = gross - tax;
    }

    /// @inheritdoc IDividendVault
    function claimable(uint256 id, address holder) external view returns (uint256 net) {
        StoredTerms sheet = _sheet(id);
        bool early = block.timestamp < sheet.payableFrom();
        bool expired = sheet.deadline() != 0 && block.timestamp > sheet.deadline();
        if (early || expired || isClaimed(id, holder) || _isCancelled(sheet)) return 0;
        (address claimant, ) = _ask(sheet, _recordIdsOf(sheet), holder);
        if (claimant != address(0)) (, , net) = entitlement(id, holder);
    }

    /// @inheritdoc IDividendVault
    function relayer() public view returns (address) {
        return LibRLP.computeAddress(address(this), 1);
    }

    /// @inheritdoc IDividendVault
    function assetOf(uint256 id) external view returns (address token, address currency) {
        StoredTerms sheet = _sheet(id);
        return (sheet.token(), sheet.currency());
    }

    /// @inheritdoc IDividendVault
    function isClaimed(uint256 id, address holder) public view returns (bool) {
        StoredTerms sheet = _sheet(id);
        return _isClaimed(sheet, holder);
    }

    /// @inheritdoc IDividendVault
    function payeeOf(address holder) public view returns (address) {
        return _orSelf(PayeeAndClaimsLib.payee(_files.file[holder].bits), holder);
    }

    /// @inheritdoc IDividendVault
    function distributionCount() external view returns (uint256) {
        return _count;
    }

    /// @inheritdoc IDividendVault
    function carried(address token, address currency) external view returns (uint256) {
        return _series[token][currency].carry;
    }

    /// @inheritdoc IDividendVault
    function distribution(uint256 id) external view returns (Distribution memory all) {
        StoredTerms sheet = _sheet(id);
        TermsLib.Tail memory tail = sheet.readTail();
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
        all.eligibleSupply = _eligible.known(sheet);
        if (all.eligibleSupply != 0) {
            (all.settledShares, all.paid) = _paid(sheet, all.eligibleSupply);
        }
        all.swept = ending.sent;
        uint256 unpaid = all.amount - all.paid - all.swept;
        bool finished = all.eligibleSupply != 0 && all.settledShares == all.eligibleSupply;
        if (ending.ended || finished) all.carriedOut = unpaid;
        else all.owed = unpaid;
    }

    // -------------------------------------------------------------------- settling

    /// @dev Settled shares of a distribution, and the gross income paid on them.
    function _paid(StoredTerms sheet, uint256 eligible) private view returns (uint256 settled, uint256 paid) {
        uint256 lanes = _progress[_laneKey(sheet)].bits;
        settled = ProgressLib.settledIn(lanes, sheet.lane());
        paid = ProRataLib.portionDown(sheet.amount(), settled, eligible) - ProgressLib.lostIn(lanes, sheet.lane());
    }

    function _carry(StoredTerms sheet, uint256 remainder) private {
        if (remainder == 0) return;
        // A remainder is less than one unit per holder, so no number of them comes near 96 bits.
        _seriesOf(sheet).carry += uint96(remainder);
        emit Carried(sheet.id(), sheet.token(), sheet.currency(), remainder);
    }

    function _seriesOf(StoredTerms sheet) private view returns (Series storage) {
        return _series[sheet.token()][sheet.currency()];
    }

    function _laneKey(StoredTerms sheet) private pure returns (uint256) {
        return ProgressLib.keyOf(sheet.series(), sheet.lane());
    }

    function _isClaimed(StoredTerms sheet, address holder) private view returns (bool) {
        return _files.isMarked(holder, sheet.series(), sheet.ordinal());
    }

    // --------------------------------------------------------------------- reading

    function _sheet(uint256 id) private view returns (StoredTerms sheet) {
        sheet = TermsLib.read(id);
        if (sheet.token() == address(0)) revert DividendVault_UnknownDistribution(id);
    }

    function _payableSheet(uint256 id) private view returns (StoredTerms sheet) {
        sheet = TermsLib.read(id);
        _requirePayable(sheet);
    }

    function _requirePayable(StoredTerms sheet) private view {
        if (!sheet.isPayable()) _refuse(sheet);
    }

    /// @dev Says why holders cannot be paid in this second.
    function _refuse(StoredTerms sheet) private view {
        if (sheet.token() == address(0)) revert DividendVault_UnknownDistribution(sheet.id());
        if (block.timestamp < sheet.payableFrom()) {
            revert DividendVault_NotPayableYet(sheet.id(), sheet.payableFrom(), block.timestamp);
        }
        revert DividendVault_Expired(sheet.id(), sheet.lastSecond(), block.timestamp);
    }

    /// @dev Nobody could be paid for the vault itself.
    function _isExcluded(StoredTerms sheet, address holder) private view returns (bool) {
        if (holder == address(this)) return true;
        return sheet.has(TermsLib.FLAG_EXCLUDING) && sheet.readTail().excludes(holder);
    }

    /// @dev Shares of `holder` that earn in this distribution.
    function _sharesOf(StoredTerms sheet, address holder) private view returns (uint256) {
        if (_isExcluded(sheet, holder)) return 0;
        return IRecordToken(sheet.token()).balanceOfAt(holder, sheet.recordId());
    }

    /// @dev Whether it is without a denominator for good.
    function _isCancelled(StoredTerms sheet) private view returns (bool) {
        return _eligible.known(sheet) == 0 && EligibleLib.isCancelled(sheet);
    }

    /// @dev The one record of a sheet, as `_ask` wants it.
    function _recordIdsOf(StoredTerms sheet) private pure returns (uint256[] memory recordIds) {
        recordIds = RecordQueryLib.room(1);
        recordIds.put(0, sheet.recordId());
    }

    /// @dev Who is to be paid for `holder`, and its shares at each record of the token of `sheet`.
    function _ask(
        StoredTerms sheet,
        uint256[] memory recordIds,
        address holder
    ) private view returns (address claimant, uint256[] memory shares) {
        return
            sheet.has(TermsLib.FLAG_HOLDINGS)
                ? RecordQueryLib.inOne(sheet.token(), holder, recordIds, sheet.has(TermsLib.FLAG_ELIGIBLE_ONLY))
                : RecordQueryLib.oneByOne(sheet.token(), holder, recordIds);
    }

    /// @dev The denominator, fixed on first use if the record was open at declaration.
    function _openEligible(StoredTerms sheet) private returns (uint256 eligible) {
        eligible = sheet.eligible();
        if (eligible != 0) return eligible;
        // A refund has taken the money, whatever the token says now.
        if (_endings[sheet.id()].ended) revert DividendVault_NothingLeft(sheet.id());
        eligible = _eligible.fixAll(sheet, _hasPaidShares);
        sheet.setDivision(sheet.amount(), eligible);
    }

    /// @dev Where the income of `holder`, whose file says `fileBits`, goes.
    function _payee(address claimant, address holder, uint256 fileBits) private view returns (address) {
        return claimant == holder ? _orSelf(PayeeAndClaimsLib.payee(fileBits), holder) : payeeOf(claimant);
    }

    function _orSelf(address payee, address holder) private pure returns (address) {
        return payee == address(0) ? holder : payee;
    }

    // -------------------------------------------------------------------- withholding

    function _withhold(StoredTerms sheet, address holder, uint256 gross) private returns (uint256 tax) {
        tax = _taxOn(sheet, holder, gross);
        if (tax != 0) _withheld[sheet.id()] += tax;
    }

    function _taxOn(StoredTerms sheet, address holder, uint256 gross) private view returns (uint256 tax) {
        if (!sheet.has(TermsLib.FLAG_TAXED) || gross == 0) return 0;
        ITaxPolicy policy = ITaxPolicy(sheet.readTail().taxPolicy);
        tax = policy.taxOn(sheet.token(), sheet.recordId(), uint8(sheet.kind()), holder, gross);
        if (tax > gross) revert DividendVault_TaxTooHigh(sheet.id(), holder, tax, gross);
    }

    /// @dev As `_taxOn`, but a policy that fails is an answer, not the end of the page.
    function _tryTax(StoredTerms sheet, address holder, uint256 gross) private view returns (bool known, uint256 tax) {
        if (!sheet.has(TermsLib.FLAG_TAXED) || gross == 0) return (true, 0);
        bytes memory question = abi.encodeCall(
            ITaxPolicy.taxOn,
            (sheet.token(), sheet.recordId(), uint8(sheet.kind()), holder, gross)
        );
        _requireGas(PaymentLib.QUESTION_GAS);
        (known, tax) = StaticCallLib.tryAsk(sheet.readTail().taxPolicy, question, PaymentLib.QUESTION_GAS);
        if (!known || tax > gross) return (false, 0);
    }

    // --------------------------------------------------------------------- sending

    /// @dev Sends money that the books have already let go, or reverts with everything.
    function _send(address currency, address to, uint256 amount) private {
        if (amount == 0) return;
        if (to == address(this)) revert DividendVault_InvalidPayee(to);
        if (PaymentLib.trySend(currency, to, amount, PaymentLib.forwardable()) != PaymentLib.Outcome.Paid) {
            revert DividendVault_PaymentFailed(currency, to, amount);
        }
    }
}
