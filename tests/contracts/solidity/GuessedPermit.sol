// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title GuessedPermit
/// @notice A permit (ERC-2612) whose domain nobody tells (ERC-5267), as USDC's: its version is to be guessed.
contract GuessedPermit {
    string public constant name = "Guessed";
    string public constant symbol = "GUESS";
    uint8 public constant decimals = 6;

    bytes32 public immutable DOMAIN_SEPARATOR;

    mapping(address owner => uint256) public nonces;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    error GuessedPermit_NotTheOwner(address signer, address owner);

    constructor(string memory version) {
        DOMAIN_SEPARATOR = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256(bytes(version)),
                block.chainid,
                address(this)
            )
        );
    }

    /// @notice Lets `spender` take `value` by the owner's signature.
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        bytes32 hash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                owner,
                spender,
                value,
                nonces[owner]++,
                deadline
            )
        );
        address signer = ECDSA.recover(keccak256(abi.encodePacked(hex"1901", DOMAIN_SEPARATOR, hash)), v, r, s);
        if (signer != owner) revert GuessedPermit_NotTheOwner(signer, owner);
        allowance[owner][spender] = value;
    }
}
