// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20 as OpenZeppelinERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ERC20 as SoladyERC20} from "solady/tokens/ERC20.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {ProRataLib} from "../../../contracts/libraries/ProRataLib.sol";
import {ProgressLib} from "../../../contracts/income/ProgressLib.sol";
import {SettlementLib} from "./SettlementLib.sol";

/// @title OpenZeppelinPeer
/// @notice A token as OpenZeppelin writes one, to be compared with ours.
contract OpenZeppelinPeer is ERC20Permit {
    constructor(string memory name_) OpenZeppelinERC20(name_, "PEER") ERC20Permit(name_) {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function burn(address from, uint256 amount) external {
        _burn(from, amount);
    }
}

/// @title SoladyPeer
/// @notice A token as Solady writes one.
contract SoladyPeer is SoladyERC20 {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function burn(address from, uint256 amount) external {
        _burn(from, amount);
    }

    function name() public pure override returns (string memory) {
        return "Peer";
    }

    function symbol() public pure override returns (string memory) {
        return "PEER";
    }

    /// @dev Without it, Permit2 may spend what nobody has approved.
    function _givePermit2InfiniteAllowance() internal pure override returns (bool) {
        return false;
    }
}

/// @title Divisions
/// @notice `floor(a * b / c)` by everybody who computes it.
contract Divisions {
    function openZeppelin(uint256 a, uint256 b, uint256 c) external pure returns (uint256) {
        return Math.mulDiv(a, b, c);
    }

    function solady(uint256 a, uint256 b, uint256 c) external pure returns (uint256) {
        return FixedPointMathLib.fullMulDiv(a, b, c);
    }

    function ours(uint256 a, uint256 b, uint256 c) external pure returns (uint256) {
        return ProRataLib.portionDown(a, b, c);
    }

    /// @notice What `shares` are settled for, in a lane at `shift` as wide as `eligible`, behind `settled` of them.
    function settling(
        uint256 amount,
        uint256 shares,
        uint256 eligible,
        uint256 settled,
        uint256 shift
    ) external pure returns (uint256 gross, uint256 lost, uint256 settledAfter) {
        uint256 width = FixedPointMathLib.log2(eligible) + 1;
        uint256 lane = (shift << 8) | width;
        uint256 lanes;
        (gross, lanes, ) = SettlementLib.settleDown(settled << shift, lane, amount, shares, eligible);
        return (gross, ProgressLib.lostIn(lanes, lane), ProgressLib.settledIn(lanes, lane));
    }
}

/// @title PlainLedger
/// @notice Balances, and balances at records, as plainly as they can be kept: one copy of everything per record.
contract PlainLedger {
    address[] public accounts;
    uint256[] public times;
    uint256 public closed;
    uint256 public totalSupply;

    mapping(address account => uint256) public balanceOf;
    mapping(uint256 recordId => mapping(address account => uint256)) private _balances;
    mapping(uint256 recordId => uint256) private _supplies;

    error PlainLedger_Refused();

    constructor(address[] memory accounts_) {
        accounts = accounts_;
    }

    function scheduleRecord(uint48 at_) external returns (uint256) {
        close();
        if (at_ < block.timestamp) revert PlainLedger_Refused();
        if (times.length != 0 && at_ <= times[times.length - 1]) revert PlainLedger_Refused();
        times.push(at_);
        return times.length;
    }

    function mint(address to, uint256 amount) external {
        close();
        totalSupply += amount;
        balanceOf[to] += amount;
    }

    function burn(address from, uint256 amount) external {
        close();
        totalSupply -= amount;
        balanceOf[from] -= amount;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        close();
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
        return true;
    }

    function forcedTransfer(address from, address to, uint256 amount) external {
        close();
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }

    function balanceOfAt(address account, uint256 recordId) external view returns (uint256) {
        _requireOver(recordId);
        return recordId <= closed ? _balances[recordId][account] : balanceOf[account];
    }

    function totalSupplyAt(uint256 recordId) external view returns (uint256) {
        _requireOver(recordId);
        return recordId <= closed ? _supplies[recordId] : totalSupply;
    }

    function close() public {
        while (closed < times.length && times[closed] < block.timestamp) {
            ++closed;
            _supplies[closed] = totalSupply;
            for (uint256 i = 0; i < accounts.length; ++i) {
                _balances[closed][accounts[i]] = balanceOf[accounts[i]];
            }
        }
    }

    function _requireOver(uint256 recordId) private view {
        if (recordId == 0 || recordId > times.length) revert PlainLedger_Refused();
        if (block.timestamp <= times[recordId - 1]) revert PlainLedger_Refused();
    }
}
