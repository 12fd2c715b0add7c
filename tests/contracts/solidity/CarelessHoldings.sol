// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title CarelessHoldings
/// @notice A share token that says it answers `holdingsAt`, and then answers whatever it was told to.
contract CarelessHoldings {
    uint256 public balance = 5;
    bytes private _answer;
    bool private _failing;
    uint256 private _word;

    /// @notice Says "true" as the reason of a failure from now on.
    function fail() external {
        _failing = true;
    }

    /// @notice What it says of income that is held from now on: 0 and 1 promise an answer to `holdingsAt`.
    function say(uint256 word) external {
        _word = word;
    }

    function answer(bytes calldata words) external {
        _answer = words;
    }

    function recordTime(uint256) external pure returns (uint48) {
        return 1;
    }

    function totalSupplyAt(uint256) external pure returns (uint256) {
        return 10;
    }

    function balanceOfAt(address, uint256) external view returns (uint256) {
        return balance;
    }

    function incomeHeldWhileIneligible() external view returns (bool) {
        bool failing = _failing;
        uint256 word = _word;
        assembly {
            mstore(0x00, word)
            if failing {
                revert(0x00, 0x20)
            }
            return(0x00, 0x20)
        }
    }

    function holdingsAt(address, uint256[] calldata, bool) external view returns (address, uint256[] memory) {
        bytes memory words = _answer;
        assembly {
            return(add(words, 0x20), mload(words))
        }
    }
}
