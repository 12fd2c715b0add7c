// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ITransferRules
/// @notice Decides which movements of a token's shares are allowed, and explains every refusal.
/// @dev The token calls before it has read or written the two accounts, so a rules contract that calls back finds
/// and leaves a consistent ledger. `msg.sender` is the token in every function that is not a view.
interface ITransferRules {
    /// @notice Why a movement is refused. The first five come from the token itself.
    enum Code {
        None,
        Paused,
        SenderBlocked,
        ReceiverBlocked,
        AmountFrozen,
        NotEligible,
        Country,
        Class,
        WindowClosed,
        MaxHolders,
        MaxHoldersInCountry,
        MaxHoldersOfClass,
        MaxHoldersOfClassInCountry,
        MaxHolding,
        MinHoldingGiver,
        MinHoldingTaker,
        LockedUp,
        SupplyCap,
        RulesFailed
    }

    /// @notice One rule that a movement breaks.
    /// @param code The rule
    /// @param value What the movement would lead to, or what is known: a count, an amount, a country or a time
    /// @param limit What the rule allows
    struct Refusal {
        Code code;
        uint256 value;
        uint256 limit;
    }

    /// @notice Thrown when a movement breaks a rule: the first one that `explain` would list.
    error TransferRules_Refused(Code code, uint256 value, uint256 limit);

    /// @notice Checks a transfer that a holder or a spender asked for, and books it. Reverts to refuse it.
    /// @return Always true
    function authorize(address from, address to, uint256 amount) external returns (bool);

    /// @notice Books a movement that an agent ordered: issuing (`from` is zero), burning (`to` is zero) or a forced
    /// transfer. Checks the receiver's eligibility and, when issuing, the supply cap; nothing else.
    /// @param supply The token's supply after the movement
    function book(address from, address to, uint256 amount, uint256 supply) external;

    /// @notice Books that `successor` takes the place of `lost`, with all its shares.
    function recover(address lost, address successor) external;

    /// @notice Tells the rules that the token has replaced them.
    function replacedBy(address newRules) external;

    /// @notice All rules that a transfer of `token` would break, and the most that would pass by these rules.
    function explain(
        address token,
        address from,
        address to,
        uint256 amount
    ) external view returns (Refusal[] memory refusals, uint256 most);

    /// @notice Whether `explain` would list nothing. A token takes an answer that needs over 8,000,000 gas for a refusal.
    function canTransfer(address token, address from, address to, uint256 amount) external view returns (bool);

    /// @notice The registry in which a receiver must be eligible for these rules; zero if they do not ask for that.
    function registry() external view returns (address);

    /// @notice The registry in which these rules keep the count of persons; zero if they count nobody.
    function countsIn() external view returns (address);
}
