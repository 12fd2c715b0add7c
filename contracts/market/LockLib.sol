// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IHolds} from "./IHolds.sol";

/// @dev How far a hold is, in one storage slot, from the lowest bit up:
///
///     state        8 bits     `IHolds.State`
///     care         8 bits     where what is held lies
///     redirected   160 bits   where it goes in place of its receiver; zero if to its receiver
///     opened        48 bits   the second at which it opened
type Lock is uint256;

using LockLib for Lock global;

/// @dev Where what is held lies, and whom its token can be asked about. Decided when a hold opens.
/// `Locked`: in the holder's wallet, of a share token that has appointed the contract.
/// `Shares`: in the care of the contract, of a share token that has not.
/// `Plain`: in the care of the contract, of a token that knows no successors.
enum Care {
    Locked,
    Shares,
    Plain
}

/// @title LockLib
/// @notice Reads and writes the fields of `Lock`. Pure: it touches no storage.
library LockLib {
    uint256 private constant BYTE = 0xff;
    uint256 private constant REDIRECTED = uint256(type(uint160).max) << 16;
    uint256 private constant OPENED_AT = 176;

    /// @dev A hold that opens at a time. The caller warrants that it fits 48 bits, as that of every block does.
    function opened(Care care_, uint256 time) internal pure returns (Lock) {
        return Lock.wrap((time << OPENED_AT) | (uint256(care_) << 8) | uint256(IHolds.State.Open));
    }

    /// @dev Whether there is no hold: every one has a state.
    function isNone(Lock self) internal pure returns (bool) {
        return Lock.unwrap(self) == 0;
    }

    function state(Lock self) internal pure returns (IHolds.State) {
        return IHolds.State(Lock.unwrap(self) & BYTE);
    }

    function care(Lock self) internal pure returns (Care) {
        return Care((Lock.unwrap(self) >> 8) & BYTE);
    }

    function redirectedTo(Lock self) internal pure returns (address) {
        return address(uint160(Lock.unwrap(self) >> 16));
    }

    function openedAt(Lock self) internal pure returns (uint48) {
        return uint48(Lock.unwrap(self) >> OPENED_AT);
    }

    function withState(Lock self, IHolds.State state_) internal pure returns (Lock) {
        return Lock.wrap((Lock.unwrap(self) & ~BYTE) | uint256(state_));
    }

    function withRedirection(Lock self, address other) internal pure returns (Lock) {
        return Lock.wrap((Lock.unwrap(self) & ~REDIRECTED) | (uint256(uint160(other)) << 16));
    }
}
