// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IShareExchange} from "./IShareExchange.sol";

/// @dev What every exchange of shares reads and writes, in one storage slot, from the lowest bit up:
///
///     funds       128 bits   money that is here for exchanges to come
///     exchanged    96 bits   shares that were exchanged
///     ended         8 bits   `IShareExchange.Stage`; `None` while the exchange goes on
type Till is uint256;

using TillLib for Till global;

/// @title TillLib
/// @notice Reads and writes the fields of `Till`. Pure: it touches no storage.
library TillLib {
    uint256 private constant FUNDS = type(uint128).max;
    uint256 private constant SHARES = type(uint96).max;
    uint256 private constant ENDED = 224;

    function funds(Till self) internal pure returns (uint256) {
        return Till.unwrap(self) & FUNDS;
    }

    function exchanged(Till self) internal pure returns (uint256) {
        return (Till.unwrap(self) >> 128) & SHARES;
    }

    function ended(Till self) internal pure returns (IShareExchange.Stage) {
        return IShareExchange.Stage(Till.unwrap(self) >> ENDED);
    }

    /// @dev With less money, for so many shares more. The caller warrants that the money is there and the shares fit.
    function less(Till self, uint256 paid, uint256 shares) internal pure returns (Till) {
        unchecked {
            return Till.wrap(Till.unwrap(self) - paid + (shares << 128));
        }
    }

    /// @dev With more money. The caller warrants that it fits.
    function plus(Till self, uint256 received) internal pure returns (Till) {
        unchecked {
            return Till.wrap(Till.unwrap(self) + received);
        }
    }

    /// @dev The till of an exchange that goes on, ended so.
    function withEnded(Till self, IShareExchange.Stage stage) internal pure returns (Till) {
        return Till.wrap(Till.unwrap(self) | (uint256(stage) << ENDED));
    }
}
