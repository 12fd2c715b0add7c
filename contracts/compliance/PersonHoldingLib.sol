// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev A person's shares of one token, in one storage slot, from the lowest bit up:
///
///     shares  96 bits   shares over all of the person's wallets
///     group   24 bits   country (16) and class (8) under which the person is counted meanwhile
type Holding is uint256;

using PersonHoldingLib for Holding global;

/// @title PersonHoldingLib
/// @notice Reads and writes the fields of a packed `Holding`. Pure: it touches no storage.
library PersonHoldingLib {
    uint256 private constant MASK_96 = type(uint96).max;

    /// @dev Both values fit: shares are bounded by a token's supply, and the group is an investor's.
    function pack(uint256 shares_, uint256 group_) internal pure returns (Holding) {
        return Holding.wrap(shares_ | (group_ << 96));
    }

    function shares(Holding self) internal pure returns (uint256) {
        return Holding.unwrap(self) & MASK_96;
    }

    function group(Holding self) internal pure returns (uint256) {
        return Holding.unwrap(self) >> 96;
    }
}
