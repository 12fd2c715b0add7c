// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILockUps} from "./ILockUps.sol";
import {IShareToken} from "../token/IShareToken.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title LockUps
/// @notice Lots of shares that may not be sold yet. `ILockUps` is the specification.
/// @dev A wallet sells free shares only, so first in, first out needs no lot to be touched by a sale: what is
/// locked are always the newest acquisitions.
///
/// Promise: no loop here runs more than 496 times. Releases fall on days that are multiples of a period, and the period
/// grows with the lock-up: it is the least power of two of which `BY_DAY` together are not shorter than the lock-up.
/// Within `BY_DAY` periods from now there are at most 93 of its multiples. Each longer period adds those beyond the reach
/// of the one before it: half as many, 47 at most, eight times; the last one 26, since no lock-up is longer than
/// `LONGEST`; and there is one lot for ever. All multiples are the same for every wallet, so the lots of two wallets
/// together, after a recovery, are no more than one wallet can have.
contract LockUps is ILockUps {
    uint256 private constant DAY = 1 days;

    /// @dev The longest lock-up that is kept to the day, in days: the longest quarter.
    uint256 private constant BY_DAY = 92;

    /// @dev The longest lock-up that ever ends, in days: a hundred years.
    uint256 private constant LONGEST = 36_525;

    /// @dev The day that never comes.
    uint256 private constant NEVER = type(uint32).max;

    uint256 private constant DAY_AT = 96;

    /// @dev `lots[first]` to `lots[last - 1]`, by day of release. Two lots share a slot, so that a recovery writes half as
    /// many. A lot, from the lowest bit up:
    ///
    ///     amount   96 bits   shares, at least one
    ///     day      32 bits   the day, counted from 1970, with which they are free; `NEVER` if none
    struct Queue {
        uint64 first;
        uint64 last;
        uint128[2 ** 32] lots;
    }

    mapping(address token => mapping(address wallet => Queue)) private _queues;

    modifier onlyRules(address token) {
        if (IShareToken(token).compliance() != msg.sender) revert LockUps_NotRules(msg.sender, token);
        _;
    }

    // --------------------------------------------------------------------- writing

    /// @inheritdoc ILockUps
    function acquired(address token, address wallet, uint256 amount, uint256 lockUp) external onlyRules(token) {
        if (amount == 0) return;
        Queue storage queue = _queues[token][wallet];
        uint256 first = _firstLocked(queue);
        uint256 last = queue.last;
        uint256 day = _releaseDay(block.timestamp, lockUp);
        // Only a shorter lock-up than before goes before the end.
        uint256 at_ = last;
        uint256 before = 0;
        while (at_ > first) {
            before = queue.lots[at_ - 1];
            if (_day(before) <= day) break;
            --at_;
        }
        if (at_ > first && _day(before) == day) {
            queue.lots[at_ - 1] = _lot(_amount(before) + amount, day);
        } else {
            for (uint256 i = last; i > at_; --i) {
                queue.lots[i] = queue.lots[i - 1];
            }
            queue.lots[at_] = _lot(amount, day);
            ++last;
        }
        _keep(queue, first, last);
    }

    /// @inheritdoc ILockUps
    function reduced(address token, address wallet, uint256 balance) external onlyRules(token) {
        Queue storage queue = _queues[token][wallet];
        (uint256 amount, ) = _locked(queue);
        uint256 excess = amount > balance ? amount - balance : 0;
        uint256 first = _firstLocked(queue);
        while (excess != 0) {
            uint256 oldest = queue.lots[first];
            if (_amount(oldest) > excess) {
                queue.lots[first] = _lot(_amount(oldest) - excess, _day(oldest));
                break;
            }
            excess -= _amount(oldest);
            ++first;
        }
        _keep(queue, first, queue.last);
    }

    /// @inheritdoc ILockUps
    function recovered(address token, address lost, address successor) external onlyRules(token) {
        Queue storage from = _queues[token][lost];
        Queue storage to = _queues[token][successor];
        uint256 first = _firstLocked(to);
        (uint256[] memory lots, uint256 count) = _merge(_lockedLots(from), _lockedLots(to));
        for (uint256 i = 0; i < count; ++i) {
            to.lots[first + i] = uint128(lots[i]);
        }
        _keep(to, first, first + count);
        _keep(from, from.last, from.last);
    }

    // ----------------------------------------------------------------------- views

    /// @inheritdoc ILockUps
    function locked(address token, address wallet) external view returns (uint256 amount, uint256 nextRelease) {
        return _locked(_queues[token][wallet]);
    }

    /// @inheritdoc ILockUps
    function lotsOf(address token, address wallet) external view returns (Lot[] memory lots) {
        uint256[] memory kept = _lockedLots(_queues[token][wallet]);
        lots = new Lot[](kept.length);
        for (uint256 i = 0; i < kept.length; ++i) {
            lots[i] = Lot({amount: uint96(_amount(kept[i])), releasedAt: uint48(_time(_day(kept[i])))});
        }
    }

    /// @inheritdoc ILockUps
    function releaseOf(uint256 time, uint256 lockUp) external pure returns (uint256 releasedAt) {
        return _time(_releaseDay(time, lockUp));
    }

    // ---------------------------------------------------------------------- queues

    function _locked(Queue storage queue) private view returns (uint256 amount, uint256 nextRelease) {
        (uint256 first, uint256 last) = (queue.first, queue.last);
        uint256 day = 0;
        for (uint256 i = last; i > first; --i) {
            uint256 lot = queue.lots[i - 1];
            if (_isReleased(lot)) break;
            amount += _amount(lot);
            day = _day(lot);
        }
        nextRelease = _time(day);
    }

    function _firstLocked(Queue storage queue) private view returns (uint256 first) {
        uint256 last;
        (first, last) = (queue.first, queue.last);
        while (first < last && _isReleased(queue.lots[first])) ++first;
    }

    function _lockedLots(Queue storage queue) private view returns (uint256[] memory lots) {
        uint256 first = _firstLocked(queue);
        lots = new uint256[](queue.last - first);
        for (uint256 i = 0; i < lots.length; ++i) {
            lots[i] = queue.lots[first + i];
        }
    }

    /// @dev Two lists in order become one; lots that are released on the same day become one lot.
    function _merge(
        uint256[] memory a,
        uint256[] memory b
    ) private pure returns (uint256[] memory lots, uint256 count) {
        lots = new uint256[](a.length + b.length);
        uint256 j = 0;
        for (uint256 i = 0; i < a.length; ++i) {
            while (j < b.length && _day(b[j]) < _day(a[i])) lots[count++] = b[j++];
            bool together = j < b.length && _day(b[j]) == _day(a[i]);
            lots[count++] = together ? _lot(_amount(a[i]) + _amount(b[j++]), _day(a[i])) : a[i];
        }
        while (j < b.length) lots[count++] = b[j++];
    }

    function _keep(Queue storage queue, uint256 first, uint256 last) private {
        if (queue.first == first && queue.last == last) return;
        (queue.first, queue.last) = (uint64(first), uint64(last));
    }

    // ------------------------------------------------------------------- one lot

    function _releaseDay(uint256 time, uint256 lockUp) private pure returns (uint256) {
        uint256 length = lockUp / DAY + (lockUp % DAY == 0 ? 0 : 1);
        if (length > LONGEST) return NEVER;
        uint256 period = 1;
        while (length > BY_DAY * period) period *= 2;
        uint256 end = time / DAY + 1 + length;
        return ((end + period - 1) / period) * period;
    }

    /// @dev The day that never comes begins later than any time that can be told, too.
    function _isReleased(uint256 lot) private view returns (bool) {
        return _day(lot) * DAY <= block.timestamp;
    }

    function _time(uint256 day) private pure returns (uint256) {
        return day == NEVER ? type(uint48).max : day * DAY;
    }

    function _lot(uint256 amount, uint256 day) private pure returns (uint128) {
        return SafeCast.toUint96(amount) | (uint128(SafeCast.toUint32(day)) << uint128(DAY_AT));
    }

    function _amount(uint256 lot) private pure returns (uint256) {
        return uint96(lot);
    }

    function _day(uint256 lot) private pure returns (uint256) {
        return lot >> DAY_AT;
    }
}
