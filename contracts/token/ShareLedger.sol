// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IRecordToken} from "./IRecordToken.sol";
import {IShareToken} from "./IShareToken.sol";
import {Account, AccountLib} from "./AccountLib.sol";
import {HistoryLib} from "./HistoryLib.sol";
import {Ledger, LedgerLib} from "./LedgerLib.sol";

/// @title ShareLedger
/// @notice Balances, supply and allowances, and their history at record dates. `IShareToken` is the specification.
/// @dev Promise: balances change in `_move`, `_create` and `_destroy` only, each of which brings the accounts it
/// writes up to date with the closed records first. An ordinary transfer reads one slot of the ledger and writes
/// two accounts.
abstract contract ShareLedger is IShareToken, IERC20, IERC20Errors {
    using HistoryLib for HistoryLib.Past;

    // ------------------------------------------------------------------ constants

    uint256 internal constant MAX_SUPPLY = AccountLib.MAX_BALANCE;

    /// @dev How far ahead a record can be scheduled, in seconds: a year of records, and some time to spare. What was
    /// meant to be a second and is a millisecond is thousands of years beyond.
    uint256 private constant HORIZON = 400 days;

    /// @dev Marks a cancelled record. A time that can be scheduled has fewer bits.
    uint256 private constant CANCELLED = 1 << 47;

    // -------------------------------------------------------------------- storage

    struct Holder {
        Account account;
        HistoryLib.Past past;
    }

    Ledger internal _ledger;

    /// @dev The supply is kept like a balance, with a history of its own.
    Holder internal _supply;

    mapping(address account => Holder) internal _holders;
    mapping(address owner => mapping(address spender => uint256)) private _allowances;

    /// @dev Record `id` is at index `id - 1`: when it closes, or `CANCELLED` and the id before those that were cancelled
    /// with it. A cancelled record counts as closed with that one: so their order stays ascending, whatever is
    /// scheduled afterwards, and no id is given twice.
    uint48[] private _recordTimes;

    constructor() {
        _ledger = Ledger.wrap(0).withRecords({closed: 0, next: LedgerLib.NO_RECORD});
        // Shares sent to nobody, or to their own contract, could never be sent on, yet would earn income. That these
        // two are barred is marked like a freeze, so that an ordinary transfer pays nothing for the question.
        _holders[address(0)].account = Account.wrap(AccountLib.FLAG_BARRED);
        _holders[address(this)].account = Account.wrap(AccountLib.FLAG_BARRED);
    }

    // ----------------------------------------------------------------------- views

    /// @inheritdoc IERC20
    function totalSupply() external view returns (uint256) {
        return _supply.account.balance();
    }

    /// @inheritdoc IERC20
    function balanceOf(address account) external view returns (uint256) {
        return _balanceOf(account);
    }

    /// @inheritdoc IERC20
    function allowance(address owner, address spender) external view returns (uint256) {
        return _allowances[owner][spender];
    }

    /// @inheritdoc IERC20
    function approve(address spender, uint256 amount) external returns (bool) {
        _approve(msg.sender, spender, amount);
        return true;
    }

    // ----------------------------------------------------------------- record dates

    /// @dev `scheduleRecord` without the question who asks.
    function _scheduleRecord(uint48 closesAt) internal returns (uint256 recordId) {
        Ledger ledger = _closeRecords();
        uint256 count = _recordTimes.length;
        if (closesAt < block.timestamp) revert ShareToken_RecordInThePast(closesAt, block.timestamp);
        uint256 limit = block.timestamp + HORIZON;
        if (closesAt > limit) revert ShareToken_RecordTooFar(closesAt, limit);
        uint256 previous = _countedAt(count);
        if (closesAt <= previous) revert ShareToken_RecordNotLater(closesAt, previous);

        _recordTimes.push(closesAt);
        recordId = count + 1;
        if (ledger.nextRecordAt() == LedgerLib.NO_RECORD) {
            _ledger = ledger.withRecords(ledger.closedRecords(), closesAt);
        }
        emit RecordScheduled(recordId, closesAt);
    }

    /// @dev `cancelRecords` without the question who asks. From the last one backwards, past those that were cancelled
    /// before in one step each time: what is left to do is what is still open.
    function _cancelRecords(uint256 firstId) internal {
        Ledger ledger = _closeRecords();
        uint256 closesAt = recordTime(firstId);
        if (closesAt < block.timestamp) revert ShareToken_RecordClosed(firstId, closesAt, block.timestamp);
        uint256 before = firstId - 1;
        for (uint256 id = _recordTimes.length; id > before;) {
            uint256 entry = _entryOf(id);
            if (entry >= CANCELLED) {
                id = entry - CANCELLED;
            } else {
                // An id, like a time, is below the mark.
                _recordTimes[id - 1] = uint48(CANCELLED | before);
                emit RecordCancelled(id--);
            }
        }
        // Nothing is left to be counted if the record before is closed. One that is open is counted as it would be.
        uint256 next = _countedAt(before) < block.timestamp ? LedgerLib.NO_RECORD : ledger.nextRecordAt();
        _ledger = ledger.withRecords(ledger.closedRecords(), next).with(LedgerLib.FLAG_CANCELS, true);
    }

    /// @inheritdoc IShareToken
    function recordCount() external view returns (uint256) {
        return _recordTimes.length;
    }

    /// @inheritdoc IRecordToken
    function recordTime(uint256 recordId) public view returns (uint48) {
        uint256 entry = _entryOf(recordId);
        if (entry == 0) revert ShareToken_UnknownRecord(recordId, _recordTimes.length);
        if (entry >= CANCELLED) revert ShareToken_RecordCancelled(recordId);
        return uint48(entry);
    }

    /// @inheritdoc IShareToken
    function isRecordCancelled(uint256 recordId) external view returns (bool) {
        return _entryOf(recordId) >= CANCELLED;
    }

    /// @inheritdoc IRecordToken
    function balanceOfAt(address account, uint256 recordId) external view returns (uint256) {
        return _balanceAt(_holders[account], recordId);
    }

    /// @inheritdoc IRecordToken
    function totalSupplyAt(uint256 recordId) external view returns (uint256) {
        return _balanceAt(_supply, recordId);
    }

    // ------------------------------------------------------------ one account's standing

    /// @dev Where an order has to know: the code that finds an account, once.
    function _balanceOf(address account) internal view returns (uint256) {
        return _holders[account].account.balance();
    }

    function _has(address account, uint256 flags) internal view returns (bool) {
        return _holders[account].account.has(flags);
    }

    // ---------------------------------------------------------------- moving shares

    /// @dev Moves shares between two accounts; `checked` if their flags have a say.
    function _move(address from, address to, uint256 amount, Ledger ledger, bool checked) internal {
        Holder storage giver = _holders[from];
        Holder storage receiver = _holders[to];
        Account source = giver.account;
        Account target = receiver.account;
        if (!source.bothReady(target, ledger)) {
            uint256 closed = ledger.closedRecords();
            if (checked && source.anyFlag(target)) _requireFree(from, source, to, target, amount);
            if (amount != 0 && from != to) {
                if (source.since() != closed) source = giver.past.checkpoint(source, closed);
                if (target.since() != closed) target = receiver.past.checkpoint(target, closed);
            }
        }
        if (source.balance() < amount) revert ERC20InsufficientBalance(from, source.balance(), amount);
        // To oneself is exactly an event; of nothing, these writes change nothing.
        if (from != to) {
            giver.account = source.minus(amount);
            receiver.account = target.plus(amount);
        }
        bytes32 transferred = IERC20.Transfer.selector;
        // From scratch memory: the compiler's way costs every transfer thirty gas more.
        assembly ("memory-safe") {
            mstore(0x00, amount)
            // The compiler does not warrant that the upper bits of an address are clean.
            log3(0x00, 0x20, transferred, shr(96, shl(96, from)), shr(96, shl(96, to)))
        }
    }

    /// @dev Credits new shares, which `_growSupply` has counted.
    function _create(address to, uint256 amount, uint256 closed) internal {
        if (amount != 0) {
            Holder storage receiver = _holders[to];
            Account target = receiver.account;
            if (target.since() != closed) target = receiver.past.checkpoint(target, closed);
            receiver.account = target.plus(amount);
        }
        emit Transfer(address(0), to, amount);
    }

    /// @dev Destroys shares of an account, whatever its flags.
    function _destroy(address from, uint256 amount, uint256 closed) internal {
        Holder storage giver = _holders[from];
        Account account = giver.account;
        if (account.balance() < amount) revert ERC20InsufficientBalance(from, account.balance(), amount);
        if (amount != 0) {
            giver.account = giver.past.upTo(account, closed).minus(amount);
            _supply.account = _supply.past.upTo(_supply.account, closed).minus(amount);
        }
        emit Transfer(from, address(0), amount);
    }

    /// @dev Counts shares that are about to be created.
    function _growSupply(uint256 amount, uint256 closed) internal {
        Account supply = _supply.account;
        if (amount > MAX_SUPPLY - supply.balance()) {
            revert ShareToken_SupplyTooLarge(supply.balance(), amount, MAX_SUPPLY);
        }
        _supply.account = _supply.past.upTo(supply, closed).plus(amount);
    }

    /// @dev Reverts if the flags of one of two accounts forbid a transfer between them.
    function _requireFree(
        address from,
        Account source,
        address to,
        Account target,
        uint256 amount
    ) internal view virtual;

    // ----------------------------------------------------------------------- records

    /// @dev The ledger with every record counted whose second is over. Costs one read while none is.
    function _closeRecords() internal returns (Ledger ledger) {
        ledger = _ledger;
        if (ledger.recordDue()) ledger = _closeDue(ledger);
    }

    /// @dev The same, where there is one to count.
    function _closeDue(Ledger ledger) internal returns (Ledger counted) {
        uint256 closed = _countClosed(ledger.closedRecords());
        uint256 next = _entryOf(closed + 1);
        if (next == 0) next = LedgerLib.NO_RECORD;
        counted = ledger.withRecords(closed, next);
        _ledger = counted;
    }

    /// @dev Binary search, so that a token left alone through hundreds of records still moves cheaply.
    function _countClosed(uint256 alreadyClosed) private view returns (uint256 low) {
        low = alreadyClosed;
        uint256 high = _recordTimes.length;
        while (low < high) {
            uint256 middle = (low + high) >> 1;
            if (_countedAt(middle + 1) < block.timestamp) low = middle + 1;
            else high = middle;
        }
    }

    /// @dev At the end of which second record `recordId` counts as closed: its own, or if it was cancelled that of the
    /// last one before it that was not; zero if there is none. As many steps as times that some were cancelled.
    function _countedAt(uint256 recordId) private view returns (uint256 closesAt) {
        while ((closesAt = _entryOf(recordId)) >= CANCELLED) {
            recordId = closesAt - CANCELLED;
        }
    }

    /// @dev What is kept of a record; zero of an id that was never given, for there the list was never written. By hand,
    /// five to a slot, since the compiler would read the list's length, and that would cost who closes a record more
    /// than the record.
    function _entryOf(uint256 recordId) private view returns (uint256 entry) {
        assembly ("memory-safe") {
            let index := sub(recordId, 1)
            mstore(0x00, _recordTimes.slot)
            let five := sload(add(keccak256(0x00, 0x20), div(index, 5)))
            entry := and(shr(mul(48, mod(index, 5)), five), 0xffffffffffff)
        }
    }

    function _balanceAt(Holder storage holder, uint256 recordId) private view returns (uint256) {
        Ledger ledger = _ledger;
        if (!_countedOrNext(ledger, recordId) || ledger.has(LedgerLib.FLAG_CANCELS)) {
            uint48 closesAt = recordTime(recordId);
            if (block.timestamp <= closesAt) revert ShareToken_RecordOpen(recordId, closesAt, block.timestamp);
        }
        return holder.past.balanceAt(holder.account, recordId);
    }

    /// @dev Ends a call of `holdingsAt` with its answer, made where it is sent from: the compiler's way of making an
    /// array and then encoding it would cost a claim a thousand gas.
    function _answerHoldings(
        address claimant,
        HistoryLib.Past storage past,
        Account state,
        uint256[] calldata recordIds
    ) internal view {
        uint256 answer;
        uint256 end;
        uint256 guess = 0;
        assembly ("memory-safe") {
            answer := mload(0x40)
            mstore(answer, claimant)
            mstore(add(answer, 0x20), 0x40)
            mstore(add(answer, 0x40), recordIds.length)
            end := add(answer, 0x60)
        }
        uint256 since = state.since();
        uint256 present = state.balance();
        for (uint256 i = 0; i < recordIds.length;) {
            uint256 recordId;
            assembly ("memory-safe") {
                // Below the array's length.
                recordId := calldataload(add(recordIds.offset, shl(5, i)))
                i := add(i, 1)
                mstore(end, present)
                end := add(end, 0x20)
            }
            if (since < recordId) continue;
            uint256 shares;
            (shares, guess) = past.balanceNear(state, recordId, guess);
            assembly ("memory-safe") {
                mstore(sub(end, 0x20), shares)
            }
        }
        assembly ("memory-safe") {
            return(answer, sub(end, answer))
        }
    }

    /// @dev Whether the ledger's slot alone proves that the record has closed, unless it was cancelled: it was counted, or
    /// it is the next to be counted and its second is over.
    function _countedOrNext(Ledger ledger, uint256 recordId) private view returns (bool) {
        uint256 index;
        unchecked {
            // Of zero, which is no record, larger than any count.
            index = recordId - 1;
        }
        uint256 closed = ledger.closedRecords();
        return index < closed || (index == closed && ledger.recordDue());
    }

    // ------------------------------------------------------------------- allowances

    function _approve(address owner, address spender, uint256 amount) internal {
        if (spender == address(0)) revert ERC20InvalidSpender(spender);
        _allowances[owner][spender] = amount;
        emit Approval(owner, spender, amount);
    }

    function _spendAllowance(address owner, address spender, uint256 amount) internal {
        uint256 allowed = _allowances[owner][spender];
        // By custom an unlimited allowance stays unlimited.
        if (allowed == type(uint256).max) return;
        if (allowed < amount) revert ERC20InsufficientAllowance(spender, allowed, amount);
        unchecked {
            // `amount <= allowed` was just checked.
            _allowances[owner][spender] = allowed - amount;
        }
    }
}
