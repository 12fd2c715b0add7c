// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Investor} from "../compliance/InvestorLib.sol";

/// @dev What decides a holder's rate, from the lowest bit up; all of it changes in one place at one time:
///
///     country        16 bits   ISO 3166-1 numeric
///     class           8 bits   investor class
///     known           1 bit    the registry knew the holder at its last snapshot
///     certificates   32 bits   how many certificates have been filed
///     spare         103 bits   zero
type InvestorStatus is uint256;

using InvestorStatusLib for InvestorStatus global;

/// @title InvestorStatusLib
/// @notice Reads and writes the fields of a packed `InvestorStatus`. Pure: it touches no storage.
library InvestorStatusLib {
    uint256 private constant FACTS = (1 << 25) - 1;
    uint256 private constant KNOWN = 1 << 24;
    uint256 private constant CERTIFICATES_AT = 25;

    function country(InvestorStatus self) internal pure returns (uint256) {
        return InvestorStatus.unwrap(self) & type(uint16).max;
    }

    function class(InvestorStatus self) internal pure returns (uint256) {
        return (InvestorStatus.unwrap(self) >> 16) & type(uint8).max;
    }

    function known(InvestorStatus self) internal pure returns (bool) {
        return InvestorStatus.unwrap(self) & KNOWN != 0;
    }

    function certificates(InvestorStatus self) internal pure returns (uint256) {
        return InvestorStatus.unwrap(self) >> CERTIFICATES_AT;
    }

    /// @dev With what a registry says of the person; nothing if it knows none.
    function withInvestor(InvestorStatus self, Investor investor) internal pure returns (InvestorStatus) {
        uint256 facts = investor.person() == 0 ? 0 : investor.group() | KNOWN;
        return InvestorStatus.wrap((InvestorStatus.unwrap(self) & ~FACTS) | facts);
    }

    /// @dev The count cannot overflow: each certificate is paid for, and 2^32 are more than a chain can carry.
    function withOneMoreCertificate(InvestorStatus self) internal pure returns (InvestorStatus) {
        unchecked {
            return InvestorStatus.wrap(InvestorStatus.unwrap(self) + (1 << CERTIFICATES_AT));
        }
    }
}
