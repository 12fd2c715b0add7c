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

    /// @dev `hashStruct` of EIP-712. Words with bits that their type has no room for are refused where a field is read:
    /// `settle` reads every one.
    function hash(ITradeSettlement.Trade calldata trade) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](trade.legs.length);
        for (uint256 i = 0; i < hashes.length; ++i) {
            hashes[i] = _hash(trade.legs[i]);
        }
        return
            keccak256(
                abi.encode(
                    TYPEHASH,
                    keccak256(abi.encodePacked(hashes)),
                    trade.nonce,
                    trade.validUntil,
                    trade.documentHash
                )
            );
    }

    /// @dev Everybody who gives, in the order in which they first do. Reverts if a leg moves nothing, or there are none or
    /// too many.
    function givers(ITradeSettlement.Trade calldata trade) internal pure returns (address[] memory found) {
        uint256 legs = trade.legs.length;
        if (legs == 0 || legs > MAX_LEGS) revert ITradeSettlement.TradeSettlement_Legs(legs, MAX_LEGS);
        found = new address[](legs);
        uint256 count = 0;
        for (uint256 i = 0; i < legs; ++i) {
            ITradeSettlement.Leg calldata leg = trade.legs[i];
            address from = leg.from;
            if (leg.amount == 0 || from == leg.to) revert ITradeSettlement.TradeSettlement_IdleLeg(i);
            if (!_isAmong(found, count, from)) found[count++] = from;
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

    function _hash(ITradeSettlement.Leg calldata leg) private pure returns (bytes32 structHash) {
        bytes32 typehash = LEG_TYPEHASH;
        // A leg is encoded as it is signed, word by word.
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, typehash)
            calldatacopy(add(data, 0x20), leg, 0x80)
            structHash := keccak256(data, 0xa0)
        }
    }
}
