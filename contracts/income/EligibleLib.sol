// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IDividendVault} from "./IDividendVault.sol";
import {IRecordRanges} from "./IRecordRanges.sol";
import {IRecordToken} from "../token/IRecordToken.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";
import {StoredTerms, TermsLib} from "./TermsLib.sol";

/// @title EligibleLib
/// @notice The denominator of a distribution: the shares that earn.
/// @dev It is the supply at the record, less what excluded accounts held, each counted once, and less what the vault
/// itself held of a token that it has paid out:
///
///     eligible = supply - held by those excluded - held by the vault
///
/// and zero if that is negative, which only a token that lies can bring about. Of a record that was closed at
/// declaration it is computed there and is one of the terms. Otherwise it is fixed later, once, and may be computed in
/// pages, since one question about a long range of records may cost a million gas. What has been found so far is kept
/// as how many of the excluded accounts were looked at, in the order of the terms, and what they held. Every way goes
/// on from there, so that none repeats an account or leaves one out, and all come to the same number.
library EligibleLib {
    /// @dev In one slot. `eligible` is zero until it is fixed.
    struct Count {
        uint96 eligible;
        uint8 accounts;
        uint152 shares;
    }

    /// @dev `paidOut` are the share tokens that were a currency of this vault, and may lie in it unclaimed.
    struct Book {
        mapping(uint256 id => Count) late;
        mapping(address token => bool) paidOut;
    }

    /// @dev As much as ERC-165 allows.
    uint256 private constant INTERFACE_GAS = 30_000;

    // ------------------------------------------------------------------- reading

    /// @dev The denominator, zero if it has not been fixed.
    function known(Book storage self, StoredTerms memory terms) internal view returns (uint256 eligible) {
        eligible = terms.eligible();
        if (eligible == 0) eligible = self.late[terms.id].eligible;
    }

    /// @dev The denominator, computed from what has been found so far if it has not been fixed.
    function current(
        Book storage self,
        StoredTerms memory terms,
        bool hasPaidShares
    ) internal view returns (uint256 eligible) {
        eligible = known(self, terms);
        if (eligible != 0) return eligible;
        address[] memory excluded = terms.readTail().excluded;
        Count memory found = self.late[terms.id];
        _look(found, terms, excluded, excluded.length);
        return _less(self, found.shares, terms, excluded, hasPaidShares, _supplyOf(terms));
    }

    /// @dev Whether the record was cancelled, so that no denominator can come of it.
    function isCancelled(StoredTerms memory terms) internal view returns (bool) {
        bytes memory question = abi.encodeCall(IRecordRanges.isRecordCancelled, (terms.recordId()));
        (, uint256 answer) = StaticCallLib.tryAsk(terms.token(), question, gasleft());
        return answer == 1;
    }

    // -------------------------------------------------------------------- fixing

    /// @dev The denominator at declaration, for a supply that the token has just reported.
    function atDeclaration(
        Book storage self,
        StoredTerms memory terms,
        address[] memory excluded,
        bool hasPaidShares,
        uint256 supply
    ) internal view returns (uint256 eligible) {
        eligible = supply;
        if (hasPaidShares || excluded.length != 0) {
            Count memory found;
            _look(found, terms, excluded, excluded.length);
            eligible = _less(self, found.shares, terms, excluded, hasPaidShares, supply);
        }
        requireCountable(terms, eligible);
    }

    /// @dev The denominator, fixed now if it was not.
    function fixAll(
        Book storage self,
        StoredTerms memory terms,
        bool hasPaidShares
    ) internal returns (uint256 eligible) {
        eligible = self.late[terms.id].eligible;
        if (eligible != 0) return eligible;
        eligible = current(self, terms, hasPaidShares);
        requireCountable(terms, eligible);
        // At most `MAX_ELIGIBLE`, as was just checked.
        self.late[terms.id].eligible = uint96(eligible);
    }

    /// @dev Looks at up to `most` more excluded accounts of a distribution without a denominator, and fixes it if none is
    /// left. One that the vault cannot divide by is not fixed, but what was found stays, for a refund to go on from.
    function fixPage(
        Book storage self,
        StoredTerms memory terms,
        bool hasPaidShares,
        uint256 most
    ) internal returns (uint256 accountsLeft, uint256 eligible) {
        address[] memory excluded = terms.readTail().excluded;
        Count memory found = self.late[terms.id];
        _look(found, terms, excluded, most);
        accountsLeft = excluded.length - found.accounts;
        if (accountsLeft == 0) {
            eligible = _less(self, found.shares, terms, excluded, hasPaidShares, _supplyOf(terms));
            if (eligible > TermsLib.MAX_ELIGIBLE) eligible = 0;
            found.eligible = uint96(eligible);
        }
        self.late[terms.id] = found;
    }

    function requireCountable(StoredTerms memory terms, uint256 eligible) internal pure {
        if (eligible == 0) revert IDividendVault.DividendVault_NoEligibleShares(terms.token(), terms.recordId());
        if (eligible > TermsLib.MAX_ELIGIBLE) {
            revert IDividendVault.DividendVault_SupplyTooLarge(eligible, TermsLib.MAX_ELIGIBLE);
        }
    }

    /// @dev Notes a currency that is a share token. Returns whether it is.
    function notePaidOut(Book storage self, address currency) internal returns (bool isShareToken) {
        bytes memory question = abi.encodeCall(IERC165.supportsInterface, (type(IRecordToken).interfaceId));
        (, uint256 answer) = StaticCallLib.tryAsk(currency, question, INTERFACE_GAS);
        isShareToken = answer == 1;
        if (isShareToken) self.paidOut[currency] = true;
    }

    // ----------------------------------------------------------------- computing

    /// @dev Adds what up to `most` more excluded accounts held.
    function _look(Count memory found, StoredTerms memory terms, address[] memory excluded, uint256 most) private view {
        uint256 start = found.accounts;
        uint256 end = excluded.length;
        if (most < end - start) end = start + most;
        for (uint256 i = start; i < end; ++i) {
            if (_contains(excluded, i, excluded[i])) continue;
            found.shares = _plus(found.shares, _balanceOf(terms, excluded[i]));
        }
        // There are few: the vault limits them.
        found.accounts = uint8(end);
    }

    function _less(
        Book storage self,
        uint152 shares,
        StoredTerms memory terms,
        address[] memory excluded,
        bool hasPaidShares,
        uint256 supply
    ) private view returns (uint256) {
        if (hasPaidShares && _wasPaidOut(self, terms.token()) && !_contains(excluded, excluded.length, address(this))) {
            shares = _plus(shares, _balanceOf(terms, address(this)));
        }
        return supply > shares ? supply - shares : 0;
    }

    /// @dev Whether `token`, or the token whose ranges it has, was ever a currency of this vault.
    function _wasPaidOut(Book storage self, address token) private view returns (bool) {
        if (self.paidOut[token]) return true;
        (, uint256 answer) = StaticCallLib.tryAsk(token, abi.encodeCall(IRecordRanges.token, ()), gasleft());
        return self.paidOut[address(uint160(answer))];
    }

    /// @dev The largest sum stands for all that are larger, which no honest token comes near.
    function _plus(uint152 sum, uint256 balance) private pure returns (uint152) {
        uint256 left = type(uint152).max - sum;
        return balance > left ? type(uint152).max : sum + uint152(balance);
    }

    /// @dev Whether `account` is one of the first `count`.
    function _contains(address[] memory accounts, uint256 count, address account) private pure returns (bool) {
        for (uint256 i = 0; i < count; ++i) {
            if (accounts[i] == account) return true;
        }
        return false;
    }

    function _balanceOf(StoredTerms memory terms, address account) private view returns (uint256) {
        return IRecordToken(terms.token()).balanceOfAt(account, terms.recordId());
    }

    function _supplyOf(StoredTerms memory terms) private view returns (uint256) {
        return IRecordToken(terms.token()).totalSupplyAt(terms.recordId());
    }
}
