// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRecordHoldings} from "../token/IRecordHoldings.sol";
import {IRecordToken} from "../token/IRecordToken.sol";

/// @title IRecordRanges
/// @notice Ranges of record dates of one share token, each of which a vault pays as if it were a single record.
///
/// A fund that accrues interest daily and pays it monthly schedules a record for every day and defines a range over the
/// month: its records, each with a weight, such as the days it stands for. The range is then a record of *this*
/// contract, which is a record token like any other:
///
///     balanceOfAt(account, range)  =  sum of weight * balanceOfAt(account, record)  over the range's records
///     totalSupplyAt(range)         =  sum of weight * totalSupplyAt(record)
///     recordTime(range)            =  the time of the last of them to close
///
/// so that one distribution, declared for this contract and the range's id, pays everybody for the whole range, rounded
/// once. People are the token's: the income of a wallet that is frozen there is held here too, a successor there is paid
/// here, and the token's owner and agents define its ranges.
///
/// Warnings for integrators:
/// - Ranges are final. A wrong one is left alone and defined anew under another id.
/// - A range with a cancelled record never closes: no declaration can be made for it, what was declared for it can be
///   sent back to its declarer (`refund`), and its questions fail with the token's error. A token that cancels records must
///   begin with the latest, as a share token does, so that a range whose last record stands has none that is cancelled.
/// - The token cannot be a contract of ranges, so that a range has at most a hundred records. A token that answers
///   slowly makes only its own ranges expensive.
/// - A vault counts fewer than 2^96 weighted shares. A range whose closed records weigh more already is refused. One
///   over records that are still open may come to weigh more when shares are issued: a declaration made before is
///   then paid to nobody, and anyone can send it back (`refund`); one made after is refused with the figures.
/// - For sums too large for 256 bits the answer is the largest number, so that a token that lies cannot prevent a refund.
/// - A record's time must not change once the token has given it; a share token's cannot.
interface IRecordRanges is IRecordToken, IRecordHoldings {
    /// @notice One record of a range.
    /// @param recordId The token's record
    /// @param weight How much a share held at it counts
    /// @param closesAt The Unix second at whose end it closes
    struct Component {
        uint32 recordId;
        uint32 weight;
        uint48 closesAt;
    }

    /// @notice A range was defined, for good.
    event RangeDefined(uint256 indexed rangeId, address indexed definer, uint256[] recordIds, uint256[] weights);

    /// @notice Thrown when the token of a new contract has no code.
    error RecordRanges_NoToken(address token);

    /// @notice Thrown when the token of a new contract is itself a contract of ranges.
    error RecordRanges_NotPlain(address token);

    /// @notice Thrown when `caller` defines a range without being the token's owner or one of its agents.
    error RecordRanges_NotOwnerOrAgent(address caller);

    /// @notice Thrown when a range has no records, or more than a claim can always pay for.
    error RecordRanges_RecordCount(uint256 given, uint256 limit);

    /// @notice Thrown when records and weights differ in number.
    error RecordRanges_LengthMismatch(uint256 recordIds, uint256 weights);

    /// @notice Thrown when records are not in ascending order, or one is named twice.
    error RecordRanges_NotAscending(uint256 recordId, uint256 previousId);

    /// @notice Thrown when a record id is larger than a vault can account for.
    error RecordRanges_RecordTooLarge(uint256 recordId, uint256 limit);

    /// @notice Thrown when a weight is zero or too large.
    error RecordRanges_WeightOutOfRange(uint256 recordId, uint256 weight, uint256 limit);

    /// @notice Thrown when the closed records of a new range weigh more than a vault can account for.
    error RecordRanges_SupplyTooLarge(uint256 supply, uint256 limit);

    /// @notice Thrown when no range has this id.
    error RecordRanges_UnknownRange(uint256 rangeId);

    /// @notice Thrown when balances are asked for before the last record of a range has closed.
    error RecordRanges_Open(uint256 rangeId, uint256 closesAt, uint256 presentTime);

    /// @notice Thrown when the token does not answer the question that was forwarded to it.
    error RecordRanges_Unanswered(bytes4 question);

    /// @notice Defines a range over records of the token, which must be scheduled, may still be open, and must not be
    /// cancelled. The token's
    /// owner and agents only; of a token that names neither, nobody can.
    /// @param recordIds Records in ascending order
    /// @param weights How much a share held at each counts: 1 to 2^32 - 1
    /// @return rangeId The new range's id; ids run from 1
    function defineRange(uint256[] calldata recordIds, uint256[] calldata weights) external returns (uint256 rangeId);

    /// @notice The share token whose records these are.
    function token() external view returns (address);

    /// @notice Ranges defined so far, which are the records of this contract; their ids are 1 to `recordCount()`.
    function recordCount() external view returns (uint256);

    /// @notice The records of a range.
    function componentsOf(uint256 rangeId) external view returns (Component[] memory);

    /// @notice Whether a record of the range was cancelled, so that it never closes.
    function isRecordCancelled(uint256 rangeId) external view returns (bool);

    /// @notice Who is to be paid what `account` is owed, as the token says.
    function claimantOf(address account) external view returns (address);

    /// @notice Who receives what `account` is owed, as the token says.
    function successorOf(address account) external view returns (address);

    /// @notice The token's owner.
    function owner() external view returns (address);

    /// @notice Whether `account` is an agent of the token.
    function isAgent(address account) external view returns (bool);
}
