// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITransferRules} from "../../../../contracts/compliance/ITransferRules.sol";

/// @title ShareRecorder
/// @notice A share token without rules that notes what is burnt, and whether its agent told it anything else.
contract ShareRecorder {
    address public immutable owner = msg.sender;
    uint256 public totalSupply;

    bool public foreign;
    uint256 public burns;
    address public from;
    uint256 public amount;

    address private _claimant;
    uint256 private _held;

    mapping(address account => uint256) public balanceOf;

    /// @dev Whatever else is said to it.
    fallback() external {
        foreign = true;
    }

    function issue(address account, uint256 shares) external {
        balanceOf[account] += shares;
        totalSupply += shares;
    }

    /// @dev Who is paid for everybody, and how many shares of everybody are held.
    function set(address claimant, uint256 held) external {
        (_claimant, _held) = (claimant, held);
    }

    function burn(address account, uint256 shares) external {
        ++burns;
        (from, amount) = (account, shares);
        balanceOf[account] -= shares;
        totalSupply -= shares;
    }

    function claimantOf(address) external view returns (address) {
        return _claimant;
    }

    function heldOf(address) external view returns (uint256) {
        return _held;
    }

    function isAgent(address) external pure returns (bool) {
        return true;
    }

    function explain(
        address,
        address,
        uint256
    ) external pure returns (ITransferRules.Refusal[] memory refusals, uint256 most) {
        return (refusals, type(uint256).max);
    }
}
