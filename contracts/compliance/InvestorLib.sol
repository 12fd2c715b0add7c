// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev What a registry knows of the person behind a wallet, in one storage slot, from the lowest bit up:
///
///     person         48 bits   number of the person, the same for all wallets of one person; 0 for nobody
///     country        16 bits   ISO 3166-1 numeric
///     class           8 bits   investor class; the issuer fixes what the numbers mean
///     eligibleUntil  48 bits   last Unix second at which the person may receive shares
///     lost            1 bit    the wallet was lost and has a successor
///     formerUntil    48 bits   `eligibleUntil` of a lost wallet, to be restored if the loss is undone; else zero
///     spare          87 bits   zero
type Investor is uint256;

using InvestorLib for Investor global;

/// @title InvestorLib
/// @notice Reads and writes the fields of a packed `Investor`. Pure: it touches no storage.
library InvestorLib {
    /// @dev The largest value an issuer may give: everything but the mark of a lost wallet.
    uint256 internal constant MAX = (1 << 120) - 1;

    uint256 private constant LOST = 1 << 120;

    uint256 private constant FORMER_UNTIL = 121;

    uint256 private constant MASK_48 = type(uint48).max;

    function pack(
        uint48 person_,
        uint16 country_,
        uint8 class_,
        uint48 eligibleUntil_
    ) internal pure returns (Investor) {
        return
            Investor.wrap(
                uint256(person_) | (uint256(country_) << 48) | (uint256(class_) << 64) | (uint256(eligibleUntil_) << 72)
            );
    }

    function person(Investor self) internal pure returns (uint256) {
        return Investor.unwrap(self) & MASK_48;
    }

    function country(Investor self) internal pure returns (uint256) {
        return (Investor.unwrap(self) >> 48) & type(uint16).max;
    }

    function class(Investor self) internal pure returns (uint256) {
        return (Investor.unwrap(self) >> 64) & type(uint8).max;
    }

    /// @dev Country and class together: the group of persons under which a holding is counted.
    function group(Investor self) internal pure returns (uint256) {
        return (Investor.unwrap(self) >> 48) & type(uint24).max;
    }

    function eligibleUntil(Investor self) internal pure returns (uint256) {
        return (Investor.unwrap(self) >> 72) & MASK_48;
    }

    /// @dev Whether the person may receive shares in this second. An empty slot ended at the beginning of time.
    function eligible(Investor self) internal view returns (bool) {
        return block.timestamp <= self.eligibleUntil();
    }

    function withCountry(Investor self, uint16 country_) internal pure returns (Investor) {
        uint256 mask = uint256(type(uint16).max) << 48;
        return Investor.wrap((Investor.unwrap(self) & ~mask) | (uint256(country_) << 48));
    }

    function isLost(Investor self) internal pure returns (bool) {
        return Investor.unwrap(self) & LOST != 0;
    }

    /// @dev The same person at a wallet that was lost. Its eligibility is moved aside, so that `eligible` finds that
    /// it has ended and need not look at the mark. Only of a wallet that is not lost.
    function asLost(Investor self) internal pure returns (Investor) {
        return
            Investor.wrap((Investor.unwrap(self) & ~(MASK_48 << 72)) | LOST | (self.eligibleUntil() << FORMER_UNTIL));
    }

    /// @dev What was known before `asLost`, to the bit.
    function asFound(Investor self) internal pure returns (Investor) {
        uint256 word = Investor.unwrap(self);
        return Investor.wrap((word & ((1 << 72) - 1)) | (((word >> FORMER_UNTIL) & MASK_48) << 72));
    }
}
