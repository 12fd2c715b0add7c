// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Overlay
/// @notice Code to be put over a contract: what it is told to answer otherwise it asks of another contract, and the rest it
/// does by the code that was there, on the storage that is there.
contract Overlay {
    /// @dev Kept away from the storage of the contract below.
    bytes32 private constant PLACE = keccak256("prorata.tests.Overlay");

    /// @notice Lets `instead` answer a function.
    function divert(bytes4 selector, address instead) external {
        _diverted()[selector] = instead;
    }

    fallback() external payable {
        address instead = _diverted()[msg.sig];
        address below = _diverted()[0];
        assembly ("memory-safe") {
            let data := mload(0x40)
            calldatacopy(data, 0, calldatasize())
            let done := 0
            switch instead
            case 0 {
                done := delegatecall(gas(), below, data, calldatasize(), 0, 0)
            }
            default {
                done := call(gas(), instead, 0, data, calldatasize(), 0, 0)
            }
            returndatacopy(data, 0, returndatasize())
            if iszero(done) {
                revert(data, returndatasize())
            }
            return(data, returndatasize())
        }
    }

    function _diverted() private pure returns (mapping(bytes4 selector => address instead) storage diverted) {
        bytes32 place = PLACE;
        assembly ("memory-safe") {
            diverted.slot := place
        }
    }
}
