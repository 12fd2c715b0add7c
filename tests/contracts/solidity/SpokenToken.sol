// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BareToken} from "./BareToken.sol";

/// @title SpokenToken
/// @notice A bare token that somebody speaks for, and that answers about people with any word, sensible or not.
contract SpokenToken is BareToken {
    mapping(bytes4 question => uint256) private _words;
    mapping(bytes4 question => bool) private _known;

    error SpokenToken_Unknown(bytes4 question);

    /// @notice Sets what it answers to a question of one word, whoever it is about.
    function setWord(bytes4 question, uint256 word) external {
        (_known[question], _words[question]) = (true, word);
    }

    fallback() external {
        if (!_known[msg.sig]) revert SpokenToken_Unknown(msg.sig);
        uint256 word = _words[msg.sig];
        assembly ("memory-safe") {
            mstore(0x00, word)
            return(0x00, 0x20)
        }
    }
}
