// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CallClearingLib} from "../../../contracts/market/CallClearingLib.sol";
import {CallTermsLib} from "../../../contracts/market/CallTermsLib.sol";
import {ICallAuction} from "../../../contracts/market/ICallAuction.sol";

/// @title CallProbe
/// @notice Hands the libraries of a call what they ask for, and back what they answer.
contract CallProbe {
    using CallTermsLib for ICallAuction.Terms;
    using CallClearingLib for ICallAuction.Terms;

    mapping(uint256 step => uint256) private _interest;
    uint256 private _named;

    /// @notice Sets the interest of every step from 0; what is zero is not named.
    function setInterest(uint256[] calldata words) external {
        _named = 0;
        for (uint256 step = 0; step < words.length; ++step) {
            _interest[step] = words[step];
            if (words[step] != 0) _named |= 1 << step;
        }
    }

    function clear(ICallAuction.Terms calldata terms) external view returns (ICallAuction.Clearing memory) {
        return terms.clear(_interest, _named, 0);
    }

    function clearAt(
        ICallAuction.Terms calldata terms,
        uint256 price
    ) external view returns (ICallAuction.Clearing memory clearing, uint256 bids) {
        return terms.clearAt(_interest, _named, 0, price);
    }

    function share(uint256 quantity, uint256 before, uint256 own, uint256 total) external pure returns (uint256) {
        return CallClearingLib.share(quantity, before, own, total);
    }

    function idOf(ICallAuction.Terms calldata terms) external pure returns (bytes32) {
        return terms.idOf();
    }

    function priceAt(ICallAuction.Terms calldata terms, uint256 ladder, uint256 step) external pure returns (uint256) {
        return terms.priceAt(ladder, step);
    }

    function requireValid(ICallAuction.Terms calldata terms) external view {
        terms.requireValid();
    }
}
