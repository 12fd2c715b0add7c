// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev What halmos answers at the address that Foundry made customary.
interface Vm {
    function assume(bool condition) external pure;

    function prank(address sender) external;

    function warp(uint256 timestamp) external;

    function etch(address account, bytes calldata code) external;
}

Vm constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
