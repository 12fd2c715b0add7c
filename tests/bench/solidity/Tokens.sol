// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {PaymentSplitter} from "@openzeppelin/contracts-v4/finance/PaymentSplitter.sol";
import {Ownable as SoladyOwnable} from "solady/auth/Ownable.sol";
import {ERC20 as SoladyERC20} from "solady/tokens/ERC20.sol";
import {Owned} from "solmate/auth/Owned.sol";
import {ERC20 as SolmateERC20} from "solmate/tokens/ERC20.sol";

/// @title OpenZeppelinToken
/// @notice OpenZeppelin's ERC20 as its wizard writes it: permits, an owner, who issues.
contract OpenZeppelinToken is ERC20Permit, Ownable {
    constructor(
        string memory name_,
        string memory symbol_
    ) ERC20(name_, symbol_) ERC20Permit(name_) Ownable(msg.sender) {}

    function issue(address[] calldata to, uint256[] calldata amounts) external onlyOwner {
        for (uint256 i = 0; i < to.length; ++i) {
            _mint(to[i], amounts[i]);
        }
    }
}

/// @title VotesToken
/// @notice OpenZeppelin's ERC20Votes, by time: what is chosen where balances at a date are wanted.
contract VotesToken is ERC20Permit, ERC20Votes, Ownable {
    constructor(
        string memory name_,
        string memory symbol_
    ) ERC20(name_, symbol_) ERC20Permit(name_) Ownable(msg.sender) {}

    function issue(address[] calldata to, uint256[] calldata amounts) external onlyOwner {
        for (uint256 i = 0; i < to.length; ++i) {
            _mint(to[i], amounts[i]);
        }
    }

    function clock() public view override returns (uint48) {
        return uint48(block.timestamp);
    }

    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    function nonces(address owner_) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner_);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }
}

/// @title IncomeVault
/// @notice OpenZeppelin's ERC4626 over a currency: income is sent to it, and each share is worth more.
contract IncomeVault is ERC4626 {
    constructor(IERC20 asset_, string memory name_, string memory symbol_) ERC20(name_, symbol_) ERC4626(asset_) {}
}

/// @title SoladyToken
/// @notice Solady's ERC20 with its owner, who issues.
contract SoladyToken is SoladyERC20, SoladyOwnable {
    constructor() {
        _initializeOwner(msg.sender);
    }

    function issue(address[] calldata to, uint256[] calldata amounts) external onlyOwner {
        for (uint256 i = 0; i < to.length; ++i) {
            _mint(to[i], amounts[i]);
        }
    }

    function name() public pure override returns (string memory) {
        return "Harbour Street 12";
    }

    function symbol() public pure override returns (string memory) {
        return "HARB";
    }
}

/// @title SolmateToken
/// @notice solmate's ERC20 with its owner, who issues.
contract SolmateToken is SolmateERC20, Owned {
    constructor(string memory name_, string memory symbol_) SolmateERC20(name_, symbol_, 0) Owned(msg.sender) {}

    function issue(address[] calldata to, uint256[] calldata amounts) external onlyOwner {
        for (uint256 i = 0; i < to.length; ++i) {
            _mint(to[i], amounts[i]);
        }
    }
}

/// @title TwoTransfers
/// @notice Moves two tokens between two wallets and does nothing else: what an exchange cannot go below.
contract TwoTransfers {
    /// @notice What one side gives.
    struct Side {
        IERC20 token;
        address from;
        uint256 amount;
    }

    function swap(Side calldata one, Side calldata other) external {
        one.token.transferFrom(one.from, other.from, one.amount);
        other.token.transferFrom(other.from, one.from, other.amount);
    }
}
