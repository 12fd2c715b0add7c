// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDividendVault} from "./IDividendVault.sol";
import {IRecordRanges} from "./IRecordRanges.sol";

/// @title IPassThrough
/// @notice Assigns what a pool is owed to the pool's own holders, by the vault that owes it.
///
/// A pool is an account that holds shares for others: a custodian's wallet, a wrapper, an escrow. Its own record token
/// says who those others are. The pool registers by naming this contract as its payee (`setPayee`). From then on
/// what it is owed is forwarded: this contract claims it for the pool and in the same transaction declares exactly
/// what arrived, in the same vault, currency and kind, untaxed and without a deadline, to the holders of the pool's
/// token at the record of the same second. Each can claim
///
///     floor(arrived * balanceAt / totalSupplyAt)      of the pool's token
///
/// and nothing stays here. A distribution over a range of records (`IRecordRanges`) is forwarded over the range of
/// the pool's token that weighs the same seconds alike.
///
/// Nobody has a role here. Anyone may forward what the pool has not been paid yet. If somebody made the vault pay the
/// pool before, in a page of holders for example, the money is here, and no contract can prove which distribution
/// it came from: the vault knows who has been paid, not how much and to which payee, and what a token and a tax
/// policy answer now may differ from what they answered then. So only those may forward it who act for the pool: the
/// pool itself, and the owner and the agents of its token. Even they can forward no more than what the pool was
/// owed according to the vault, and to no other holders than those of that second.
///
/// So there must be somebody to do so. A pool that is a contract, whose token has no owner and knows no agents, is
/// refused when this contract is made, since a stranger's claim would lock its income for good.
///
/// Warnings for integrators:
/// - The pool's token must schedule a record for every second at which the shares it holds have one. What falls on
///   other seconds goes back to the pool (`returnUnmatched`), as does what falls on one at which nobody held the pool's
///   token (`returnUnheld`).
/// - A cancelled record of the pool's token is none: what falls on its second goes back to the pool, unless another
///   record was scheduled for that second.
/// - Every unit of the pool's token stands for an equal part of what the pool holds, at each record.
/// - What is here and was not claimed for the pool, a gift or an error, stays here: it cannot be distinguished from money
///   that is still to be forwarded. The same holds for what a currency adds to balances by itself.
/// - If a currency takes a fee on transfers, or lowers balances, what somebody else claimed before is short of what was
///   owed, and the shortage falls on those of them forwarded last. What is claimed here is measured.
/// - Remainders at the second level wait for a declaration by the owner or an agent of the pool's token, as everywhere in
///   the vault. Where this contract is one of its agents, they join the next income forwarded.
/// - Before a pool names another payee, what was claimed should be forwarded. The owner and the agents of its token should
///   not all resign.
/// - Where many accounts are excluded over a long range, count them first (`IDividendVault.fixEligible`): the gas of
///   `forward` is limited for each distribution.
interface IPassThrough {
    /// @notice The pool's income from distribution `id` was forwarded as distribution `distributionId`.
    event Forwarded(uint256 indexed id, uint256 indexed distributionId, address currency, uint256 amount);

    /// @notice The pool's income from distribution `id` could be forwarded to nobody, and went to the pool.
    event Returned(uint256 indexed id, address currency, uint256 amount);

    /// @notice Distribution `id` was not forwarded; `reason` is the error, cut to its first four values.
    event NotForwarded(uint256 indexed id, bytes reason);

    /// @notice Thrown when the pool's token of a new contract is a range of records, whose ids can share a second.
    error PassThrough_NotPlain(address poolToken);

    /// @notice Thrown when the ranges of a new contract are not of the pool's token.
    error PassThrough_OtherToken(address poolRanges, address poolToken);

    /// @notice Thrown when nobody could be relied on to forward what others have claimed for the pool: the pool is a
    /// contract, and its token has no owner and knows no agents.
    error PassThrough_NobodyToForward(address pool, address poolToken);

    /// @notice Thrown when distributions and records differ in number.
    error PassThrough_LengthMismatch(uint256 ids, uint256 poolRecordIds);

    /// @notice Thrown when less gas is left than forwarding one distribution may need.
    error PassThrough_TooLittleGas(uint256 left, uint256 needed);

    /// @notice Thrown when the pool's income from a distribution has been forwarded, or returned, before.
    error PassThrough_Done(uint256 id);

