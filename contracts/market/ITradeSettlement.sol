// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITransferRules} from "../compliance/ITransferRules.sol";

/// @title ITradeSettlement
/// @notice Carries out trades that people have signed: orders, filled whole or in parts, and trades of several legs.
///
/// One contract serves every asset and every currency of a chain. It has no owner and no roles, takes no fee of its
/// own, and holds nothing: shares and money go straight from one wallet to the other, by allowances that their holders
/// have given. So it needs no place in any registry, and each transfer is judged by the token's own rules.
///
/// Signatures are EIP-712 typed data, by a key or by an ERC-1271 wallet. An account with both a key and code (EIP-7702)
/// is its key's. What a signature allows is used at most once: a nonce is spent when its order is filled or cancelled.
///
/// An order says what its maker gives and takes. A part of it costs
///
///     ceil(takeAmount * (done + amount) / giveAmount) - ceil(takeAmount * done / giveAmount)
///
/// where `done` is what was filled before. The sum does not depend on how the order is cut: when all is given, exactly
/// `takeAmount` was taken.
///
/// Warnings for integrators:
/// - ERC-20 only. The chain's own coin is traded wrapped.
/// - The maker's leg goes first. What a side must receive is measured as the difference of its balances: a currency
///   that takes a fee on transfers is refused.
/// - Nonces have no order, so that an order that cannot be filled stands in the way of no other. Nonces close together
///   share a storage slot: count up from 0. Bit 63 is set in the nonce of an order that may be filled in parts.
/// - Two orders of one maker with the same nonce are alternatives: what is filled of one counts for the other.
/// - Allowances are no commitment: a maker can withdraw them, or its shares, at any time. Who needs a commitment uses
///   `IHolds`.
/// - Nobody can be made to receive. But whoever receives in a trade has not signed: rules that forbid receipts are the
///   token's.
interface ITradeSettlement {
    /// @notice What one side offers to whoever fills it. Amounts are in the smallest unit of their token.
    /// @param maker Who offers, and signs
    /// @param taker Who may fill it; zero for anyone
    /// @param give The token that the maker gives
    /// @param take The token that the maker takes
    /// @param giveAmount How much the maker gives in all
    /// @param takeAmount How much the maker takes for all of it
    /// @param leastFill The least of `giveAmount` in one fill, if more than that is left; `giveAmount` for whole or not
    /// at all
    /// @param validUntil Last Unix second at which it can be filled
    /// @param nonce Any number that the maker has not spent; with bit 63 if and only if it may be filled in parts
    /// @param recordToken The share token whose record ends the order; zero for none
    /// @param record The record after whose close, or cancelling, the order is dead. It may be the next one that is not
    /// scheduled yet: `recordCount() + 1`. Zero if and only if `recordToken` is
    /// @param makerPays Whether money is what the maker gives (it buys). Else money is what it takes (it sells)
    /// @param feeTo The venue that brought the two together; zero for none
    /// @param feeBps The venue's part of the money, out of what the seller receives, in hundredths of a percent
    /// @param taxTo Who collects a tax on the purchase, such as stamp duty; zero for none
    /// @param taxBps The tax on the money, paid by the buyer on top, in hundredths of a percent
    struct Order {
        address maker;
        address taker;
        address give;
        address take;
        uint128 giveAmount;
        uint128 takeAmount;
        uint128 leastFill;
        uint48 validUntil;
        uint64 nonce;
        address recordToken;
        uint32 record;
        bool makerPays;
        address feeTo;
        uint16 feeBps;
        address taxTo;
        uint16 taxBps;
    }

    /// @notice One movement of a trade.
    /// @param asset The token, of shares or money
    /// @param from Who gives it
    /// @param to Who receives it
    /// @param amount How much, in the token's smallest unit
    struct Leg {
        address asset;
        address from;
        address to;
        uint256 amount;
    }

    /// @notice Movements that happen together or not at all.
    /// @param legs The movements, in the order in which they happen; at most 32
    /// @param nonce A number that none of the givers has spent on a trade. Trades and orders count apart
    /// @param validUntil Last Unix second at which it can be settled
    /// @param documentHash Hash of the contract behind the trade, or zero
    struct Trade {
        Leg[] legs;
        uint256 nonce;
        uint48 validUntil;
        bytes32 documentHash;
    }

