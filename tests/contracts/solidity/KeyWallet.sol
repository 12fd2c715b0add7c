// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title KeyWallet
/// @notice A wallet contract (ERC-1271) for which one key signs; it takes whatever digest the key has signed as its own.
contract KeyWallet {
    bytes4 private constant MAGIC = 0x1626ba7e;

    address private immutable KEY;

    constructor(address key) {
        KEY = key;
    }

    receive() external payable {}

    /// @notice ERC-1271.
    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        (address signer, , ) = ECDSA.tryRecover(digest, signature);
        return signer == KEY ? MAGIC : bytes4(0xffffffff);
    }
}
