// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDocuments} from "./IDocuments.sol";
import {IERC3643Token} from "./IERC3643Token.sol";
import {IERC7943Fungible} from "./IERC7943Fungible.sol";
import {IRecordHoldings} from "./IRecordHoldings.sol";
import {IRecordToken} from "./IRecordToken.sol";
import {ITransferRules} from "../compliance/ITransferRules.sol";

/// @title IShareToken
/// @notice ERC-20 shares of one asset that remember who held them at each record date.
///
/// A record date is scheduled ahead and gets an id: 1, 2, 3 and so on, in order of time. It closes at
/// the end of its second. A transfer in a block with `timestamp <= recordTime(id)` counts for the
/// record, a later one does not, and balances at the record can be read only in a later second. So no
/// transaction, and no block, can both move shares and see the snapshot it moved them into.
///
/// Holders pay for this only when a record has closed since their account was last written: the first
/// movement afterwards stores the old balance once.
///
/// Errors for ordinary ERC-20 failures are those of ERC-6093; permits follow ERC-2612 and ERC-5267.
interface IShareToken is IRecordToken, IRecordHoldings, IERC3643Token, IERC7943Fungible, IDocuments {
    /// @notice What a share token is made of.
    /// @param name ERC-20 name
    /// @param symbol ERC-20 symbol
    /// @param decimals 0 to 18; 0 for shares that cannot be divided
    /// @param owner First owner (ERC-173). No agent by itself: a role that came along would outlive the ownership
    /// @param rules Rules contract asked before every transfer, or zero for an open token; see `mint` for issues
    /// @param registry ERC-3643 identity registry asked before an account receives, or zero
    /// @param agents First agents; there may be none
    struct Terms {
        string name;
        string symbol;
        uint8 decimals;
        address owner;
        address rules;
        address registry;
        address[] agents;
    }

    /// @notice A record was scheduled to close at the end of second `closesAt`.
    event RecordScheduled(uint256 indexed recordId, uint48 closesAt);

    /// @notice A record was cancelled before it closed. It never closes, and its id is not given again.
    event RecordCancelled(uint256 indexed recordId);

    /// @notice Thrown when the terms ask for more decimals than a share token can have.
    error ShareToken_TooManyDecimals(uint8 given, uint8 limit);

    /// @notice Thrown when an agent's function is called by `caller`, who is not an agent.
    error ShareToken_NotAgent(address caller);

    /// @notice Thrown when the zero address would become an agent.
    error ShareToken_InvalidAgent(address agent);

    /// @notice Thrown when a record would close before the present second.
    error ShareToken_RecordInThePast(uint256 closesAt, uint256 presentTime);

    /// @notice Thrown when a record would not close later than the record before it.
    error ShareToken_RecordNotLater(uint256 closesAt, uint256 previousClosesAt);

    /// @notice Thrown when a record would close more than 400 days from now: a time in milliseconds is refused, and no
    /// single order can stand in the way of all records of the years to come.
    error ShareToken_RecordTooFar(uint256 closesAt, uint256 limit);

    /// @notice Thrown when a record that has closed would be cancelled.
    error ShareToken_RecordClosed(uint256 recordId, uint256 closesAt, uint256 presentTime);

    /// @notice Thrown when a record is asked for, or would be cancelled, that has been cancelled: it never closes.
    error ShareToken_RecordCancelled(uint256 recordId);

    /// @notice Thrown when a record id was never given out.
    error ShareToken_UnknownRecord(uint256 recordId, uint256 recordCount);

    /// @notice Thrown when balances are asked for at a record that has not closed.
    error ShareToken_RecordOpen(uint256 recordId, uint256 closesAt, uint256 presentTime);

    /// @notice Thrown when issuing would lift the supply over what the ledger can hold.
    error ShareToken_SupplyTooLarge(uint256 supply, uint256 issued, uint256 limit);

    /// @notice Thrown when the arguments of a batch differ in length.
    error ShareToken_LengthMismatch(uint256 receivers, uint256 amounts);

    /// @notice Thrown when the last owner tries to leave: nobody could replace broken rules after that.
    error ShareToken_OwnerRequired();

    /// @notice Thrown when a permit is used after its deadline (ERC-2612).
    error ERC2612ExpiredSignature(uint256 deadline);

    /// @notice Thrown when a permit was not signed by `owner`, neither by key nor by ERC-1271 (ERC-2612).
    error ERC2612InvalidSigner(address owner);

    /// @notice Thrown when more shares of a wallet would be frozen one by one than it holds.
    error ShareToken_FreezeExceedsBalance(address account, uint256 frozen, uint256 balance);

    /// @notice Thrown when more shares of a wallet would be released than are frozen.
    error ShareToken_UnfreezeExceedsFrozen(address account, uint256 amount, uint256 frozen);

    /// @notice Thrown when a holder transfers while transfers are stopped.
    error ShareToken_Paused();

    /// @notice Thrown when a frozen or lost wallet spends another's allowance.
    error ShareToken_SpenderBlocked(address spender);

