// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {ITransferRules} from "../../../contracts/compliance/ITransferRules.sol";
import {Ambush} from "./Ambush.sol";

/// @title MovableRules
/// @notice Rules that allow or refuse as the test says, tell what they were asked, and can call back.
contract MovableRules is ITransferRules, IERC165, Ambush {
    bool public refusing;

    /// @inheritdoc ITransferRules
    address public registry;

    event Asked(address from, address to, uint256 amount);
    event Booked(address from, address to, uint256 amount, uint256 supply);
    event Recovered(address lost, address successor);
    event Replaced(address newRules);

    error MovableRules_Refused(address from, address to, uint256 amount);

    /// @notice Refuses from now on, or allows.
    function setRefusing(bool on) external {
        refusing = on;
    }

    /// @notice Claims to ask this registry.
    function setRegistry(address registry_) external {
        registry = registry_;
    }

    /// @inheritdoc ITransferRules
    function authorize(address from, address to, uint256 amount) external returns (bool) {
        if (refusing) revert MovableRules_Refused(from, to, amount);
        emit Asked(from, to, amount);
        _spring();
        return true;
    }

    /// @inheritdoc ITransferRules
    function book(address from, address to, uint256 amount, uint256 supply) external {
        if (refusing) revert MovableRules_Refused(from, to, amount);
        emit Booked(from, to, amount, supply);
        _spring();
    }

    /// @inheritdoc ITransferRules
    function recover(address lost, address successor) external {
        emit Recovered(lost, successor);
        _spring();
    }

    /// @inheritdoc ITransferRules
    function replacedBy(address newRules) external {
        emit Replaced(newRules);
        _spring();
    }

    /// @inheritdoc ITransferRules
    function explain(
        address,
        address,
        address,
        uint256 amount
    ) external view returns (Refusal[] memory refusals, uint256 most) {
        if (!refusing) return (refusals, type(uint256).max);
        refusals = new Refusal[](1);
        refusals[0] = Refusal(Code.Class, amount, 7);
    }

    /// @inheritdoc ITransferRules
    function canTransfer(address, address, address, uint256) external view returns (bool) {
        return !refusing;
    }

    /// @inheritdoc ITransferRules
    function countsIn() external pure returns (address) {
        return address(0);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(ITransferRules).interfaceId;
    }
}
