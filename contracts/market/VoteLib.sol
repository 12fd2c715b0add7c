// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBallot} from "./IBallot.sol";
import {VoteCountLib} from "./VoteCountLib.sol";

/// @title VoteLib
/// @notice What a vote says: its choices, its parts, and what is signed of it.
library VoteLib {
    bytes32 internal constant VOTE_TYPEHASH = keccak256(
        "Vote(uint256 id,address holder,address voter,uint48 version,uint128 choices,Part[] parts)"
        "Part(uint128 shares,uint128 choices)"
    );

    bytes32 internal constant PART_TYPEHASH = keccak256("Part(uint128 shares,uint128 choices)");

    bytes32 internal constant APPOINTMENT_TYPEHASH = keccak256(
        "Appointment(uint256 id,address holder,address claimant,address proxy,uint48 version)"
    );

    uint256 internal constant MAX_PARTS = 256;

    /// @dev Shares in all parts.
    function sharesIn(IBallot.Part[] calldata parts) internal pure returns (uint256 shares) {
        for (uint256 i = 0; i < parts.length; ++i) {
            shares += parts[i].shares;
        }
    }

    /// @dev The first choices that are wrong, of all shares and then of each part; and whether any are. All shares choose
    /// nothing if there are parts.
    function findWrong(
        uint256 choices,
        IBallot.Part[] calldata parts,
        uint256 resolutions
    ) internal pure returns (bool found, uint256 wrong) {
        if (parts.length == 0) return (VoteCountLib.isWrong(choices, resolutions), choices);
        if (choices != 0) return (true, choices);
        for (uint256 i = 0; i < parts.length; ++i) {
            if (VoteCountLib.isWrong(parts[i].choices, resolutions)) return (true, parts[i].choices);
        }
    }

    /// @dev Whether there are too many parts, or an empty one.
    function areMalformed(IBallot.Part[] calldata parts) internal pure returns (bool) {
        if (parts.length > MAX_PARTS) return true;
        for (uint256 i = 0; i < parts.length; ++i) {
            if (parts[i].shares == 0) return true;
        }
        return false;
    }

    /// @dev By which a split vote is known; zero for no parts.
    function hashOf(IBallot.Part[] calldata parts) internal pure returns (bytes32) {
        return parts.length == 0 ? bytes32(0) : keccak256(abi.encode(parts));
    }

    /// @dev `hashStruct` of EIP-712.
    function hash(IBallot.Vote calldata signed) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    VOTE_TYPEHASH,
                    signed.id,
                    signed.holder,
                    signed.voter,
                    signed.version,
                    signed.choices,
                    _listHash(signed.parts)
                )
            );
    }

    /// @dev `hashStruct` of EIP-712.
    function hash(IBallot.Appointment calldata appointment) internal pure returns (bytes32) {
        return keccak256(abi.encode(APPOINTMENT_TYPEHASH, appointment));
    }

    /// @dev A list of structs is hashed as the hashes of its members, one after the other.
    function _listHash(IBallot.Part[] calldata parts) private pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](parts.length);
        for (uint256 i = 0; i < parts.length; ++i) {
            hashes[i] = keccak256(abi.encode(PART_TYPEHASH, parts[i].shares, parts[i].choices));
        }
        return keccak256(abi.encodePacked(hashes));
    }
}
