// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Recorder
/// @notice An asset that notes what it is told to do, and whether it was told anything that a holds contract has no
/// business to say.
contract Recorder {
    address public holdsContract;
    address public immutable owner = msg.sender;
    address public identityRegistry;
    uint256 public heldOfAll;
    bool public refuses;

    bool public foreign;
    uint256 public holds;
    uint256 public deliveries;
    uint256 public releases;
    uint256 public takes;
    address public from;
    address public to;
    uint256 public amount;

    mapping(address account => uint256) public balanceOf;

    error Recorder_Refused();

    /// @dev Whatever else is said to it.
    fallback() external {
        foreign = true;
    }

    function set(address appointed, address registry, uint256 held, bool refusing) external {
        (holdsContract, identityRegistry, heldOfAll, refuses) = (appointed, registry, held, refusing);
    }

    function give(address account, uint256 units) external {
        balanceOf[account] = units;
    }

    function hold(address account, uint256 units) external {
        ++holds;
        (from, amount) = (account, units);
    }

    function deliver(address giver, address taker, uint256 units) external {
        if (refuses) revert Recorder_Refused();
        ++deliveries;
        (from, to, amount) = (giver, taker, units);
    }

    function release(address account, uint256 units) external {
        ++releases;
        (from, amount) = (account, units);
    }

    function transfer(address taker, uint256 units) external returns (bool) {
        if (refuses || balanceOf[msg.sender] < units) return false;
        ++deliveries;
        (from, to, amount) = (msg.sender, taker, units);
        _move(msg.sender, taker, units);
        return true;
    }

    function transferFrom(address giver, address taker, uint256 units) external returns (bool) {
        if (refuses || balanceOf[giver] < units) return false;
        ++takes;
        (from, to, amount) = (giver, taker, units);
        _move(giver, taker, units);
        return true;
    }

    function heldOf(address) external view returns (uint256) {
        return heldOfAll;
    }

    function successorOf(address account) external pure returns (address) {
        return account;
    }

    function _move(address giver, address taker, uint256 units) private {
        balanceOf[giver] -= units;
        balanceOf[taker] += units;
    }
}
