// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {ClaimRelayer} from "./ClaimRelayer.sol";
import {DividendVaultViews} from "./DividendVaultViews.sol";
import {IDividendVault} from "./IDividendVault.sol";
import {IRecordToken} from "../token/IRecordToken.sol";
import {ITaxPolicy} from "../tax/ITaxPolicy.sol";
import {TokenRolesLib} from "../libraries/TokenRolesLib.sol";
import {ClaimBatchLib, ClaimBatch} from "./ClaimBatchLib.sol";
// Assembly reads this.
// solhint-disable-next-line no-unused-import
import {TERMS_BYTES} from "./ClaimLayout.sol";
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
contract DividendVault is DividendVaultViews, ReentrancyGuardTransient {
    using PayeeAndClaimsLib for PayeeAndClaimsLib.Files;
    using EligibleLib for EligibleLib.Book;
    using UncheckedArrayLib for uint256[];

    // ------------------------------------------------------------------ constants

    uint256 private constant MAX_EXCLUDED = 32;

    /// @dev What the payments of one page have in common.
    /// @param batch A batch of one settlement, used for one holder after the other
    /// @param recordIds The record, amidst the memory for the question about it
    /// @param gasEach The gas that each payee is offered
    /// @param leastGas The gas that it must have been offered before it is skipped
    /// @param held What the vault should hold of the currency before the next payment
    /// @param progressBefore The slot of progress before the settlement of the present holder
    /// @param remainder What that settlement has added to the carry
    struct Page {
        StoredTerms terms;
        ClaimBatch batch;
        uint256[] recordIds;
        uint256 gasEach;
        uint256 leastGas;
        uint256 held;
        uint256 progressBefore;
        uint256 remainder;
    }

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
        Terms calldata given
    ) private returns (uint256 id) {
        StoredTerms memory terms;
        if (recordId > TermsLib.MAX_RECORD) revert DividendVault_RecordTooLarge(recordId, TermsLib.MAX_RECORD);
        terms.setAsset(token, recordId);
        terms.setOrigin(msg.sender, uint256(given.kind));
        TermsLib.Tail memory tail = _checkTerms(terms, given);
        (uint256 eligible, uint256 earliest) = _fixEligible(terms, tail);
        _fixDates(terms, currency, given, earliest);
        _fixHoldings(terms);

        uint256 received = _receive(currency, amount);
        // Each is a contract that somebody paid for.
        id = ++_count;
        terms.id = id;
        uint256 carriedIn = _enrol(terms, received, eligible);
        terms.write(tail);
        _announce(terms, received, carriedIn, given);
    }

    /// @dev Gives the distribution its place in its series, and what the series has carried.
    function _enrol(StoredTerms memory terms, uint256 received, uint256 eligible) private returns (uint256 carriedIn) {
        mapping(address currency => Series) storage byCurrency = _series[terms.token()];
        Series memory series = byCurrency[terms.currency()];
        carriedIn = series.carry;
        if (carriedIn != 0 && !_mayCarry(terms, eligible)) carriedIn = 0;
        // What the terms have no room for stays for the next.
        if (carriedIn > TermsLib.MAX_CARRIED_IN) carriedIn = TermsLib.MAX_CARRIED_IN;
        if (received + carriedIn > TermsLib.MAX_AMOUNT) {
            revert DividendVault_AmountTooLarge(received + carriedIn, TermsLib.MAX_AMOUNT);
        }

        // Ids stay below 2^32: each is a contract that somebody paid for. `allocate` bounds the bits.
        if (series.number == 0) {
            series.number = uint32(terms.id);
            if (terms.currency() != address(0) && _eligible.notePaidOut(terms.currency())) _hasPaidShares = true;
        }
        (uint256 field, uint256 progressEnd) = ProgressLib.allocate(
            series.progressEnd,
            eligible == 0 ? TermsLib.MAX_ELIGIBLE : eligible
        );
        terms.setPlace(series.number, series.count, field);
        terms.setDivision(received + carriedIn, eligible);
        terms.setCarriedIn(carriedIn);
        // Bounded by the present carry.
        series.carry -= uint96(carriedIn);
        series.count += 1;
        series.progressEnd = uint32(progressEnd);
        byCurrency[terms.currency()] = series;
    }

    function _announce(StoredTerms memory terms, uint256 received, uint256 carriedIn, Terms calldata given) private {
        emit Declared({
            id: terms.id,
            token: terms.token(),
            currency: terms.currency(),
            recordId: terms.recordId(),
            declarer: msg.sender,
            received: received,
            carriedIn: carriedIn,
            terms: given
        });
    }

    /// @dev Checks what was given by itself, and sorts it into the words and the tail.
    function _checkTerms(
        StoredTerms memory terms,
        Terms calldata given
    ) private view returns (TermsLib.Tail memory tail) {
        if (given.excluded.length > MAX_EXCLUDED) {
            revert DividendVault_TooManyExcluded(given.excluded.length, MAX_EXCLUDED);
        }
        if ((given.deadline == 0) != (given.sweepTo == address(0))) {
            revert DividendVault_SweepMismatch(given.deadline, given.sweepTo);
        }
        if (given.sweepTo == address(this)) revert DividendVault_InvalidPayee(given.sweepTo);

        tail.sweepTo = given.sweepTo;
        tail.documentHash = given.documentHash;
        tail.excluded = given.excluded;
        if (given.excluded.length != 0) terms.setFlag(TermsLib.FLAG_EXCLUDING | TermsLib.FLAG_TAIL);
        if (given.sweepTo != address(0) || given.documentHash != 0) terms.setFlag(TermsLib.FLAG_TAIL);
        if (given.taxPolicy != address(0)) {
            terms.setFlag(TermsLib.FLAG_TAXED | TermsLib.FLAG_TAIL);
            tail.taxPolicy = given.taxPolicy;
            tail.taxCollector = ITaxPolicy(given.taxPolicy).collector();
            if (tail.taxCollector == address(0) || tail.taxCollector == address(this)) {
                revert DividendVault_NoCollector(given.taxPolicy);
            }
        }
    }

    /// @dev The denominator if the record has closed. Otherwise zero, and the second from which it can be known.
    function _fixEligible(
        StoredTerms memory terms,
        TermsLib.Tail memory tail
    ) private view returns (uint256 eligible, uint256 earliest) {
        IRecordToken token = IRecordToken(terms.token());
        try token.totalSupplyAt(terms.recordId()) returns (uint256 supply) {
            eligible = _eligible.atDeclaration(terms, tail.excluded, _hasPaidShares, supply);
        } catch {
            // Reverts for a record that was never scheduled, or was cancelled.
            earliest = uint256(token.recordTime(terms.recordId())) + 1;
        }
    }

    function _fixDates(
        StoredTerms memory terms,
        address currency,
        Terms calldata given,
        uint256 earliest
    ) private view {
        if (earliest > type(uint48).max) revert DividendVault_NotPayableInTime(earliest);
        uint256 payableFrom = given.payableFrom > earliest ? given.payableFrom : earliest;
        if (given.deadline == TermsLib.NO_DEADLINE) {
            revert DividendVault_DeadlineTooLate(given.deadline, TermsLib.NO_DEADLINE - 1);
        }
        if (given.deadline != 0 && (given.deadline < block.timestamp || given.deadline < payableFrom)) {
            revert DividendVault_DeadlineTooEarly(given.deadline, payableFrom);
        }
        terms.setPayment(currency, payableFrom, given.deadline);
    }

    /// @dev How the token is asked at each payment, and whether income is held while its holder is not eligible: both as
    /// the token says it now.
    function _fixHoldings(StoredTerms memory terms) private view {
        (bool offered, bool eligibleOnly) = RecordQueryLib.holdingTerms(terms.token());
        if (offered) terms.setFlag(TermsLib.FLAG_HOLDINGS);
        if (eligibleOnly) terms.setFlag(TermsLib.FLAG_ELIGIBLE_ONLY);
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
    function _mayCarry(StoredTerms memory terms, uint256 eligible) private view returns (bool) {
        (bool named, bool speaks) = TokenRolesLib.isOwnerOrAgent(terms.token(), msg.sender);
        if (named) return speaks;
        return
            eligible != 0 &&
            terms.payableFrom() <= block.timestamp &&
            terms.deadline() == 0 &&
            !terms.has(TermsLib.FLAG_EXCLUDING | TermsLib.FLAG_TAXED);
    }

    // --------------------------------------------------------------------- claiming

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

    /// @dev Claims batch by batch: distributions next to each other in `ids` that are of one series and asked about alike.
    /// `expected` is who has to be the claimant, if there is a `receiver`; without one, anybody may be.
    function _claim(
        uint256[] calldata ids,
        address holder,
        address expected,
        address receiver
    ) private returns (uint256 paid) {
        uint256 memoryBefore = MemoryLib.free();
        uint256 next = 0;
        while (next < ids.length) {
            // Nothing of a batch is needed by the next: kept, its memory would be paid for with each again, squared.
            MemoryLib.release(memoryBefore);
            uint256[] memory recordIds = RecordQueryLib.allocate(ids.length - next);
            StoredTerms memory first = TermsLib.allocate(ids.length - next);
            uint256 count = first.loadBatch(ids, next, recordIds);
            unchecked {
                // Both count ids.
                next += count;
                // Unless it belongs to another batch, what ended this one cannot be paid.
                if (next != ids.length) _requirePayable(first.at(count));
                recordIds.cut(count);
                paid += _payBatch(first, recordIds, holder, expected, receiver);
            }
        }
    }

    function _payBatch(
        StoredTerms memory first,
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
        ClaimBatch memory batch = ClaimBatchLib.open(holder, shares.length);
        batch.loadClaimed(_files, file, fileBits, first);
        _loadProgress(batch, first);
        _settleBatch(batch, file, first, shares);
        count = batch.count();
        if (count == 0) return 0;
        batch.saveProgress();
        batch.saveClaimed();
        batch.emitClaimed(receiver, count);
        _send(first.currency(), receiver, batch.due);
    }

    /// @dev Books what is due of each distribution of the batch; the slots it changes are written once, or whenever it
    /// comes to a distribution that has others.
    function _settleBatch(
        ClaimBatch memory batch,
        PayeeAndClaimsLib.Word storage file,
        StoredTerms memory terms,
        uint256[] memory shares
    ) private {
        uint256 memoryBefore = MemoryLib.free();
        for (uint256 i = 0; i < shares.length; ++i) {
            MemoryLib.release(memoryBefore);
            uint256 held = shares.at(i);
            if (held != 0) {
                uint256 place = batch.placeOf(terms);
                if (place > 255) {
                    batch.saveClaimed();
                    batch.loadClaimed(_files, file, file.bits, terms);
                    place = batch.placeOf(terms);
                }
                if (!batch.isClaimed(place)) _settle(batch, terms, place, held);
            }
            assembly ("memory-safe") {
                // The terms of a batch lie behind each other.
                terms := add(terms, TERMS_BYTES)
            }
        }
    }

    /// @dev Books what is due of one distribution, whose claimed bit is in memory, at `place`, and not set.
    function _settle(ClaimBatch memory batch, StoredTerms memory terms, uint256 place, uint256 shares) private {
        bool isSpecial = terms.has(TermsLib.FLAG_EXCLUDING | TermsLib.FLAG_TAXED);
        if (isSpecial && _isExcluded(terms, batch.holder)) return;
        if (!batch.hasProgress(terms)) {
            batch.saveProgress();
            _loadProgress(batch, terms);
        }
        uint256 eligible = terms.eligible();
        if (eligible == 0) eligible = _openEligible(terms);
        (uint256 gross, bool last) = batch.settleDown(terms, place, shares, eligible);
        if (last) _carry(terms, ProgressLib.lostIn(batch.progress, terms.progressField()));
        if (isSpecial) _withhold(batch, terms, gross);
    }

    function _withhold(ClaimBatch memory batch, StoredTerms memory terms, uint256 gross) private {
        uint256 tax = _taxOn(terms, batch.holder, gross);
        if (tax == 0) return;
        _withheld[terms.id] += tax;
        batch.taxLast(tax);
    }

    function _loadProgress(ClaimBatch memory batch, StoredTerms memory terms) private view {
        batch.loadProgress(terms, _progress[_progressKey(terms)]);
    }

    // ---------------------------------------------------------------------- pushing

    /// @inheritdoc IDividendVault
    function push(uint256 id, address[] calldata holders) external nonReentrant returns (uint256 paid) {
        Page memory page = _openPage(id);
        // Without a branch, here and in `_gasFor`: a page costs the same whatever its gas limit.
        page.gasEach = FixedPointMathLib.max(page.leastGas, PaymentLib.shareOf(holders.length));
        return _pushPage(page, holders);
    }

    /// @inheritdoc IDividendVault
    function pushWithGas(
        uint256 id,
        address[] calldata holders,
        uint256 gasEach
    ) external nonReentrant returns (uint256 paid) {
        Page memory page = _openPage(id);
        if (gasEach < page.leastGas) revert DividendVault_TooLittleGas(gasEach, page.leastGas);
        (page.gasEach, page.leastGas) = (gasEach, gasEach);
        return _pushPage(page, holders);
    }

    function _openPage(uint256 id) private view returns (Page memory page) {
        page.terms = TermsLib.read(id);
        _requirePayable(page.terms);
        address currency = page.terms.currency();
        page.leastGas = PaymentLib.leastGas(currency);
        if (currency != address(0)) page.held = PaymentLib.holdingOf(currency);
        page.recordIds = _recordIdsOf(page.terms);
        page.batch = ClaimBatchLib.open(address(0), 1);
        _loadProgress(page.batch, page.terms);
    }

    function _pushPage(Page memory page, address[] calldata holders) private returns (uint256 paid) {
        uint256 memoryBefore = MemoryLib.free();
        for (uint256 i = 0; i < holders.length; ++i) {
            MemoryLib.release(memoryBefore);
            if (_pushOne(page, holders[i])) {
                unchecked {
                    // Counts holders.
                    ++paid;
                }
            }
        }
    }

    /// @dev Pays one holder or leaves everything as it was.
    function _pushOne(Page memory page, address holder) private returns (bool settled) {
        StoredTerms memory terms = page.terms;
        ClaimBatch memory batch = page.batch;
        PayeeAndClaimsLib.Word storage file = _files.file[holder];
        uint256 fileBits = file.bits;
        batch.restart(holder);
        batch.loadClaimed(_files, file, fileBits, terms);
        if (batch.isClaimed(batch.placeOf(terms))) return _skip(terms, holder, Reason.Claimed);
        (address claimant, uint256[] memory shares) = _ask(terms, page.recordIds, holder);
        if (shares.at(0) == 0 || _isExcluded(terms, holder)) return _skip(terms, holder, Reason.Nothing);
        if (claimant == address(0)) return _skip(terms, holder, Reason.Held);
        address payee = _payee(claimant, holder, fileBits);
        if (payee == address(this)) return _skip(terms, holder, Reason.PaymentFailed);
        return _tryPay(page, shares.at(0), payee);
    }

    function _tryPay(Page memory page, uint256 shares, address payee) private returns (bool) {
        StoredTerms memory terms = page.terms;
        ClaimBatch memory batch = page.batch;
        page.progressBefore = batch.progress;
        if (!_trySettle(page, shares)) return _skip(terms, batch.holder, Reason.PolicyFailed);
        uint256 net = batch.due;
        PaymentLib.Outcome outcome = PaymentLib.Outcome.Paid;
        if (net != 0) outcome = PaymentLib.trySend(terms.currency(), payee, net, _gasFor(page));
        if (outcome == PaymentLib.Outcome.Paid) {
            batch.emitClaimed(payee, 1);
            if (page.remainder != 0) emit Carried(terms.id, terms.token(), terms.currency(), page.remainder);
            unchecked {
                // Only compared, never paid out.
                page.held -= net;
            }
            return true;
        }
        if (outcome == PaymentLib.Outcome.Denied && !PaymentLib.holds(terms.currency(), page.held)) {
            revert DividendVault_MovedOnFailure(terms.currency(), payee, net);
        }
        _takeBack(page);
        return _skip(terms, batch.holder, Reason.PaymentFailed);
    }

    /// @dev As `_settle`, but before the payment, so that whoever is called by it sees the whole of what it does. A policy
    /// that fails is an answer, and nothing is booked then.
    function _trySettle(Page memory page, uint256 shares) private returns (bool) {
        StoredTerms memory terms = page.terms;
        ClaimBatch memory batch = page.batch;
        uint256 eligible = terms.eligible();
        if (eligible == 0) eligible = _openEligible(terms);
        (uint256 gross, bool last) = batch.settleDown(terms, batch.placeOf(terms), shares, eligible);
        if (terms.has(TermsLib.FLAG_TAXED)) {
            (bool known, uint256 tax) = _tryTax(terms, batch.holder, gross);
            if (!known) {
                batch.progress = page.progressBefore;
                return false;
            }
            if (tax != 0) {
                _withheld[terms.id] += tax;
                batch.taxLast(tax);
            }
        }
        batch.saveProgress();
        batch.saveClaimed();
        page.remainder = 0;
        if (last) {
            page.remainder = ProgressLib.lostIn(batch.progress, terms.progressField());
            if (page.remainder != 0) _seriesOf(terms).carry += uint96(page.remainder);
        }
        return true;
    }

    /// @dev Takes back what `_trySettle` has booked.
    function _takeBack(Page memory page) private {
        StoredTerms memory terms = page.terms;
        if (page.remainder != 0) _seriesOf(terms).carry -= uint96(page.remainder);
        uint256 tax = page.batch.lastTax();
        if (tax != 0) _withheld[terms.id] -= tax;
        page.batch.undo(terms, page.progressBefore);
    }

    /// @dev What the next payee of a page is offered: if there is less than the least, the page ends with nothing done,
    /// so that nobody is skipped because the caller was short of gas.
    function _gasFor(Page memory page) private view returns (uint256) {
        uint256 offered = _requireGas(page.leastGas);
        return FixedPointMathLib.min(offered, page.gasEach);
    }

    function _requireGas(uint256 least) private view returns (uint256 offered) {
        offered = PaymentLib.forwardable();
        if (offered < least) revert DividendVault_TooLittleGas(offered, least);
    }

    function _skip(StoredTerms memory terms, address holder, Reason reason) private returns (bool settled) {
        emit Skipped(terms.id, holder, reason);
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
        StoredTerms memory terms = _terms(id);
        amount = _withheld[id] - _remitted[id];
        if (amount == 0) revert DividendVault_NothingLeft(id);
        _remitted[id] += amount;
        address collector = terms.readTail().taxCollector;
        emit Remitted(id, collector, amount);
        _send(terms.currency(), collector, amount);
    }

    /// @inheritdoc IDividendVault
    function sweep(uint256 id) external nonReentrant returns (uint256 amount) {
        StoredTerms memory terms = _terms(id);
        if (terms.deadline() == 0 || block.timestamp <= terms.deadline()) {
            revert DividendVault_NotExpired(id, terms.deadline(), block.timestamp);
        }
        uint256 eligible = _openEligible(terms);
        (uint256 settled, uint256 paid) = _paid(terms, eligible);
        if (_endings[id].ended || settled == eligible) revert DividendVault_NothingLeft(id);

        amount = ProRataLib.portionDown(terms.amount(), eligible - settled, eligible);
        _endings[id] = Ending({ended: true, sent: uint160(amount)});
        _carry(terms, terms.amount() - paid - amount);
        address recipient = terms.readTail().sweepTo;
        emit Swept(id, recipient, amount);
        _send(terms.currency(), recipient, amount);
    }

    /// @inheritdoc IDividendVault
    function fixEligible(uint256 id, uint256 most) external nonReentrant returns (uint256 accountsLeft) {
        StoredTerms memory terms = _terms(id);
        if (_eligible.known(terms) != 0) return 0;
        if (_endings[id].ended) revert DividendVault_NothingLeft(id);
        uint256 eligible;
        (accountsLeft, eligible) = _eligible.fixPage(terms, _hasPaidShares, most);
        emit EligibleCounted(id, accountsLeft, eligible);
    }

    /// @inheritdoc IDividendVault
    function refund(uint256 id) external nonReentrant returns (uint256 amount) {
        StoredTerms memory terms = _terms(id);
        uint256 eligible = _isCancelled(terms) ? 0 : _eligible.current(terms, _hasPaidShares);
        if (eligible != 0 && eligible <= TermsLib.MAX_ELIGIBLE) {
            revert DividendVault_NotRefundable(id, eligible);
        }
        if (_endings[id].ended) revert DividendVault_NothingLeft(id);

        uint256 carriedIn = terms.carriedIn();
        amount = terms.amount() - carriedIn;
        _endings[id] = Ending({ended: true, sent: uint160(amount)});
        _carry(terms, carriedIn);
        emit Refunded(id, terms.declarer(), amount);
        _send(terms.currency(), terms.declarer(), amount);
    }

    // -------------------------------------------------------------------- settling

    function _carry(StoredTerms memory terms, uint256 remainder) private {
        if (remainder == 0) return;
        // A remainder is less than one unit per holder, so no number of them comes near 96 bits.
        _seriesOf(terms).carry += uint96(remainder);
        emit Carried(terms.id, terms.token(), terms.currency(), remainder);
    }

    /// @dev The denominator, fixed on first use if the record was open at declaration.
    function _openEligible(StoredTerms memory terms) private returns (uint256 eligible) {
        eligible = terms.eligible();
        if (eligible != 0) return eligible;
        // A refund has taken the money, whatever the token says now.
        if (_endings[terms.id].ended) revert DividendVault_NothingLeft(terms.id);
        eligible = _eligible.fixAll(terms, _hasPaidShares);
        terms.setDivision(terms.amount(), eligible);
    }

    /// @dev As `_taxOn`, but a policy that fails is an answer, not the end of the page.
    function _tryTax(
        StoredTerms memory terms,
        address holder,
        uint256 gross
    ) private view returns (bool known, uint256 tax) {
        if (!terms.has(TermsLib.FLAG_TAXED) || gross == 0) return (true, 0);
        bytes memory question = abi.encodeCall(
            ITaxPolicy.taxOn,
            (terms.token(), terms.recordId(), uint8(terms.kind()), holder, gross)
        );
        _requireGas(PaymentLib.QUESTION_GAS);
        (known, tax) = StaticCallLib.tryAsk(terms.readTail().taxPolicy, question, PaymentLib.QUESTION_GAS);
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
