// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {EIP712} from "solady/utils/EIP712.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";
import {IDividendVault} from "./IDividendVault.sol";
import {IClaimRelayer} from "./IClaimRelayer.sol";
import {IReinvestment} from "./IReinvestment.sol";
import {SignatureLib} from "../libraries/SignatureLib.sol";

/// @title ClaimRelayer
/// @notice Pays income where its holder has signed for it to go. `IClaimRelayer` is the specification.
/// @dev Promise: the vault is asked to pay only a receiver, or a hook, whom the claimant has signed for; and only the vault
/// asks who that is, so that the answer by which it pays is the one that the signature is held against. The
/// money never passes through here: the vault pays a hook itself, so that a currency with a fee takes it once; and the hook
/// is given what its balance grew by, which is exact whatever the currency does on the way. Between the two readings one
/// currency moves, and nobody but it and the hook can act.
contract ClaimRelayer is IClaimRelayer, EIP712, ReentrancyGuardTransient {
    using BitMaps for BitMaps.BitMap;

    // ------------------------------------------------------------------ constants

    bytes32 private constant PAYMENT_INSTRUCTION_TYPEHASH = keccak256(
        "PaymentInstruction(address holder,address claimant,uint256[] ids,address receiver,address hook,bytes data,"
        "uint256 nonce,uint256 validUntil)"
    );

    /// @dev No reason is longer, in bytes; what is was made to burn gas.
    uint256 private constant MAX_REASON = 1_024;

    /// @inheritdoc IClaimRelayer
    IDividendVault public immutable vault = IDividendVault(msg.sender);

    // -------------------------------------------------------------------- storage

    mapping(address claimant => BitMaps.BitMap) private _spent;

    // ---------------------------------------------------------------- instructions

    /// @inheritdoc IClaimRelayer
    function execute(
        PaymentInstruction calldata instruction,
        bytes calldata signature
    ) external nonReentrant returns (uint256 paid) {
        _checkFields(instruction);
        _checkSignature(instruction, signature);
        _spend(instruction.claimant, instruction.nonce);
        emit Executed({
            claimant: instruction.claimant,
            nonce: instruction.nonce,
            holder: instruction.holder,
            receiver: instruction.receiver,
            hook: instruction.hook
        });
        if (instruction.hook != address(0)) return _reinvest(instruction);
        return _claim(instruction, instruction.receiver);
    }

    /// @inheritdoc IClaimRelayer
    function cancel(uint256 nonce) external {
        _spend(msg.sender, nonce);
        emit Cancelled(msg.sender, nonce);
    }

    // ----------------------------------------------------------------------- views

    /// @inheritdoc IClaimRelayer
    function isSpent(address claimant, uint256 nonce) external view returns (bool) {
        return _spent[claimant].get(nonce);
    }

    /// @inheritdoc IClaimRelayer
    function digestOf(PaymentInstruction calldata instruction) public view returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(
                PAYMENT_INSTRUCTION_TYPEHASH,
                instruction.holder,
                instruction.claimant,
                keccak256(abi.encodePacked(instruction.ids)),
                instruction.receiver,
                instruction.hook,
                keccak256(instruction.data),
                instruction.nonce,
                instruction.validUntil
            )
        );
        return _hashTypedData(structHash);
    }

    // -------------------------------------------------------------------- checking

    /// @dev What can be said of an instruction without asking anybody.
    function _checkFields(PaymentInstruction calldata instruction) private view {
        if (block.timestamp > instruction.validUntil) {
            revert ClaimRelayer_Expired(instruction.validUntil, block.timestamp);
        }
        if (instruction.receiver == address(0)) revert ClaimRelayer_InvalidReceiver(address(0));
        _requireOutside(instruction.receiver);
        _requireOutside(instruction.hook);
        if (instruction.hook == address(0) && instruction.data.length != 0) {
            revert ClaimRelayer_DataUnread(instruction.data.length);
        }
    }

    /// @dev Money that went to the vault, or here, would be lost.
    function _requireOutside(address receiver) private view {
        if (receiver == address(vault) || receiver == address(this)) revert ClaimRelayer_InvalidReceiver(receiver);
    }

    function _checkSignature(PaymentInstruction calldata instruction, bytes calldata signature) private view {
        bool signed = SignatureLib.isOf(instruction.claimant, digestOf(instruction), signature);
        if (!signed) revert ClaimRelayer_NotSigned(instruction.claimant);
    }

    /// @dev The one currency of all distributions.
    function _currencyOf(uint256[] calldata ids) private view returns (address currency) {
        for (uint256 i = 0; i < ids.length; ++i) {
            (, address paidIn) = vault.assetOf(ids[i]);
            if (i != 0 && paidIn != currency) revert ClaimRelayer_TwoCurrencies(ids[i], paidIn, currency);
            currency = paidIn;
        }
    }

    function _spend(address claimant, uint256 nonce) private {
        if (_spent[claimant].get(nonce)) revert ClaimRelayer_NonceSpent(claimant, nonce);
        _spent[claimant].set(nonce);
    }

    // ---------------------------------------------------------------------- paying

    function _claim(PaymentInstruction calldata instruction, address receiver) private returns (uint256 paid) {
        paid = vault.claimTo(instruction.ids, instruction.holder, instruction.claimant, receiver);
        if (paid == 0) revert ClaimRelayer_NothingToPay(instruction.holder);
    }

    function _reinvest(PaymentInstruction calldata instruction) private returns (uint256 paid) {
        address currency = _currencyOf(instruction.ids);
        address hook = instruction.hook;
        uint256 before = _holding(hook, currency);
        paid = _claim(instruction, hook);
        uint256 held = _holding(hook, currency);
        if (held <= before) revert ClaimRelayer_NothingToPay(instruction.holder);
        emit Reinvested(hook, instruction.receiver, currency, held - before);
        _callHook(instruction, currency, held - before);
    }

    /// @dev Reads two words of the answer at most. Passes a reason on as it is: it says what the signer wants to know.
    function _callHook(PaymentInstruction calldata instruction, address currency, uint256 amount) private {
        bytes memory call = abi.encodeCall(
            IReinvestment.onIncome,
            (instruction.receiver, currency, amount, instruction.data)
        );
        (bool succeeded, bytes32 answer, ) = LowLevelCall.callReturn64Bytes(instruction.hook, call);
        uint256 length = LowLevelCall.returnDataSize();
        if (!succeeded && length != 0 && length <= MAX_REASON) LowLevelCall.bubbleRevert();
        // A short answer leaves in `answer` what was there before: an address without code gives none.
        if (!succeeded || length < 32 || answer != bytes32(IReinvestment.onIncome.selector)) {
            revert ClaimRelayer_NotReinvested(instruction.hook);
        }
    }

    function _holding(address account, address currency) private view returns (uint256) {
        return currency == address(0) ? account.balance : SafeTransferLib.balanceOf(currency, account);
    }

    /// @inheritdoc EIP712
    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("prorata ClaimRelayer", "1");
    }
}
