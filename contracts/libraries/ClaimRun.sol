// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDividendVault} from "../interfaces/IDividendVault.sol";
import {HolderFile} from "./HolderFile.sol";

/// @title ClaimRun
/// @notice A claim of several distributions of one series: everything that it changes, in memory until it is done.
/// @dev Distributions of one series share a holder's marks, most of their lanes, their event and their payment, so that
/// each slot is written once, however many are claimed.
library ClaimRun {
    /// @param holder Whose income it is
    /// @param series The series' number
    /// @param laneKey The slot of progress in `lanes`; 0 before the first
    /// @param lanes That slot, with what the run has settled
    /// @param file The holder's slot, with the marks that the run has set
    /// @param homeSize How many ordinals of the series have their marks in `file`: all that fit, or none
    /// @param wordKey The key of `word`, plus one; 0 while none is loaded
    /// @param word A word of marks that are not in `file`
    /// @param data The event's data: payee, offset, count, and three words for each settlement
    /// @param end Where the next settlement is written
    /// @param due What is to be paid
    struct Run {
        address holder;
        uint256 series;
        uint256 laneKey;
        uint256 lanes;
        uint256 file;
        uint256 homeSize;
        uint256 wordKey;
        uint256 word;
        uint256 data;
        uint256 end;
        uint256 due;
    }

    uint256 private constant HEAD = 0x60;
    uint256 private constant ENTRY = 0x60;

    /// @dev Makes room for telling `most` settlements; not cleared, since every word is written before it is told.
    function prepare(Run memory run, uint256 most) internal pure {
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(0x40, add(data, add(HEAD, mul(most, ENTRY))))
            mstore(add(run, 0x100), data)
            mstore(add(run, 0x120), add(data, HEAD))
        }
    }

    /// @dev Adds a settlement; there is room, and `tax <= gross`, each an amount of at most 160 bits.
    function add(Run memory run, uint256 id, uint256 gross, uint256 tax) internal pure {
        assembly ("memory-safe") {
            let entry := mload(add(run, 0x120))
            mstore(entry, id)
            mstore(add(entry, 0x20), gross)
            mstore(add(entry, 0x40), tax)
            mstore(add(run, 0x120), add(entry, ENTRY))
            mstore(add(run, 0x140), add(mload(add(run, 0x140)), sub(gross, tax)))
        }
    }

    /// @dev Marks a distribution as paid; false if it was already.
    function tryMark(Run memory run, HolderFile.Files storage files, uint256 ordinal) internal returns (bool fresh) {
        uint256 marked;
        if (ordinal < run.homeSize) {
            marked = run.file | HolderFile.homeMark(ordinal);
            fresh = marked != run.file;
            run.file = marked;
            return fresh;
        }
        uint256 key = HolderFile.wordKey(run.series, ordinal);
        if (run.wordKey != key + 1) {
            _saveWord(run, files);
            (run.wordKey, run.word) = (key + 1, files.words[run.holder][key]);
        }
        marked = run.word | HolderFile.wordMark(ordinal);
        fresh = marked != run.word;
        run.word = marked;
    }

    /// @dev Writes the marks back.
    function saveMarks(Run memory run, HolderFile.Files storage files) internal {
        if (run.homeSize != 0) files.file[run.holder] = run.file;
        _saveWord(run, files);
    }

    function _saveWord(Run memory run, HolderFile.Files storage files) private {
        if (run.wordKey != 0) files.words[run.holder][run.wordKey - 1] = run.word;
    }

    /// @dev How many have been settled.
    function count(Run memory run) internal pure returns (uint256) {
        unchecked {
            return (run.end - run.data - HEAD) / ENTRY;
        }
    }

    /// @dev `Claimed` for one, `ClaimedMany` for more.
    function tell(Run memory run, address payee) internal {
        uint256 settled = count(run);
        if (settled == 1) {
            (uint256 id, uint256 gross, uint256 tax) = _firstOf(run.data);
            emit IDividendVault.Claimed(id, run.holder, payee, gross, tax);
        } else if (settled != 0) {
            _tellMany(run.data, settled, run.holder, payee);
        }
    }

    function _firstOf(uint256 data) private pure returns (uint256 id, uint256 gross, uint256 tax) {
        assembly ("memory-safe") {
            let entry := add(data, HEAD)
            id := mload(entry)
            gross := mload(add(entry, 0x20))
            tax := mload(add(entry, 0x40))
        }
    }

    function _tellMany(uint256 data, uint256 settled, address holder, address payee) private {
        bytes32 topic = IDividendVault.ClaimedMany.selector;
        assembly ("memory-safe") {
            // The compiler does not warrant that the upper bits of an address are clean.
            mstore(data, shr(96, shl(96, payee)))
            mstore(add(data, 0x20), 0x40)
            mstore(add(data, 0x40), settled)
            log2(data, add(HEAD, mul(settled, ENTRY)), topic, shr(96, shl(96, holder)))
        }
    }
}
