// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICompliance} from "../../../contracts/compliance/ICompliance.sol";

/// @title ForeignCompliance
/// @notice An ERC-3643 compliance contract with books of its own: no wallet may hold more than a limit by transfer.
contract ForeignCompliance is ICompliance {
    address public token;
    uint256 public limit = type(uint256).max;
    mapping(address wallet => uint256) public held;

    event Transferred(address from, address to, uint256 amount);
    event Created(address to, uint256 amount);
    event Destroyed(address from, uint256 amount);

    error ForeignCompliance_NotToken(address caller);

    modifier onlyToken() {
        if (msg.sender != token) revert ForeignCompliance_NotToken(msg.sender);
        _;
    }

    /// @notice Changes the limit.
    function setLimit(uint256 newLimit) external {
        limit = newLimit;
    }

    /// @inheritdoc ICompliance
    function bindToken(address token_) external {
        token = token_;
    }

    /// @inheritdoc ICompliance
    function unbindToken(address) external onlyToken {
        token = address(0);
    }

    /// @inheritdoc ICompliance
    function transferred(address from, address to, uint256 amount) external onlyToken {
        held[from] -= amount;
        held[to] += amount;
        emit Transferred(from, to, amount);
    }

    /// @inheritdoc ICompliance
    function created(address to, uint256 amount) external onlyToken {
        held[to] += amount;
        emit Created(to, amount);
    }

    /// @inheritdoc ICompliance
    function destroyed(address from, uint256 amount) external onlyToken {
        held[from] -= amount;
        emit Destroyed(from, amount);
    }

    /// @inheritdoc ICompliance
    function canTransfer(address, address to, uint256 amount) external view returns (bool) {
        return held[to] + amount <= limit;
    }
}
