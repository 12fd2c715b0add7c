// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Account} from "../../../../contracts/token/AccountLib.sol";
import {PayeeAndClaimsLib} from "../../../../contracts/income/PayeeAndClaimsLib.sol";
import {HistoryLib} from "../../../../contracts/token/HistoryLib.sol";
import {ProgressLib} from "../../../../contracts/income/ProgressLib.sol";
import {TimelineLib} from "../../../../contracts/tax/TimelineLib.sol";
import {VM} from "./Vm.sol";
import {SettlementLib} from "../../../contracts/solidity/SettlementLib.sol";

/// @title LibraryFacts
/// @notice Facts about libraries that keep something, on their bytecode. Each check's notice is its sentence.
contract LibraryFacts {
    using PayeeAndClaimsLib for PayeeAndClaimsLib.Files;
    using HistoryLib for HistoryLib.Past;
    using TimelineLib for TimelineLib.Line;

    PayeeAndClaimsLib.Files private files;
    HistoryLib.Past private past;
    TimelineLib.Line private line;

    // ------------------------------------------------------------------------- lanes

    /// @notice A lane is wide enough for its shares, within one slot, and behind the lane before it.
    function check_a_lane_is_wide_enough(uint32 position, uint96 eligible) public pure {
        VM.assume(eligible != 0 && position < type(uint32).max - 1_000);
        (uint256 lane, uint256 end) = ProgressLib.allocate(position, eligible);
        uint256 width = lane & 0xff;
        uint256 start = lane >> 8;
        assert(eligible < 1 << width && eligible >= 1 << (width - 1));
        assert(start >= position && end > start && (start >> 8) == ((end - 1) >> 8));
    }

    /// @notice A settlement of more shares than are left is refused.
    function check_no_more_than_all_shares_are_settled(uint16 settled, uint256 shares) public {
        (uint256 lane, ) = ProgressLib.allocate(0, 10_000);
        VM.assume(settled <= 10_000 && shares > 10_000 - settled);
        (bool done, ) = address(this).call(abi.encodeCall(this.settle, (settled, lane, 7, shares, 10_000)));
        assert(!done);
    }

    function settle(
        uint256 lanes,
        uint256 lane,
        uint256 amount,
        uint256 shares,
        uint256 eligible
    ) external pure returns (uint256 gross) {
        (gross, , ) = SettlementLib.settleDown(lanes, lane, amount, shares, eligible);
    }

    // ------------------------------------------------------------------------- marks

    /// @dev Marks a distribution, or takes the mark back, where the library finds its window.
    function _flip(address holder, uint256 series, uint256 ordinal) private {
        PayeeAndClaimsLib.Word storage file = files.file[holder];
        (PayeeAndClaimsLib.Word storage slot, uint256 bits) = files.find(
            holder,
            file,
            file.bits,
            series,
            PayeeAndClaimsLib.windowOf(ordinal)
        );
        slot.bits = bits ^ PayeeAndClaimsLib.markOf(ordinal);
    }

    /// @notice A flip marks its own distribution and no other, of any series and holder. (Law 4)
    function check_a_flip_marks_one_distribution(
        address holder,
        uint32 series,
        uint32 ordinal,
        address other,
        uint32 otherSeries,
        uint32 otherOrdinal
    ) public {
        VM.assume(series != 0 && otherSeries != 0);
        VM.assume(holder != other || series != otherSeries || ordinal != otherOrdinal);
        _flip(holder, series, ordinal);
        assert(files.isMarked(holder, series, ordinal));
        assert(!files.isMarked(other, otherSeries, otherOrdinal));
    }

    /// @notice A mark stays when another distribution is marked, of whatever series. (Law 4)
    function check_a_mark_stays(
        address holder,
        uint32 series,
        uint32 ordinal,
        uint32 later,
        uint32 laterOrdinal
    ) public {
        VM.assume(series != 0 && later != 0 && (series != later || ordinal != laterOrdinal));
        _flip(holder, series, ordinal);
        _flip(holder, later, laterOrdinal);
        assert(files.isMarked(holder, series, ordinal) && files.isMarked(holder, later, laterOrdinal));
    }

    /// @notice A payee set after a payment changes no mark, and a mark changes no payee. (Law 4)
    function check_payee_and_marks_are_apart(address holder, address payee, uint32 series, uint32 ordinal) public {
        VM.assume(series != 0);
        _flip(holder, series, ordinal);
        files.setPayee(holder, payee);
        assert(files.isMarked(holder, series, ordinal));
        _flip(holder, series, ordinal);
        assert(!files.isMarked(holder, series, ordinal));
        assert(PayeeAndClaimsLib.payee(files.file[holder].bits) == payee);
    }

    // ----------------------------------------------------------------------- history

    /// @notice Three balances at three records read back as they were, whatever they are. (Law 5)
    function check_three_balances_read_back(uint96 first, uint96 second, uint96 third, uint96 present) public {
        Account account = _become(past.upTo(Account.wrap(first), 1), second);
        account = _become(past.upTo(account, 2), third);
        account = _become(past.upTo(account, 3), present);
        assert(past.balanceAt(account, 1) == first && past.balanceAt(account, 2) == second);
        assert(past.balanceAt(account, 3) == third && past.balanceAt(account, 4) == present);
    }

    /// @notice Wherever a search is told to look first, it finds the balance as it was. (Law 5)
    function check_no_guess_misleads(
        uint96 first,
        uint96 second,
        uint96 present,
        uint256 guess,
        uint8 recordId
    ) public {
        VM.assume(recordId != 0 && recordId <= 2);
        Account account = _become(past.upTo(Account.wrap(first), 1), second);
        account = _become(past.upTo(account, 2), present);
        (uint256 held, ) = past.balanceNear(account, recordId, guess);
        assert(held == (recordId == 1 ? first : second));
    }

    /// @notice Records that passed while nothing moved read the balance of that time. (Law 5)
    function check_quiet_records_read_back(uint96 first, uint96 present, uint32 closed, uint32 recordId) public {
        VM.assume(recordId != 0 && recordId <= closed);
        Account account = _become(past.upTo(Account.wrap(first), closed), present);
        assert(past.balanceAt(account, recordId) == first);
    }

    function _become(Account account, uint256 balance) private pure returns (Account) {
        return account.minus(account.balance()).plus(balance);
    }

    // ---------------------------------------------------------------------- timeline

    /// @notice What held at a time before a new entry still holds at that time after it.
    function check_a_timeline_keeps_its_past(
        uint160 first,
        uint160 second,
        uint48 one,
        uint48 two,
        uint48 time
    ) public {
        VM.assume(one != 0 && one < two && time < two);
        line.set(one, first);
        uint256 before = line.valueAt(time);
        line.set(two, second);
        assert(line.valueAt(time) == before && line.valueAt(two) == second && line.last() == second);
    }

    // ---------------------------------------------------------------------- controls

    /// @notice False: a flip marks every distribution of a holder.
    function check_control_a_flip_marks_all(address holder, uint32 series, uint32 ordinal, uint32 other) public {
        VM.assume(series != 0);
        _flip(holder, series, ordinal);
        assert(files.isMarked(holder, series, other));
    }
}
