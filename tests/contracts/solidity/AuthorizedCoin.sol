// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @title AuthorizedCoin
/// @notice A currency that pays by signature (ERC-3009). Anyone can make as much of it as they like.
contract AuthorizedCoin is ERC20, EIP712 {
    bytes32 private constant TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,"
        "bytes32 nonce)"
    );

    mapping(address from => mapping(bytes32 nonce => bool)) public authorizationState;

    error AuthorizedCoin_Refused();

    constructor() ERC20("Authorized coin", "AUT") EIP712("Authorized coin", "1") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        bytes32 hash = keccak256(abi.encode(TYPEHASH, from, to, value, validAfter, validBefore, nonce));
        bool isInTime = block.timestamp > validAfter && block.timestamp < validBefore;
        bool isNew = !authorizationState[from][nonce] && msg.sender == to;
        if (!isInTime || !isNew || ECDSA.recover(_hashTypedDataV4(hash), v, r, s) != from) {
            revert AuthorizedCoin_Refused();
        }
        authorizationState[from][nonce] = true;
        _transfer(from, to, value);
    }
}
