// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICallAuction} from "./ICallAuction.sol";

/// @title CallWordLib
/// @notice Reads the terms of a call as they are. Only for terms whose hash is that of a call that was opened, or that no
/// effect is based on: `CallTermsLib.requireValid` has seen once that no word has bits where none belong, and the compiler
/// would look each time.
library CallWordLib {
    uint256 private constant KIND = 0x40;
    uint256 private constant TOKEN = 0x60;
    uint256 private constant LOT = 0x80;
    uint256 private constant PRINCIPAL = 0xa0;
    uint256 private constant MINT = 0xc0;
    uint256 private constant LEAST_LOTS = 0x120;
    uint256 private constant CURRENCY = 0x160;
    uint256 private constant LADDER_BYTES = 0x60;
    uint256 private constant OPENS_AT = 0x240;
    uint256 private constant CLOSES_AT = 0x280;
    uint256 private constant LEAST_ORDER = 0x320;
    uint256 private constant MOST_PER_PERSON = 0x340;
    uint256 private constant REGISTRY = 0x360;
    uint256 private constant RECORD_ID = 0x380;
    uint256 private constant VALUER = 0x3e0;
    uint256 private constant FEE_BPS = 0x420;
    uint256 private constant DELIVERY_GAS = 0x440;

    function isSale(ICallAuction.Terms calldata terms) internal pure returns (bool) {
        return _at(terms, KIND) == uint256(ICallAuction.Kind.Sale);
    }

    function isMinted(ICallAuction.Terms calldata terms) internal pure returns (bool) {
        return _at(terms, MINT) != 0;
    }

    function isValued(ICallAuction.Terms calldata terms) internal pure returns (bool) {
        return _at(terms, VALUER) != 0;
    }

    function tokenOf(ICallAuction.Terms calldata terms) internal pure returns (address) {
        return _addressAt(terms, TOKEN);
    }

    function principalOf(ICallAuction.Terms calldata terms) internal pure returns (address) {
        return _addressAt(terms, PRINCIPAL);
    }

    /// @dev The currency of a ladder, which is 0 or 1.
    function currencyOf(ICallAuction.Terms calldata terms, uint256 ladder) internal pure returns (address) {
        // One of two.
        unchecked {
            return _addressAt(terms, CURRENCY + ladder * LADDER_BYTES);
        }
    }

    function lotOf(ICallAuction.Terms calldata terms) internal pure returns (uint256) {
        return _at(terms, LOT);
    }

    function leastLotsOf(ICallAuction.Terms calldata terms) internal pure returns (uint256) {
        return _at(terms, LEAST_LOTS);
    }

    function feeBpsOf(ICallAuction.Terms calldata terms) internal pure returns (uint256) {
        return _at(terms, FEE_BPS);
    }

    function deliveryGasOf(ICallAuction.Terms calldata terms) internal pure returns (uint256) {
        return _at(terms, DELIVERY_GAS);
    }

    function opensAtOf(ICallAuction.Terms calldata terms) internal pure returns (uint256) {
        return _at(terms, OPENS_AT);
    }

    function closesAtOf(ICallAuction.Terms calldata terms) internal pure returns (uint256) {
        return _at(terms, CLOSES_AT);
    }

    function leastOrderOf(ICallAuction.Terms calldata terms) internal pure returns (uint256) {
        return _at(terms, LEAST_ORDER);
    }

    /// @dev Whether persons have a limit, and are counted.
    function isCounted(ICallAuction.Terms calldata terms) internal pure returns (bool) {
        return _at(terms, MOST_PER_PERSON) | _at(terms, RECORD_ID) != 0;
    }

    function registryOf(ICallAuction.Terms calldata terms) internal pure returns (address) {
        return _addressAt(terms, REGISTRY);
    }

    function _addressAt(ICallAuction.Terms calldata terms, uint256 place) private pure returns (address) {
        // No bits lie above an address.
        return address(uint160(_at(terms, place)));
    }

    /// @dev A word of the terms, by its place.
    function _at(ICallAuction.Terms calldata terms, uint256 place) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(terms, place))
        }
    }
}
