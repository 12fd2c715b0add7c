// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ContractWallet
/// @notice A wallet that is a contract: it calls what it is told to, and signs (ERC-1271) what it was told to.
contract ContractWallet {
    bytes4 private constant MAGIC = 0x1626ba7e;

    mapping(bytes32 digest => bool) public signed;

    error ContractWallet_CallFailed(bytes reason);

    receive() external payable {}

    /// @notice Signs a digest, or takes the signature back.
    function sign(bytes32 digest, bool on) external {
        signed[digest] = on;
    }

    /// @notice Calls `target` as this wallet.
    function execute(address target, bytes calldata data) external {
        (bool succeeded, bytes memory reason) = target.call(data);
        if (!succeeded) revert ContractWallet_CallFailed(reason);
    }

    /// @notice ERC-1271.
    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return signed[digest] ? MAGIC : bytes4(0xffffffff);
    }
}
