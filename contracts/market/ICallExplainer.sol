// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICallAuction} from "./ICallAuction.sol";
import {ITransferRules} from "../compliance/ITransferRules.sol";

/// @title ICallExplainer
/// @notice Says what stands in the way of an order in a call, before anybody pays for a transaction that fails.
///
/// It reads one `CallAuction` by its public views, and stands beside it only because that contract is as large as a
/// contract may be. It has no owner and no storage, changes nothing and holds nothing: whoever mistrusts it can read
/// the same views.
interface ICallExplainer {
    /// @notice Why an order cannot be placed. `NotKept`: the call auction may not hold that much of the owner's shares
    /// until `settleBy`. `Undeliverable`: the token would refuse that the owner receives.
    enum Code {
        NotOpen,
        WrongSide,
        UnknownStep,
        UnknownLadder,
        TooSmall,
        TooLarge,
        UnknownPerson,
        PrincipalsPerson,
        OverLimit,
        Balance,
        Allowance,
        NotKept,
        Undeliverable
    }

    /// @notice One obstacle to an order.
    /// @param code Which
    /// @param value What is given or asked, in the unit of the code: seconds, lots, money, a number
    /// @param limit What is allowed or there
    struct Obstacle {
        Code code;
        uint256 value;
        uint256 limit;
    }

    /// @notice The contract whose calls are explained.
    function callAuction() external view returns (ICallAuction);

    /// @notice Everything that stands in the way of an order now, and the largest that would pass.
    /// @dev Refuses a call that was never opened (`CallAuction_UnknownCall`), and reverts for no other reason but in the
    /// middle of a call of the auction's. Lists nothing if and only if `place` by `owner` would succeed in this block,
    /// for share tokens of this system and currencies that move what they are asked to.
    /// @return obstacles What would make `place` revert
    /// @return refusals Why the rules refuse that the owner receives, if the token can say it
    /// @return most In the unit of `quantity`; 0 if nothing would pass
    function explain(
        ICallAuction.Terms calldata terms,
        address owner,
        ICallAuction.Side side,
        uint128 quantity,
        uint8 step,
        uint8 ladder
    ) external view returns (Obstacle[] memory obstacles, ITransferRules.Refusal[] memory refusals, uint256 most);
}