    /// @notice A signature by which a token lets this contract move money or shares (ERC-2612).
    /// @param token The token
    /// @param owner Who gives the allowance, and has signed
    /// @param value The allowance
    /// @param deadline Last Unix second at which the signature counts
    struct Permit {
        address token;
        address owner;
        uint256 value;
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /// @notice Why an order cannot be filled as asked.
    /// @dev Each of the first group is the error of the same name; the order is the one in which `fill` finds them.
    /// `GiveRefused`, `TakeRefused`, `FeeRefused` and `TaxRefused` say that the token would refuse that transfer.
    /// The balance and allowance codes name what is there and what is needed.
    enum Code {
        Expired,
        NotTaker,
        Malformed,
        FeeTooHigh,
        Spent,
        TooMuch,
        TooLittle,
        RecordClosed,
        NotSigned,
        MakerBalance,
        MakerAllowance,
        TakerBalance,
        TakerAllowance,
        GiveRefused,
        TakeRefused,
        FeeRefused,
        TaxRefused
    }

    /// @notice One obstacle to a fill.
    /// @param code Which
    /// @param value What is given or asked, in the unit of the code: seconds, an amount, a nonce, an address
    /// @param limit What is allowed or there
    struct Obstacle {
        Code code;
        uint256 value;
        uint256 limit;
    }

    /// @notice What stands in the way of a fill.
    /// @param obstacles Everything that would make `fill` revert; none if it would succeed
    /// @param giveRefusals Why the rules of `give` refuse that the taker receives, if the token can say it
    /// @param takeRefusals The same of `take` and the maker
    /// @param most The most of `give` that this taker could fill now; 0 if nothing would pass
    /// @param due What `amount` costs the taker in all, in `take`: the tax is in it if the taker buys
    struct Explanation {
        Obstacle[] obstacles;
        ITransferRules.Refusal[] giveRefusals;
        ITransferRules.Refusal[] takeRefusals;
        uint256 most;
        uint256 due;
    }

    /// @notice `given` of `give` went from `maker` to `taker` for `taken` of `take`. `fee` of the money went to the
    /// venue, out of what the seller received; `tax` of it to the collector, on top of what the buyer paid.
    event Filled(
        address indexed maker,
        uint64 indexed nonce,
        address indexed taker,
        address give,
        address take,
        uint256 given,
        uint256 taken,
        uint256 fee,
        uint256 tax
    );

    /// @notice Orders of `maker` with this nonce can no longer be filled.
    event Cancelled(address indexed maker, uint64 indexed nonce);

    /// @notice Orders of `maker` with a nonce below `nonce`, bit 63 left aside, can no longer be filled.
    event CancelledBelow(address indexed maker, uint64 nonce);

    /// @notice Trades that `signer` would give in, with this nonce, can no longer be settled.
    event TradeCancelled(address indexed signer, uint256 indexed nonce);

    /// @notice All legs of a trade have moved.
    event Settled(bytes32 indexed digest, Trade trade);

    /// @notice A signed order was made public. It is a notice only: whether it can be filled is what `explain` says.
    event Posted(address indexed maker, address indexed give, address indexed take, Order order, bytes signature);

    /// @notice Thrown when the last second of the order or trade has passed.
    error TradeSettlement_Expired(uint256 validUntil, uint256 presentTime);

    /// @notice Thrown when the order is for another taker.
    error TradeSettlement_NotTaker(address taker, address expected);

    /// @notice Thrown when the fields of an order contradict each other: an amount of zero, one token on both sides, a
    /// maker who fills its own order, a nonce that says the opposite of `leastFill`, a record without its token, a fee
    /// without its receiver.
    error TradeSettlement_Malformed(address maker, uint256 nonce);

    /// @notice Thrown when a fee or a tax is above the limit, in hundredths of a percent.
    error TradeSettlement_FeeTooHigh(uint256 bps, uint256 limit);

    /// @notice Thrown when an order or trade with this nonce was carried out whole, or cancelled.
    error TradeSettlement_Spent(address maker, uint256 nonce);

    /// @notice Thrown when more is asked than is left of the order.
    error TradeSettlement_TooMuch(uint256 asked, uint256 left);

    /// @notice Thrown when less is asked than the order allows in one fill, or nothing.
    error TradeSettlement_TooLittle(uint256 asked, uint256 least);

    /// @notice Thrown when the taker would give more than it agreed to.
    error TradeSettlement_PriceMoved(uint256 due, uint256 most);

    /// @notice Thrown when the order's record has closed. `closedAt` is the second at whose end it did; zero if it was
    /// cancelled.
    error TradeSettlement_RecordClosed(uint256 record, uint256 closedAt);

