// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title TimelineLib
/// @notice A value of 160 bits, and since when; and all its older values.
/// @dev The newest entry is one slot, so that what did not change since the time of interest costs one read. An entry,
/// from the lowest bit up:
///
///     value   160 bits   what holds
///     since    48 bits   the second from which it holds
///     older    48 bits   how many entries came before it
///
/// Before its first entry a timeline holds zero.
library TimelineLib {
    uint256 private constant SINCE_AT = 160;
    uint256 private constant OLDER_AT = 208;
    uint256 private constant MASK_48 = type(uint48).max;

    struct Line {
        uint256 newest;
        mapping(uint256 index => uint256 entry) past;
    }

    /// @dev From second `since` on, `value` holds, whatever was said of that time before. The caller warrants that
    /// `since` is neither zero, unless nothing was said yet, nor before the present second: so the past stays.
    function set(Line storage line, uint256 since, uint256 value) internal {
        uint256 newest = line.newest;
        uint256 count = newest >> OLDER_AT;
        while (newest != 0 && _since(newest) >= since) {
            newest = count == 0 ? 0 : line.past[--count];
        }
        if (newest != 0) line.past[count++] = newest;
        line.newest = value | (since << SINCE_AT) | (count << OLDER_AT);
    }

    /// @dev What holds last of all that was said.
    function last(Line storage line) internal view returns (uint256 value) {
        return _value(line.newest);
    }

    /// @dev What holds in second `time`.
    function valueAt(Line storage line, uint256 time) internal view returns (uint256 value) {
        uint256 newest = line.newest;
        if (_since(newest) <= time) return _value(newest);

        // Binary search for the number of past entries with `since <= time`.
        uint256 low = 0;
        uint256 high = newest >> OLDER_AT;
        while (low < high) {
            uint256 middle = (low + high) >> 1;
            if (_since(line.past[middle]) <= time) low = middle + 1;
            else high = middle;
        }
        return low == 0 ? 0 : _value(line.past[low - 1]);
    }

    function _since(uint256 entry) private pure returns (uint256) {
        return (entry >> SINCE_AT) & MASK_48;
    }

    function _value(uint256 entry) private pure returns (uint256) {
        return entry & type(uint160).max;
    }
}
