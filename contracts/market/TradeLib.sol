// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITradeSettlement} from "./ITradeSettlement.sol";

/// @title TradeLib
/// @notice What a trade of several legs says, and who gives in it.
library TradeLib {
    bytes32 internal constant TYPEHASH = keccak256(
        "Trade(Leg[] legs,uint256 nonce,uint48 validUntil,bytes32 documentHash)"
        "Leg(address asset,address from,address to,uint256 amount)"
    );

    bytes32 internal constant LEG_TYPEHASH = keccak256("Leg(address asset,address from,address to,uint256 amount)");

    /// @dev The most legs of one trade.
    uint256 internal constant MAX_LEGS = 32;

    /// @dev The legs in memory, where their fields cost least to read, one behind the other. Reverts, as the compiler's own
    /// decoder would, if a word has bits that its type has no room for: so what is hashed is what is read.
    function load(ITradeSettlement.Leg[] calldata source) internal pure returns (ITradeSettlement.Leg[] memory legs) {
        // The compiler would read, check and write word by word, for three times the gas.
        assembly ("memory-safe") {
            legs := mload(0x40)
            mstore(legs, source.length)
            let place := add(legs, 0x20)
            let leg := add(place, shl(5, source.length))
            let end := add(leg, shl(7, source.length))
            mstore(0x40, end)
            calldatacopy(leg, source.offset, shl(7, source.length))
            let dirty := 0
            for {} lt(leg, end) {
                leg := add(leg, 0x80)
                place := add(place, 0x20)
            } {
                mstore(place, leg)
                // asset, from, to
                dirty := or(dirty, or(mload(leg), or(mload(add(leg, 0x20)), mload(add(leg, 0x40)))))
            }
            if shr(160, dirty) {
                revert(0x00, 0x00)
            }
        }
    }

    /// @dev `hashStruct` of EIP-712, with the legs as `load` gives them.
    function hash(
        ITradeSettlement.Trade calldata trade,
        ITradeSettlement.Leg[] memory legs
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(TYPEHASH, _hash(legs), trade.nonce, trade.validUntil, trade.documentHash));
    }

    /// @dev Everybody who gives, in the order in which they first do. Reverts if a leg moves nothing, or there are none or
    /// too many.
    function giversOf(ITradeSettlement.Leg[] memory legs) internal pure returns (address[] memory found) {
        if (legs.length == 0 || legs.length > MAX_LEGS) {
            revert ITradeSettlement.TradeSettlement_Legs(legs.length, MAX_LEGS);
        }
        found = new address[](legs.length);
        uint256 count = 0;
        for (uint256 i = 0; i < legs.length; ++i) {
            ITradeSettlement.Leg memory leg = legs[i];
            address from = leg.from;
            if (leg.amount == 0 || from == leg.to) revert ITradeSettlement.TradeSettlement_IdleLeg(i);
            if (_isAmong(found, count, from)) continue;
            // Never more than there are legs.
            unchecked {
                found[count++] = from;
            }
        }
        assembly ("memory-safe") {
            // Shortens the list to what was found.
            mstore(found, count)
        }
    }

    function _isAmong(address[] memory list, uint256 count, address account) private pure returns (bool) {
        for (uint256 i = 0; i < count; ++i) {
            if (list[i] == account) return true;
        }
        return false;
    }

    /// @dev A list of structs is hashed as the hashes of its members, one after the other.
    function _hash(ITradeSettlement.Leg[] memory legs) private pure returns (bytes32 listHash) {
        bytes32 typehash = LEG_TYPEHASH;
        // In memory a leg lies as it is signed, word by word. Each is hashed in place: the word before it is another's, and
        // is put back.
        assembly ("memory-safe") {
            let count := shl(5, mload(legs))
            let hashes := mload(0x40)
            for {
                let i := 0
            } lt(i, count) {
                i := add(i, 0x20)
            } {
                let data := sub(mload(add(add(legs, 0x20), i)), 0x20)
                let kept := mload(data)
                mstore(data, typehash)
                mstore(add(hashes, i), keccak256(data, 0xa0))
                mstore(data, kept)
            }
            listHash := keccak256(hashes, count)
        }
    }
}