    /// @notice Thrown when somebody who gives has not signed, neither by key nor by ERC-1271.
    error TradeSettlement_NotSigned(address signer);

    /// @notice Thrown when less arrives than was signed for: a fee on transfers, or a token that moves nothing.
    error TradeSettlement_Short(address asset, address to, uint256 arrived, uint256 expected);

    /// @notice Thrown when a trade has no leg, or more than the limit.
    error TradeSettlement_Legs(uint256 legs, uint256 limit);

    /// @notice Thrown when a leg moves nothing, or to where it came from.
    error TradeSettlement_IdleLeg(uint256 index);

    /// @notice Thrown when signatures are missing, or are left over.
    error TradeSettlement_Signatures(uint256 given, uint256 needed);

    /// @notice Thrown when `cancelBelow` would make live again what was cancelled, or names a number with bit 63.
    error TradeSettlement_NotHigher(uint256 nonce, uint256 present);

    /// @notice Fills an order, or a part of it. The caller is the taker and pays.
    /// @dev Spends the nonce first, then moves `give`, then `take`. Refusals by a token are forwarded as they are.
    /// @param signature Of `digestOf(order)`: of a key (65 bytes r, s, v) or whatever the wallet contract wants
    /// @param amount How much of `give`
    /// @param mostDue The most of `take` that the caller gives in all, a tax that it bears among it
    /// @return due What the caller gave in all, in `take`
    function fill(
        Order calldata order,
        bytes calldata signature,
        uint256 amount,
        uint256 mostDue
    ) external returns (uint256 due);

    /// @notice Uses permits, then fills. A permit that fails is passed over: the allowance may be there already, and if
    /// it is not, the transfer says so.
    function fillWithPermits(
        Order calldata order,
        bytes calldata signature,
        uint256 amount,
        uint256 mostDue,
        Permit[] calldata permits
    ) external returns (uint256 due);

    /// @notice Carries out a trade: all legs or none. Anyone may bring it.
    /// @param signatures Of `digestOfTrade(trade)`, by everybody who gives, in the order in which they first give; the
    /// caller's own is left out, since it is there itself
    /// @return digest What was signed
    function settle(Trade calldata trade, bytes[] calldata signatures) external returns (bytes32 digest);

    /// @notice Uses permits, then settles, as `fillWithPermits` does.
    function settleWithPermits(
        Trade calldata trade,
        bytes[] calldata signatures,
        Permit[] calldata permits
    ) external returns (bytes32 digest);

    /// @notice Makes sure that no order of the caller's with one of these nonces is filled from now on.
    function cancel(uint64[] calldata nonces) external;

    /// @notice Makes sure that no order of the caller's with a nonce below this one is filled from now on; bit 63 of the
    /// orders' nonces is left aside.
    function cancelBelow(uint64 nonce) external;

    /// @notice Makes sure that no trade in which the caller gives is settled with one of these nonces from now on.
    function cancelTrades(uint256[] calldata nonces) external;

    /// @notice Makes a signed order public, as an event. Anyone may post it; the signature must be the maker's.
    function post(Order calldata order, bytes calldata signature) external;

    /// @notice What the maker signs, on this chain and for this contract (EIP-712; ERC-5267 reports the domain).
    function digestOf(Order calldata order) external view returns (bytes32);

    /// @notice What everybody who gives signs of a trade.
    function digestOfTrade(Trade calldata trade) external view returns (bytes32);

    /// @notice How much of `give` is left of an order, whoever fills it; 0 once it is spent or cancelled. Neither its
    /// time nor its record is asked.
    function left(Order calldata order) external view returns (uint256);

    /// @notice Whether orders of `maker` with this nonce can no longer be filled at all.
    function isSpent(address maker, uint64 nonce) external view returns (bool);

    /// @notice Whether trades of `signer` with this nonce can no longer be settled.
    function isTradeSpent(address signer, uint256 nonce) external view returns (bool);

    /// @notice The number below which all orders of `maker` are cancelled.
    function lowestNonce(address maker) external view returns (uint64);

    /// @notice Everything that stands in the way of a fill, and the most that would pass now.
    /// @dev Never reverts. Lists nothing if and only if `fill` by `taker` with `mostDue = due` would succeed in this
    /// block, for share tokens of this system against ERC-20 currencies that move what they are asked to. What other
    /// tokens refuse beyond balance and allowance is found by trying: simulate the call.
    function explain(
        Order calldata order,
        bytes calldata signature,
        address taker,
        uint256 amount
    ) external view returns (Explanation memory);
}