    /// @notice Thrown when a recovery names a wallet that cannot give, or cannot take, another's place.
    error ShareToken_InvalidRecovery(address lost, address successor);

    /// @notice Thrown when an ERC-3643 registry knows the two wallets of a recovery by different identities; zero is none.
    error ShareToken_OtherIdentity(address lost, address successor, address identity, address otherIdentity);

    /// @notice Thrown when a compliance contract does not take the token: it has another, fails, or is no contract.
    error ShareToken_BindingRefused(address compliance);

    /// @notice Whether income is held while its holder is not eligible.
    event IncomeHeldSet(bool whileIneligible);

    /// @notice So many shares of `account` are held now, after a hold, a delivery, a release, an order that took them, or
    /// a recovery that moved them.
    event HeldSet(address indexed account, uint256 held);

    /// @notice The contract that may hold shares is now this one, or none if it is zero.
    event HoldsContractSet(address indexed holdsContract);

    /// @notice Thrown when a function of the appointed contract is called by `caller`, which is another.
    error ShareToken_NotHoldsContract(address caller);

    /// @notice Thrown when more shares would be delivered or released than are held.
    error ShareToken_HoldExceeded(address account, uint256 amount, uint256 held);

    /// @notice Thrown when a lost wallet would become owner, agent or the contract that may hold shares: who has its key
    /// is not whom its holder meant.
    error ShareToken_HasSuccessor(address account);

    /// @notice Schedules the next record date. Agents only.
    /// @param closesAt Unix second at whose end the record closes: not past, at most 400 days ahead, and later than
    /// every earlier record that was not cancelled
    /// @return recordId The new record's id; ids run from 1
    function scheduleRecord(uint48 closesAt) external returns (uint256 recordId);

    /// @notice Cancels record `firstId`, which must be open, and every later one. Owner only. Their ids are not given
    /// again, and they never close; what was declared for them goes back to who declared it (`DividendVault.refund`).
    /// @dev Each costs its event and a fifth of a slot. Were there ever more than fit a transaction, the owner cancels
    /// from the end in several: records cancelled before cost a later call nothing but one step for each earlier call.
    function cancelRecords(uint256 firstId) external;

    /// @notice Whether a record was cancelled; no for an id that was never given. Never reverts.
    function isRecordCancelled(uint256 recordId) external view returns (bool);

    /// @notice Records scheduled so far, cancelled ones among them; their ids are 1 to `recordCount()`.
    function recordCount() external view returns (uint256);

    /// @notice Who receives what `account` is owed: its successor if it was recovered, else itself.
    function successorOf(address account) external view returns (address);

    /// @notice Who would be paid, of a distribution declared now, what `account` is owed: `successorOf(account)`, or
    /// zero while that is held. It is while that wallet is frozen, or not eligible if the issuer has set that income is
    /// held for that. Never reverts. What was declared before goes by its own terms: `IDividendVault.claimable`.
    function claimantOf(address account) external view returns (address);

    /// @notice Sets whether income is held while its holder is not eligible. Owner only; off at first. A vault asks when
    /// a distribution is declared and keeps the answer as one of its terms, so this reaches what is declared from now on
    /// and nothing before. A frozen wallet's income is held in any case.
    function setIncomeHeld(bool whileIneligible) external;

    /// @notice The contract that may hold shares for a purpose, or zero for none.
    function holdsContract() external view returns (address);

    /// @notice Appoints the one contract that may call `hold`, `deliver` and `release`; zero for none. Owner only. It has
    /// no power beside these three.
    /// @dev What is held stays held, and is then the next contract's to deliver or release: replace it when nothing is
    /// held, or by a contract that knows what is. With none, an agent's order or another appointment is the only way
    /// to the shares.
    function setHoldsContract(address newHoldsContract) external;

    /// @notice How many shares of `account` are held. They are its own: they earn, they vote, they count as its holding,
    /// and cannot be given until they are released. Never more than its balance.
    function heldOf(address account) external view returns (uint256);

    /// @notice Holds shares that are free: neither frozen by order nor held, of a wallet that is neither frozen nor lost.
    /// For the appointed contract only.
    function hold(address account, uint256 amount) external;

    /// @notice Lets go of held shares and transfers them, in one: judged exactly as a transfer by their holder, by
    /// pause, freezes, eligibility and rules. For the appointed contract only.
    /// @dev While the wallet is frozen nothing is delivered. Nor is anything while more shares are frozen by order and
    /// held than there are: an order that reaches beyond what is free reaches into what was held before.
    function deliver(address from, address to, uint256 amount) external;

    /// @notice Lets go of held shares: they are their holder's to give again. For the appointed contract only, at any
    /// time, whatever is frozen.
    function release(address account, uint256 amount) external;

    /// @notice Everything that stands in the way of a transfer, and the most that would pass now.
    /// @dev Never reverts: rules that fail are a refusal of their own. Balance and allowance are not refusals, but
    /// `most` is at most the unfrozen balance.
    function explain(
        address from,
        address to,
        uint256 amount
    ) external view returns (ITransferRules.Refusal[] memory refusals, uint256 most);
}