    /// @notice Thrown when the pool's record does not close at the second of the distribution's.
    error PassThrough_OtherTime(uint256 id, uint256 closesAt, uint256 poolClosesAt);

    /// @notice Thrown when the pool's range does not weigh the same seconds alike.
    error PassThrough_OtherRange(uint256 id, uint256 poolRangeId);

    /// @notice Thrown when a distribution over a range would be forwarded, and the pool has no ranges.
    error PassThrough_NoRanges(uint256 id);

    /// @notice Thrown when the pool has been paid already, and `caller` is neither the pool nor an owner or agent of its
    /// token.
    error PassThrough_PaidBefore(uint256 id, address caller);

    /// @notice Thrown when nothing of a distribution arrived here: the pool had no income, or has another payee.
    error PassThrough_NothingArrived(uint256 id);

    /// @notice Thrown when a currency took more than what was forwarded.
    error PassThrough_Unbalanced(address currency, uint256 held, uint256 expected);

    /// @notice Thrown when a distribution's range has fewer records.
    error PassThrough_UnknownComponent(uint256 id, uint256 component, uint256 components);

    /// @notice Thrown when the pool has a record at the second, so that the income can be forwarded.
    error PassThrough_Matched(uint256 id, uint256 closesAt, uint256 laterRecordId);

    /// @notice Thrown when somebody held the pool's token at the record, so that the income can be forwarded.
    error PassThrough_Held(uint256 id, uint256 supply);

    /// @notice Thrown when the pool does not take back what cannot be forwarded.
    error PassThrough_ReturnFailed(address currency, address pool, uint256 amount);

    /// @notice Thrown when the chain's coin comes from anyone but the vault.
    error PassThrough_NotVault(address sender);

    /// @notice Forwards the pool's income from distributions, one by one. One that cannot be forwarded is
    /// reported (`NotForwarded`) and left as it was.
    /// @param ids Distributions of the vault
    /// @param poolRecordIds For each, the record of the pool's token that closes at the same second; for one over a
    /// range, the range of the pool's that weighs the same seconds alike
    /// @return forwarded How many were forwarded
    function forward(uint256[] calldata ids, uint256[] calldata poolRecordIds) external returns (uint256 forwarded);

    /// @notice Forwards the pool's income from one distribution, or says why it cannot.
    /// @return distributionId By which the pool's holders are paid
    function forwardOne(uint256 id, uint256 poolRecordId) external returns (uint256 distributionId);

    /// @notice Returns to the pool its income from a distribution whose second the pool's token has no record at, and
    /// can have none any more. Anyone may call, and name the record after the gap.
    /// @dev Cancelled records before that one are passed over, one by one: each costs some 3,000 gas.
    /// @param id A distribution of the vault
    /// @param component Which record of it, counted from 0, if it is over a range; else 0
    /// @param laterRecordId The first record of the pool's token after that second that was not cancelled, or
    /// `recordCount() + 1`; 1 if it is over a range and the pool has no ranges
    function returnUnmatched(uint256 id, uint256 component, uint256 laterRecordId) external returns (uint256 amount);

    /// @notice Returns to the pool its income from a distribution at whose second nobody held the pool's token, or so
    /// much that the vault cannot divide by it. Anyone may call.
    function returnUnheld(uint256 id, uint256 poolRecordId) external returns (uint256 amount);

    /// @notice The vault.
    function vault() external view returns (IDividendVault);

    /// @notice The account whose income is forwarded.
    function pool() external view returns (address);

    /// @notice The record token of those for whom the pool holds.
    function poolToken() external view returns (address);

    /// @notice The ranges of the pool's token; zero for none.
    function poolRanges() external view returns (IRecordRanges);

    /// @notice Whether the pool has named this contract as its payee.
    function isRegistered() external view returns (bool);

    /// @notice The distribution by which the pool's income from `id` was forwarded; 0 if it was not, or if it was
    /// returned.
    function forwardedAs(uint256 id) external view returns (uint256 distributionId);

    /// @notice Whether the pool's income from `id` has been forwarded or returned.
    function isDone(uint256 id) external view returns (bool);

    /// @notice The document hash of what is forwarded: it points at distribution `id` of this vault on this chain.
    function originHash(uint256 id) external view returns (bytes32);
}
