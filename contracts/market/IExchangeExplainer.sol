// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITransferRules} from "../compliance/ITransferRules.sol";
import {IShareExchange} from "./IShareExchange.sol";

/// @title IExchangeExplainer
/// @notice Says what stands in the way of an elective exchange, before anybody pays for a transaction that fails.
///
/// It reads one `ShareExchange` by its public views, and stands beside it only because that contract is as large as a
/// contract may be. It has no owner and no storage, changes nothing and holds nothing: whoever mistrusts it can read the
/// same views.
interface IExchangeExplainer {
    /// @notice Why an exchange cannot be made. `NotFree`: the token names a pause, a block, a freeze or a lock-up.
    /// `GiveRefused`: the acquirer cannot receive the shares. `OtherRefused`: the holder cannot receive the other
    /// shares.
    enum Code {
        NotOpen,
        Mandatory,
        Nothing,
        PriceTooOld,
        OverDayLimit,
        Unfunded,
        Balance,
        NotFree,
        GiveRefused,
        OtherRefused,
        DueBalance,
        DueAllowance
    }

    /// @notice One obstacle to an exchange.
    /// @param code Which
    /// @param value What is given or asked, in the unit of the code: seconds, shares, money
    /// @param limit What is allowed or there
    struct Obstacle {
        Code code;
        uint256 value;
        uint256 limit;
    }

    /// @notice The contract whose exchanges are explained.
    function shareExchange() external view returns (IShareExchange);

    /// @notice Everything that stands in the way of an elective exchange now, and the most shares that would pass.
    /// @dev Refuses an exchange that was never opened (`ShareExchange_UnknownExchange`); reverts for no other reason.
    /// Lists nothing if and only if `exchange` by `holder` for the quoted amounts would succeed in this block, for share
    /// tokens of this system and currencies that move what they are asked to. Of other shares that are minted it does
    /// not see a cap that rules put on their number.
    /// @return obstacles What would make `exchange` revert
    /// @return refusals Why the rules refuse it, if the token can say it: that the shares are free, or else that the
    /// acquirer receives them, or else that the holder receives the other shares
    /// @return most Shares; 0 if nothing would pass
    function explain(
        uint256 id,
        address holder,
        uint256 shares
    ) external view returns (Obstacle[] memory obstacles, ITransferRules.Refusal[] memory refusals, uint256 most);
}
