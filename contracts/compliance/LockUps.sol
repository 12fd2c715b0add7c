// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILockUps} from "./ILockUps.sol";
import {IShareToken} from "../token/IShareToken.sol";

/// @title LockUps
/// @notice Lots of shares that may not be sold yet. `ILockUps` is the specification.
/// @dev A wallet sells free shares only, so first in, first out needs no lot to be touched by a sale: what is
/// locked are always the newest acquisitions. Lots of one day are one, which bounds their number by the days of
/// the lock-up, whatever others send.
contract LockUps is ILockUps {
    uint256 private constant DAY = 1 days;

    /// @dev One slot: shares, and the second from which they are free.
    struct Lot {
        uint96 amount;
        uint48 releasedAt;
    }

    /// @dev `lots[first]` to `lots[last - 1]`, by time of release.
    struct Queue {
        uint128 first;
        uint128 last;
        mapping(uint256 index => Lot) lots;
    }

    mapping(address token => mapping(address wallet => Queue)) private _queues;

    modifier onlyRules(address token) {
        if (IShareToken(token).compliance() != msg.sender) revert LockUps_NotRules(msg.sender, token);
        _;
    }

    /// @inheritdoc ILockUps
    function acquired(address token, address wallet, uint256 amount, uint256 lockUp) external onlyRules(token) {
        if (amount == 0) return;
        Queue storage queue = _queues[token][wallet];
        _dropReleased(queue);
        uint256 releasedAt = (block.timestamp / DAY + 1) * DAY + lockUp;
        // Later than can be told is for ever.
        if (releasedAt > type(uint48).max) releasedAt = type(uint48).max;
        _insert(queue, Lot({amount: uint96(amount), releasedAt: uint48(releasedAt)}));
    }

    /// @inheritdoc ILockUps
    function reduced(address token, address wallet, uint256 balance) external onlyRules(token) {
        Queue storage queue = _queues[token][wallet];
        (uint256 amount, ) = _locked(queue);
        uint256 excess = amount > balance ? amount - balance : 0;
        _dropReleased(queue);
        while (excess != 0) {
            Lot storage lot = queue.lots[queue.first];
            uint256 part = lot.amount < excess ? lot.amount : excess;
            lot.amount -= uint96(part);
            excess -= part;
            if (lot.amount == 0) ++queue.first;
        }
    }

    /// @inheritdoc ILockUps
    function recovered(address token, address lost, address successor) external onlyRules(token) {
        Queue storage from = _queues[token][lost];
        Queue storage to = _queues[token][successor];
        _dropReleased(from);
        _dropReleased(to);
        // Two queues in order become one, written once from its end.
        (uint256 theirs, uint256 own) = (from.last, to.last);
        uint256 at_ = own + theirs - from.first;
        to.last = uint128(at_);
        while (theirs > from.first) {
            bool later = own > to.first && to.lots[own - 1].releasedAt > from.lots[theirs - 1].releasedAt;
            to.lots[--at_] = later ? to.lots[--own] : from.lots[--theirs];
        }
        from.first = from.last;
    }

    /// @inheritdoc ILockUps
    function locked(address token, address wallet) external view returns (uint256 amount, uint256 nextRelease) {
        return _locked(_queues[token][wallet]);
    }

    function _locked(Queue storage queue) private view returns (uint256 amount, uint256 nextRelease) {
        for (uint256 i = queue.last; i > queue.first; --i) {
            Lot memory lot = queue.lots[i - 1];
            if (lot.releasedAt <= block.timestamp) break;
            amount += lot.amount;
            nextRelease = lot.releasedAt;
        }
    }

    function _dropReleased(Queue storage queue) private {
        uint256 first = queue.first;
        while (first < queue.last && queue.lots[first].releasedAt <= block.timestamp) ++first;
        if (first != queue.first) queue.first = uint128(first);
    }

    /// @dev Insertion by time of release. Only a shorter lock-up goes before the end.
    function _insert(Queue storage queue, Lot memory lot) private {
        uint256 at_ = queue.last;
        while (at_ > queue.first && queue.lots[at_ - 1].releasedAt > lot.releasedAt) --at_;
        if (at_ > queue.first && queue.lots[at_ - 1].releasedAt == lot.releasedAt) {
            queue.lots[at_ - 1].amount += lot.amount;
            return;
        }
        for (uint256 i = queue.last; i > at_; --i) {
            queue.lots[i] = queue.lots[i - 1];
        }
        queue.lots[at_] = lot;
        ++queue.last;
    }
}
