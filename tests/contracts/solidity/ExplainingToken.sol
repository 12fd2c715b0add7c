// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Currency} from "./Currency.sol";

/// @title ExplainingToken
/// @notice A token that explains transfers as the test says: by an answer made beforehand; or by refusing each, with one
/// less as the most that would pass; or not at all. It moves what it is asked to all the same.
contract ExplainingToken is Currency {
    bytes public prepared;
    bool public stubborn;
    bool public denying;

    error ExplainingToken_Silent();

    /// @notice Says what `explain` answers.
    function prepare(bytes calldata answer) external {
        prepared = answer;
    }

    /// @notice Makes it refuse everything, and name one less as the most.
    function setStubborn(bool on) external {
        stubborn = on;
    }

    /// @notice Makes `canTransfer` say no.
    function setDenying(bool on) external {
        denying = on;
    }

    /// @notice As `IShareToken.explain`.
    function explain(address, address, uint256 amount) external view {
        bytes memory answer = prepared;
        // One refusal, for a country.
        if (stubborn) answer = abi.encode(0x40, amount - 1, 1, 6, 0, 0);
        if (answer.length == 0) revert ExplainingToken_Silent();
        assembly ("memory-safe") {
            return(add(answer, 0x20), mload(answer))
        }
    }

    /// @notice As ERC-7943.
    function canTransfer(address, address, uint256) external view returns (bool) {
        return !denying;
    }

    function _pay(address from, address to, uint256 amount) internal override returns (bool) {
        _move(from, to, amount);
        return true;
    }
}
