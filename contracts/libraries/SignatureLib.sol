// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title SignatureLib
/// @notice Whether an account has signed: with its key, or as a contract by ERC-1271.
library SignatureLib {
    /// @dev The key comes first: most signers have one, and to ask whether there is code at an address costs 2,600 gas.
    /// An account that has both (EIP-7702) is its key's, which could give it other code at any time. No key is that of
    /// the zero address.
    function isOf(address signer, bytes32 digest, bytes memory signature) internal view returns (bool) {
        (address found, ECDSA.RecoverError fault, ) = ECDSA.tryRecover(digest, signature);
        if (fault == ECDSA.RecoverError.NoError && found == signer) return true;
        return SignatureChecker.isValidERC1271SignatureNow(signer, digest, signature);
    }
}
