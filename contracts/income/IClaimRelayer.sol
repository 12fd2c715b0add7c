// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDividendVault} from "./IDividendVault.sol";

/// @title IClaimRelayer
/// @notice Executes instructions that holders have signed about their income: pay it to this wallet, or reinvest it
/// through that contract. Anyone may bring an instruction and pay its gas; nobody but its signer decides where money goes.
///
/// Every vault has one relayer, which it creates itself. The relayer has no owner, holds no money, and can do one thing that
/// others cannot: claim from its vault to a receiver that the person to be paid has signed for.
///
/// An instruction is signed as EIP-712 typed data, by a key or by an ERC-1271 wallet, which is asked when the instruction
/// is executed. It is executed whole and at most once: its nonce is spent then. Nonces have no order, so that an
/// instruction that cannot be executed, as while a currency is paused, stands in the way of no other. Of two
/// instructions with the same nonce only one can be executed.
///
/// Warnings for integrators:
/// - Anyone can still claim for a holder in the ordinary way, and the money then goes to its ordinary payee. What has
///   been settled before is skipped; if that is everything, the instruction is refused.
/// - An instruction dies with the wallet that signed it: after a recovery only the successor can sign. While the token
///   says that income is held, no instruction is executed.
/// - Do not send money to the relayer: it stays there.
interface IClaimRelayer {
    /// @notice What a holder wants done with its income.
    /// @param holder The holder of record whose income it is
    /// @param claimant Who signs: the person to be paid, which is the holder, or its successor after a recovery
    /// @param ids The distributions; with a hook, of one currency
    /// @param receiver Whom the money is for, or what the hook makes of it
    /// @param hook The contract that takes the money and makes something of it (`IReinvestment`); zero for none
    /// @param data What the hook is to read, such as the least that it must give; empty without a hook
    /// @param nonce Any number that the claimant has not spent; numbers close together share a storage slot
    /// @param validUntil Last Unix second at which the instruction can be executed
    struct PaymentInstruction {
        address holder;
        address claimant;
        uint256[] ids;
        address receiver;
        address hook;
        bytes data;
        uint256 nonce;
        uint256 validUntil;
    }

    /// @notice An instruction was executed: income of `holder` went to `receiver`, or to `hook` for it.
    event Executed(
        address indexed claimant,
        uint256 indexed nonce,
        address indexed holder,
        address receiver,
        address hook
    );

    /// @notice `amount` of `currency` arrived at `hook`, which took it for `receiver`.
    event Reinvested(address indexed hook, address indexed receiver, address indexed currency, uint256 amount);

    /// @notice An instruction with this nonce can no longer be executed.
    event Cancelled(address indexed claimant, uint256 indexed nonce);

    /// @notice Thrown when the instruction's last second has passed.
    error ClaimRelayer_Expired(uint256 validUntil, uint256 presentTime);

    /// @notice Thrown when an instruction with this nonce was executed before, or cancelled.
    error ClaimRelayer_NonceSpent(address claimant, uint256 nonce);

    /// @notice Thrown when the claimant has not signed this instruction, neither by key nor by ERC-1271.
    error ClaimRelayer_NotSigned(address claimant);

    /// @notice Thrown when money would go to nobody, to the vault or to the relayer.
    error ClaimRelayer_InvalidReceiver(address receiver);

    /// @notice Thrown when income in two currencies would be reinvested as one.
    error ClaimRelayer_TwoCurrencies(uint256 id, address currency, address expected);

    /// @notice Thrown when there is nothing left to pay or to reinvest.
    error ClaimRelayer_NothingToPay(address holder);

    /// @notice Thrown when there is data without a hook to read it.
    error ClaimRelayer_DataUnread(uint256 length);

    /// @notice Thrown when the hook does not confirm that it has taken the money.
    error ClaimRelayer_NotReinvested(address hook);

    /// @notice Executes what `instruction.claimant` has signed. Anyone may call.
    /// @dev A refusal by the vault, the currency or the hook is forwarded as it is, and leaves the nonce unspent: such as
    /// `DividendVault_NotClaimant`, if a token would have somebody else paid than the signer.
    /// @param signature Of `digestOf(instruction)`: 65 bytes (r, s, v) of a key, or whatever the wallet contract wants
    /// @return paid How many of the distributions were settled by this call
    function execute(PaymentInstruction calldata instruction, bytes calldata signature) external returns (uint256 paid);

    /// @notice Makes sure that no instruction of the caller's with this nonce is ever executed.
    function cancel(uint256 nonce) external;

    /// @notice Whether an instruction of `claimant` with this nonce was executed or cancelled.
    function isSpent(address claimant, uint256 nonce) external view returns (bool);

    /// @notice What is to be signed, on this chain and for this relayer (EIP-712; ERC-5267 reports the domain).
    function digestOf(PaymentInstruction calldata instruction) external view returns (bytes32);

    /// @notice The vault whose relayer this is.
    function vault() external view returns (IDividendVault);
}
