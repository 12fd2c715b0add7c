// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title CarelessHoldings
/// @notice A share token that says it answers `holdingsAt`, and then answers whatever it was told to.
contract CarelessHoldings {
    uint256 public balance = 5;
    bytes private _answer;
    bool private _failing;

    /// @notice Says "true" as the reason of a failure from now on.
    function fail() external {
        _failing = true;
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

    function supportsHoldings() external view returns (bool) {
        bool failing = _failing;
        assembly {
            mstore(0x00, 1)
            if failing {
                revert(0x00, 0x20)
            }
            return(0x00, 0x20)
        }
    }

    function holdingsAt(address, uint256[] calldata) external view returns (address, uint256[] memory) {
        bytes memory words = _answer;
        assembly {
            return(add(words, 0x20), mload(words))
        }
    }
}
