// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRecordHoldings} from "../../../contracts/token/IRecordHoldings.sol";
import {BareToken} from "./BareToken.sol";

/// @title HoldingsToken
/// @notice A token that is a record token with `IRecordHoldings`, and no more: of people it tells nothing else.
contract HoldingsToken is BareToken, IRecordHoldings {
    bool public incomeHeldWhileIneligible;
    mapping(address account => address) private _claimants;
    mapping(address account => bool) private _ineligible;

    /// @notice Has `claimant` paid what `account` is owed.
    function setClaimant(address account, address claimant) external {
        _claimants[account] = claimant;
    }

    /// @notice Sets whether somebody is not eligible.
    function setIneligible(address account, bool yes) external {
        _ineligible[account] = yes;
    }

    /// @notice Sets whether income of what is declared from now on is held for who is not eligible.
    function setHeld(bool yes) external {
        incomeHeldWhileIneligible = yes;
    }

    /// @inheritdoc IRecordHoldings
    function holdingsAt(
        address account,
        uint256[] calldata recordIds,
        bool eligibleOnly
    ) external view returns (address claimant, uint256[] memory balances) {
        claimant = _claimants[account] == address(0) ? account : _claimants[account];
        if (eligibleOnly && _ineligible[claimant]) claimant = address(0);
        balances = new uint256[](recordIds.length);
        for (uint256 i = 0; i < recordIds.length; ++i) {
            balances[i] = sharesOf[account][recordIds[i]];
        }
    }
}
