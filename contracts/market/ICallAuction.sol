// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IHolds} from "./IHolds.sol";

/// @title ICallAuction
/// @notice Collects orders until a time, finds one price for all of them, allots to the lot, and settles in pages.
///
/// A call is an offering, a tender or an auction among holders, whichever its terms say. One contract serves every
/// asset and every currency of a chain. It has no owner and takes no fee of its own. A call has one id, the hash of
/// its terms, and only that hash is stored: whoever calls brings the terms (`Opened` has them), and nothing can
/// change them.
///
/// Prices are money per lot. Step `s` of a ladder is `firstPrice + s * increment`; an order names one step, its
/// limit. A bid pays for its whole limit when it is placed, and the money stays here. The shares of an ask stay in
/// their holder's wallet, held for this contract (`IHolds`). The lots of a sale are held in the principal's wallet in
/// the same way, or are minted. Cost is lots times price, so that money is never rounded.
///
/// Clearing. Of all steps of the ladder, whether somebody named them or not, the price is the one
///
///     at which most lots change hands;
///     of those, the one that leaves the least on the longer side;
///     of those, the highest if bids are longer, the lowest if asks are; where both are equal, the middle of the lowest
///     and the highest, rounded down; where bids are longer at some and asks at others, the highest at which bids are
///
/// All better orders are then served whole, and the orders at the price itself share what is left. Of `Q` lots for
/// orders of `T` lots in all, an order gets `floor(Q * C / T) - floor(Q * B / T)`, where `B` is the sum of the lots
/// placed before it at that step, and `C` that sum with its own lots. In a sale the principal asks at step 0, in a
/// tender it bids at the last step: an offering that is not sold out clears at its lowest price.
///
/// With a valuer the price comes later, from outside, and the ladder holds limits only. All orders whose limit the
/// price keeps are treated alike, and share by the same formula if there is too little. Where bids are amounts of
/// money, it is their money that is shared out: each gets the whole lots that its part pays for, and the rest of its
/// money back.
///
/// Laws: money that came in is what can be refunded, what pays for delivered lots and what is owed, for each call and
/// currency (B1). Lots allotted to bids, and lots allotted to asks, are the volume (B2; in a call by amount, at
/// most). Nobody with a worse price gets anything while a better one lacks (B3). All pay the price of one step (B4),
/// and no other step trades more (B5). Before success nothing goes to the principal; after failure everything goes
/// back (B6). One that cannot pay or receive changes the outcome of its own lots only (B7), and so do page sizes and
/// callers (B8). No person is above its limit (B9).
///
/// Warnings for integrators:
/// - ERC-20 only. The chain's own coin is wrapped. A currency of which less arrives than is due is refused; one that
///   shrinks later harms its own call only.
/// - Anyone can open a call for any token. What it sells is real, since it is held or minted; who sells is
///   `principal`, and what is true of the asset is not known here. Show people `principal`, `opener` and the
///   document.
/// - Orders can be struck until the call is closed, and restored as long; never while the token is paused.
/// - What keeps an order from being delivered is the token alone. Whoever can pause the token, freeze a wallet or
///   change rules can keep orders from being delivered, and after `settleBy` the money goes back.
/// - A delivery that fails changes nothing: it can be tried again until `settleBy`. Pairs that the rules refuse can
///   be mixed anew by anyone then (`deliver`): the price is the same for all, but who is delivered to last may
///   differ.
/// - Shares that the token does not let go of (it is paused, its owner frozen, or its contract of holds another one)
/// stay held, and keep nobody waiting. `refund` tries again, as often as asked. After its consent's time the owner
/// takes them back itself (`IHolds.takeBack`).
/// - A buyer's money stays until `settleBy` even if its order is struck: nobody gets out by making itself ineligible.
/// - Persons are counted as they were when an order was placed. A wallet that joins another person later is not
///   moved.
/// - A freeze of held shares, a forced transfer, or an end of the hold by the token's owner makes an ask
///   undeliverable.
/// - Proceeds wait until `leastLots` are delivered. If they are not by `settleBy`, buyers have until `returnUntil` to
///   give their shares back; what nobody gives back then is the principal's money.
/// - A lock-up of what was bought keeps it from being given back to a principal. A sale with `leastLots` under such
///   rules mints: then it is burnt.
/// - An auction among holders can be a regulated venue, and a tender a regulated offer. No contract can know.
interface ICallAuction {
    /// @notice What a call is. `Sale`: the principal sells, others bid. `Tender`: the principal buys, others ask.
    /// `Auction`: holders among themselves.
    enum Kind {
        Sale,
        Tender,
        Auction
    }

    /// @notice Which side an order is on: it buys (`Bid`) or sells (`Ask`).
    enum Side {
        Bid,
        Ask
    }

    /// @notice How far a call is. `Open`: orders are taken, or it waits to be closed. `Cleared`: it waits for the
    /// principal's acceptance. `Settling`: it has succeeded, and lots are delivered. `Settled`: every order has had
    /// its turn.
    enum Stage {
        None,
        Open,
        Cleared,
        Settling,
        Settled,
        Failed,
        Cancelled
    }

    /// @notice Why a call failed. `NoVolume`: nothing changes hands at any price. `BelowLeast`: fewer lots than the
    /// least. `NotClosed`: nobody closed it in time. `NotAccepted`: the principal did not accept in time.
    enum Failure {
        NoVolume,
        BelowLeast,
        NotClosed,
        NotAccepted
    }

    /// @notice How far an order is. `Struck`: it was taken out because it could not be delivered. `Allotted`: its
    /// turn has come, and it has lots to deliver. `Ended`: nothing of it is left here, but for shares that could not be
    /// let go (`NotReleased`).
    enum OrderState {
        None,
        Placed,
        Withdrawn,
        Struck,
        Allotted,
        Ended
    }

    /// @notice Prices of one currency, in its smallest unit per lot.
    /// @param currency An ERC-20; zero for no ladder
    /// @param firstPrice Price of a lot at step 0; not 0
    /// @param increment What each step adds; not 0 if there are steps beyond the first
    struct Ladder {
        address currency;
        uint128 firstPrice;
        uint128 increment;
    }

    /// @notice The terms of a call. Times are Unix seconds, shares are in the token's smallest unit.
    /// @dev Without a dynamic part: the hash is that of its words. `opensAt <= withdrawUntil < closesAt < closeBy <=
    /// acceptBy < settleBy < returnUntil`, those that are 0 left out; `takeUntil` comes last.
    /// @param opener Who opens it
    /// @param salt Tells equal calls of one opener apart
    /// @param kind What it is
    /// @param token The share token
    /// @param lot Shares in a lot; in a tender one whole share, so that nobody is left with a part that it cannot
    /// tender
    /// @param principal Who sells in a sale and buys in a tender; zero in an auction
    /// @param mint Whether the lots of a sale are minted; else the principal's are held
    /// @param byAmount Whether bids are amounts of money, as in subscriptions of a fund. A sale with a valuer only
    /// @param lots The most lots that the principal sells or buys; 0 in an auction
    /// @param leastLots The fewest at which the call succeeds; 0 for any. In a sale the fewest delivered too, before
    /// any proceeds go out
    /// @param budget The most money that the principal of a tender pays, taken from it at the opening; else 0
    /// @param ladders One, and in a sale without a valuer a second one for another currency
    /// @param steps Prices on a ladder, 1 to 255
    /// @param opensAt First second at which orders are taken
    /// @param withdrawUntil Last second at which orders can be withdrawn; 0 for never
    /// @param closesAt Last second at which orders are taken
    /// @param closeBy Last second at which the call can be closed; it fails afterwards
    /// @param acceptBy Last second at which the principal can accept what was cleared; 0 if it need not
    /// @param settleBy Last second at which lots are delivered; refunds of what was not come after
    /// @param returnUntil Last second at which shares can be given back if too few were delivered; 0 if and only if
    /// the call is no sale or `leastLots` is 0
    /// @param leastOrder The smallest order, in lots; in a call by amount, in money
    /// @param mostPerPerson The most that one person's orders on one side may add up to, in the unit of `leastOrder`;
    /// 0 for no limit
    /// @param registry Whose persons are counted (`IInvestorRegistry`); zero if each wallet is its own person
    /// @param recordId The record at which pre-emption rights were had, closed before `opensAt`; 0 for none, as in a
    /// call by amount
    /// @param entitledLots With a record, the lots that `entitledShares` give a right to; else 0
    /// @param entitledShares Shares at the record. A person's right is its shares times `entitledLots` over this,
    /// rounded down
    /// @param valuer Who names the price after `closesAt`; zero if it is cleared
    /// @param feeTo The venue; zero for none
    /// @param feeBps The venue's part of the proceeds, at most 100 hundredths of a percent, rounded down
    /// @param deliveryGas Gas that must be left for a delivery to be tried, or for shares to be let go, so that nobody can
    /// make one fail by bringing little; 500,000 to 10,000,000
    /// @param takeUntil Last second at which money that is owed can be taken; 0 for no end
    /// @param sweepTo Who receives what is owed after that; zero if and only if there is no end
    /// @param documentHash Hash of the prospectus, the offer or the notice; or zero
    struct Terms {
        address opener;
        bytes32 salt;
        Kind kind;
        address token;
        uint96 lot;
        address principal;
        bool mint;
        bool byAmount;
        uint64 lots;
        uint64 leastLots;
        uint128 budget;
        Ladder[2] ladders;
        uint8 steps;
        uint48 opensAt;
        uint48 withdrawUntil;
        uint48 closesAt;
        uint48 closeBy;
        uint48 acceptBy;
        uint48 settleBy;
        uint48 returnUntil;
        uint128 leastOrder;
        uint128 mostPerPerson;
        address registry;
        uint32 recordId;
        uint64 entitledLots;
        uint96 entitledShares;
        address valuer;
        address feeTo;
        uint16 feeBps;
        uint32 deliveryGas;
        uint48 takeUntil;
        address sweepTo;
        bytes32 documentHash;
    }

    /// @notice An order to be placed for `owner`, which signs it.
    /// @param id The call
    /// @param owner Whose order it is: it pays, or its shares are held
    /// @param side Which side
    /// @param quantity How many lots; in a call by amount, how much money
    /// @param step Its limit: the highest price it pays, or the lowest it takes
    /// @param ladder 0 for the first currency, 1 for the second
    /// @param nonce Any number that the owner has not spent here; numbers close together share a storage slot
    /// @param validUntil Last Unix second at which it can be placed
    struct Placement {
        bytes32 id;
        address owner;
        Side side;
        uint128 quantity;
        uint8 step;
        uint8 ladder;
        uint256 nonce;
        uint256 validUntil;
    }

    /// @notice A signature by which a currency lets this contract take a bid's money (ERC-2612).
    /// @param deadline Last Unix second at which the signature counts
    struct Permit {
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /// @notice A signature by which a currency pays this contract (ERC-3009, `receiveWithAuthorization`). Its nonce
    /// is `digestOf(placement)`, so that it says which order it pays for, and no other signature is needed.
    struct Authorization {
        uint256 validAfter;
        uint256 validBefore;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /// @notice A bid and an ask to be delivered to each other, by their numbers; 0 for the principal.
    struct Pair {
        uint256 bid;
        uint256 ask;
    }

    /// @notice One order as it stands.
    /// @param owner Whose it is; it stays the lost wallet after a recovery, and its successor acts for it
    /// @param side Which side
    /// @param state How far it is
    /// @param step Its limit
    /// @param ladder Its currency
    /// @param quantity Lots; in a call by amount, money
    /// @param allotted Lots that it got; 0 until its turn has come
    /// @param delivered The part of `allotted` that was delivered, less what was given back
    struct Order {
        address owner;
        Side side;
        OrderState state;
        uint8 step;
        uint8 ladder;
        uint128 quantity;
        uint64 allotted;
        uint64 delivered;
    }

    /// @notice What a call cleared at.
    /// @param step The step of the ladder; 0 with a valuer
    /// @param price Money for a lot, in the first currency
    /// @param lots Lots that change hands
    /// @param demand Lots bid for at that price or a higher one
    /// @param supply Lots asked at that price or a lower one
    struct Clearing {
        uint8 step;
        uint256 price;
        uint64 lots;
        uint256 demand;
        uint256 supply;
    }

    /// @notice A call as it stands.
    /// @param stage How far it is
    /// @param orders Orders placed; their numbers are 1 to `orders`
    /// @param clearing What it cleared at; all 0 before
    /// @param delivered Lots delivered, less what was given back
    /// @param passed Orders that have had their turn in `settle`, on both sides
    struct Call {
        Stage stage;
        uint256 orders;
        Clearing clearing;
        uint64 delivered;
        uint256 passed;
    }

    /// @notice The money of a call in one currency, in its smallest unit. `escrowed` is the sum of the other three.
    /// @param escrowed What is here, whatever for
    /// @param refundable What belongs to bids, or to the principal of a tender, and may go back
    /// @param proceeds What was paid for delivered lots and waits until enough are
    /// @param owed What could not be paid to whom it belongs, and waits to be taken
    struct Escrow {
        uint256 escrowed;
        uint256 refundable;
        uint256 proceeds;
        uint256 owed;
    }

    /// @notice A call was opened. `terms` is what everybody brings from now on.
    event Opened(bytes32 indexed id, address indexed token, address indexed principal, Terms terms);

    /// @notice An order was placed; its money is here, or its shares are held.
    event Placed(
        bytes32 indexed id,
        uint256 indexed order,
        address indexed owner,
        Side side,
        uint128 quantity,
        uint8 step,
        uint8 ladder
    );

    /// @notice `owner` withdrew an order. What it had given goes back.
    event Withdrawn(bytes32 indexed id, uint256 indexed order, address indexed owner);

    /// @notice An order was taken out, since it could not be delivered. `reason` says whose it is and how many shares
    /// it is of (`CallAuction_Undeliverable`). What it had given stays until it is withdrawn, or refunds are open.
    event Struck(bytes32 indexed id, uint256 indexed order, bytes reason);

    /// @notice An order that was struck counts again, in its old place.
    event Restored(bytes32 indexed id, uint256 indexed order);

    /// @notice What `wallet` had at the record counts for `person`, who had `shares` with it.
    event Entitled(bytes32 indexed id, uint256 indexed person, address indexed wallet, uint256 shares);

    /// @notice A placement that `signer` signed with this nonce can no longer be used.
    event NonceCancelled(address indexed signer, uint256 indexed nonce);

    /// @notice A call was closed, and cleared.
    event Closed(bytes32 indexed id, uint8 step, uint256 price, uint64 lots, uint256 demand, uint256 supply);

    /// @notice The principal accepted what was cleared.
    event Accepted(bytes32 indexed id);

    /// @notice A call failed. Everything goes back.
    event Failed(bytes32 indexed id, Failure reason);

    /// @notice `by` cancelled a call before it was closed. Everything goes back.
    event Cancelled(bytes32 indexed id, address indexed by, bytes32 documentHash);

    /// @notice Lots were delivered from `seller` to `buyer` for `cost`, of which `fee` is the venue's. Order 0 is the
    /// principal; the seller is zero if the lots were minted.
    event Delivered(
        bytes32 indexed id,
        uint256 indexed bid,
        uint256 indexed ask,
        address seller,
        address buyer,
        uint64 lots,
        uint256 cost,
        uint256 fee
    );

    /// @notice A delivery was refused, and can be tried again; `reason` is the error, cut to its first four values.
    event NotDelivered(bytes32 indexed id, uint256 indexed bid, uint256 indexed ask, uint64 lots, bytes reason);

    /// @notice An order got back what it had given and does not need: money, or shares that are its holder's to give
    /// again.
    event Refunded(bytes32 indexed id, uint256 indexed order, address indexed owner, uint256 money, uint256 shares);

    /// @notice An ask had its turn, and the shares that it does not need could not be let go: they stay held. `refund`
    /// tries again, and reports them then (`Refunded`). After its consent's time their owner takes them back itself
    /// (`IHolds.takeBack`).
    event NotReleased(bytes32 indexed id, uint256 indexed order, address indexed owner, uint256 shares);

    /// @notice Money of a call went to its principal: proceeds, or what is left of the budget.
    event PrincipalPaid(bytes32 indexed id, address indexed principal, address indexed currency, uint256 amount);

    /// @notice Fewer lots were delivered than the least, and a buyer gave `lots` back for `paid`.
    event Returned(bytes32 indexed id, uint256 indexed order, address indexed owner, uint64 lots, uint256 paid);

    /// @notice Money could not be paid to `account`, and is owed.
    event Owed(bytes32 indexed id, address indexed account, address indexed currency, uint256 amount);

    /// @notice What was owed to `account` went to `receiver`.
    event Taken(
        bytes32 indexed id,
        address indexed account,
        address indexed currency,
        address receiver,
        uint256 amount
    );

    /// @notice What was still owed after the last second went to whom the terms name.
    event Swept(bytes32 indexed id, address indexed currency, address indexed recipient, uint256 amount);

    /// @notice Thrown when a call with these terms was never opened.
    error CallAuction_UnknownCall(bytes32 id);

    /// @notice Thrown when a call with these terms was opened before.
    error CallAuction_KnownCall(bytes32 id);

    /// @notice Thrown when a call is not at a stage for that.
    error CallAuction_NotAt(bytes32 id, Stage stage);

    /// @notice Thrown when the caller is not the opener that the terms name.
    error CallAuction_NotOpener(address caller, address opener);

    /// @notice Thrown when a call that mints is opened by somebody who is neither owner nor agent of the token; or when
    /// this contract is no agent, which is the caller then.
    error CallAuction_NotOwnerOrAgent(address caller, address token);

    /// @notice Thrown when the caller is not the principal.
    error CallAuction_NotPrincipal(address caller, address principal);

    /// @notice Thrown when the caller is not the valuer. Also on `close` if there is one, and on `closeAt` if there
    /// is none.
    error CallAuction_NotValuer(address caller, address valuer);

    /// @notice Thrown when the caller may not cancel a call: it is neither its opener nor its principal.
    error CallAuction_MayNotCancel(address caller, bytes32 id);

    /// @notice Thrown when a sale or a tender has no principal, or an auction has one; or if it is this contract.
    error CallAuction_WrongPrincipal(Kind kind, address principal);

    /// @notice Thrown when a lot is nothing, in a tender not one whole share, or in an auction so small that all shares
    /// are more lots than can be counted.
    error CallAuction_WrongLot(uint256 lot, uint256 expected);

    /// @notice Thrown when the lots of a call contradict its kind, are fewer than the least, or more than can be
    /// counted in shares.
    error CallAuction_WrongLots(uint256 lots, uint256 leastLots, uint256 limit);

    /// @notice Thrown when the budget of a tender is less than one lot at the first price, or there is one without a
    /// tender.
    error CallAuction_WrongBudget(uint256 budget, uint256 least);

    /// @notice Thrown when a ladder is missing, is one too many, repeats a currency, or is in the share token itself.
    error CallAuction_WrongLadder(uint256 ladder, address currency);

    /// @notice Thrown when a ladder has no step or more than the limit.
    error CallAuction_WrongSteps(uint256 steps, uint256 limit);

    /// @notice Thrown when a price is zero, larger than the limit, outside the ladder of a valuer, or the same at two
    /// steps.
    error CallAuction_WrongPrice(uint256 price, uint256 least, uint256 most);

    /// @notice Thrown when a time of the terms does not come after the one before it.
    error CallAuction_TimesOutOfOrder(uint256 earlier, uint256 later);

    /// @notice Thrown when a call would close in the past.
    error CallAuction_Past(uint256 closesAt, uint256 presentTime);

    /// @notice Thrown when a call would not be over within 400 days of now: a time in milliseconds is refused.
    error CallAuction_TooFar(uint256 time, uint256 limit);

    /// @notice Thrown when minting, bids by amount, a time for returns, a right at a record, or a time to accept
    /// (`acceptBy` in an auction) do not go with the rest.
    error CallAuction_TermsMismatch(Kind kind, address valuer, uint256 given);

    /// @notice Thrown when a fee is above the limit, or without a receiver.
    error CallAuction_WrongFee(uint256 bps, uint256 limit, address feeTo);

    /// @notice Thrown when the gas for a delivery is outside its bounds.
    error CallAuction_WrongDeliveryGas(uint256 given, uint256 least, uint256 most);

    /// @notice Thrown when there is a last second for what is owed and nobody to sweep to, or the other way round.
    error CallAuction_SweepMismatch(uint256 takeUntil, address sweepTo);

    /// @notice Thrown when holders would trade among themselves under rules that ask for a least holding: pairs would
    /// then be refused for what others left them.
    error CallAuction_LeastHolding(address token, uint256 leastHolding);

    /// @notice Thrown when a pre-emption right would be had at a record that closes after orders are taken, or was
    /// cancelled.
    error CallAuction_RecordNotClosed(uint256 recordId, uint256 closesAt, uint256 opensAt);

    /// @notice Thrown when it is too early for that.
    error CallAuction_TooEarly(uint256 from, uint256 presentTime);

    /// @notice Thrown when it is too late for that.
    error CallAuction_TooLate(uint256 until, uint256 presentTime);

    /// @notice Thrown when a signed placement names another call than the terms do.
    error CallAuction_OtherCall(bytes32 given, bytes32 expected);

    /// @notice Thrown when an order is on a side that the principal is on.
    error CallAuction_WrongSide(Side side, Kind kind);

    /// @notice Thrown when the ladder has no such step.
    error CallAuction_UnknownStep(uint256 step, uint256 steps);

    /// @notice Thrown when the call has no such ladder.
    error CallAuction_UnknownLadder(uint256 ladder);

    /// @notice Thrown when an order is smaller than the least, or nothing.
    error CallAuction_TooSmall(uint256 quantity, uint256 least);

    /// @notice Thrown when an order is larger than can be counted, in lots, shares or money.
    error CallAuction_TooLarge(uint256 quantity, uint256 limit);

    /// @notice Thrown when the registry does not know the owner of an order as a person.
    error CallAuction_UnknownPerson(address owner, address registry);

    /// @notice Thrown when the principal, or another wallet of its person, would order in its own call.
    error CallAuction_PrincipalsPerson(address owner, uint256 person);

    /// @notice Thrown when the orders of a person would be more than its limit: that of the call, or its right at the
    /// record.
    error CallAuction_OverLimit(uint256 person, uint256 quantity, uint256 limit);

    /// @notice Thrown when what a wallet had at the record counts already.
    error CallAuction_EntitledBefore(bytes32 id, address wallet);

    /// @notice Thrown when less money arrived than is due.
    error CallAuction_Short(address currency, uint256 arrived, uint256 expected);

    /// @notice Thrown when the consent to hold shares ends before lots are delivered (`IHolds.setKeeper`).
    error CallAuction_ConsentTooShort(address owner, uint256 until, uint256 settleBy);

    /// @notice Thrown when the token would refuse that the owner of a bid receives what it bids for.
    error CallAuction_Undeliverable(address owner, uint256 shares);

    /// @notice Thrown when an owner has not signed, neither by key nor by ERC-1271.
    error CallAuction_NotSigned(address owner);

    /// @notice Thrown when a placement with this nonce was used before, or cancelled.
    error CallAuction_NonceSpent(address owner, uint256 nonce);

    /// @notice Thrown when the call has no such order.
    error CallAuction_UnknownOrder(bytes32 id, uint256 order);

    /// @notice Thrown when an order is not in a state for that.
    error CallAuction_OrderNotIn(bytes32 id, uint256 order, OrderState state);

    /// @notice Thrown when the caller, or signer, is not the owner of an order, nor the wallet in its place.
    error CallAuction_NotOwner(address caller, address owner);

    /// @notice Thrown when less gas is left than a delivery, or an end of a hold, must be offered.
    error CallAuction_TooLittleGas(uint256 left, uint256 needed);

    /// @notice Thrown when orders would be struck while the token is paused.
    error CallAuction_TokenPaused(address token);

    /// @notice Thrown when two orders of a pair are not a bid and an ask.
    error CallAuction_NotAPair(uint256 bid, uint256 ask);

    /// @notice Thrown when an order would be refunded while the call may still deliver to it.
    error CallAuction_NotRefundable(bytes32 id, uint256 order, uint256 settleBy);

    /// @notice Thrown when shares would be given back although enough were delivered.
    error CallAuction_EnoughDelivered(uint256 delivered, uint256 least);

    /// @notice Thrown when more lots would be given back than an order was delivered.
    error CallAuction_OverDelivered(uint256 lots, uint256 delivered);

    /// @notice Thrown when there is no money to pay, to take or to sweep.
    error CallAuction_NothingLeft(bytes32 id, address account);

    /// @notice Thrown when the currency or the receiver refuses a payment. It stays owed.
    error CallAuction_PaymentFailed(address currency, address receiver, uint256 amount);

    /// @notice Thrown when money would go to nobody or to this contract.
    error CallAuction_InvalidReceiver(address receiver);

    /// @notice Opens a call. The opener that the terms name calls. If it mints, that is the owner or an agent of the
    /// token, and this contract is an agent. If it holds the principal's shares or takes its money, the principal is
    /// the opener or has signed. Refuses terms that contradict each other.
    /// @dev In a sale that does not mint, `lots * lot` shares of the principal's are held, by its consent (`IHolds`)
    /// until `settleBy` or later. In a tender, `budget` is taken from the principal by its allowance.
    /// @param signature Of the principal over `digestOfOpening(id)`; empty if it is the opener, and not read if there
    /// is no principal or the lots are minted
    /// @return id `idOf(terms)`
    function open(Terms calldata terms, bytes calldata signature) external returns (bytes32 id);

    /// @notice Cancels a call. Its opener or its principal, until it is closed. All orders can be refunded then. To
    /// change a term is to cancel and to open another call.
    /// @param documentHash Hash of the notice, or zero
    function cancel(Terms calldata terms, bytes32 documentHash) external;

    /// @notice Counts what wallets had at the call's record for their persons, whose limit it raises. Anyone may
    /// call, in a call with a record, before it closes. What a lost wallet had counts for the person of its
    /// successor. Refuses a wallet that was counted.
    function entitle(Terms calldata terms, address[] calldata wallets) external;

    /// @notice Places an order of the caller's, from `opensAt` to `closesAt`. The money of a bid is taken by
    /// allowance; the shares of an ask are held by consent (`IHolds`) until `settleBy` or later. Refuses whoever
    /// could not be delivered to.
    /// @param quantity How many lots; in a call by amount, how much money in the smallest unit
    /// @param step Its limit
    /// @param ladder 0 for the first currency, 1 for the second
    /// @return order Its number in this call; numbers run from 1
    function place(
        Terms calldata terms,
        Side side,
        uint128 quantity,
        uint8 step,
        uint8 ladder
    ) external returns (uint256 order);

    /// @notice The same, after a permit. A permit that the currency refuses is passed over: what counts is the
    /// allowance.
    function placeWithPermit(
        Terms calldata terms,
        Side side,
        uint128 quantity,
        uint8 step,
        uint8 ladder,
        Permit calldata permit
    ) external returns (uint256 order);

    /// @notice Places an order that its owner has signed. Anyone may bring it, until its last second; refuses a spent
    /// nonce.
    /// @param signature Of `digestOf(placement)`: of a key (65 bytes r, s, v) or whatever the wallet contract wants
    /// @param permit By the owner; all 0 for none
    function placeFor(
        Terms calldata terms,
        Placement calldata placement,
        bytes calldata signature,
        Permit calldata permit
    ) external returns (uint256 order);

    /// @notice Places a bid whose owner has signed its payment only, which names the order. Anyone may bring it,
    /// until the last second of the order and of the payment. Refuses a spent nonce, and an ask.
    function placeWithAuthorization(
        Terms calldata terms,
        Placement calldata placement,
        Authorization calldata authorization
    ) external returns (uint256 order);

    /// @notice Withdraws an order, until `withdrawUntil`. Its owner, or the wallet in its place, calls. What it had
    /// given goes back at once, or is owed. Reverts if shares cannot be let go.
    function withdraw(Terms calldata terms, uint256 order) external;

    /// @notice The same for an owner who has signed it. Anyone may bring it, until `validUntil`.
    /// @param signature Of `digestOfWithdrawal(id, order, validUntil)`
    function withdrawFor(Terms calldata terms, uint256 order, uint256 validUntil, bytes calldata signature) external;

    /// @notice Makes sure that no placement of the caller's with this nonce is used. Anyone, for itself. Refuses a
    /// spent one.
    function cancelNonce(uint256 nonce) external;

    /// @notice Takes out those of some orders that could not be delivered now: bids whose owner the token would
    /// refuse, asks whose shares are not held any more. Anyone may call, until the call is closed. Refused while the
    /// token is paused. Others stay. What a struck order had given stays here until the call fails or `settleBy` has
    /// passed, unless its owner withdraws it by `withdrawUntil`.
    /// @return struck How many were taken out
    function strike(Terms calldata terms, uint256[] calldata orders) external returns (uint256 struck);

    /// @notice Puts those of some struck orders back that could be delivered now, each in its old place. Anyone may
    /// call, until the call is closed. Others stay struck.
    /// @return restored How many were put back
    function restore(Terms calldata terms, uint256[] calldata orders) external returns (uint256 restored);

    /// @notice Closes a call without a valuer, after `closesAt` and until `closeBy`. Anyone may call. The call fails
    /// if nothing changes hands, or fewer lots than the least. Reads each step once, however many orders there are.
    function close(Terms calldata terms) external returns (Clearing memory clearing);

    /// @notice Closes a call at a price. The valuer calls, after `closesAt` and until `closeBy`. Refuses a price
    /// outside the ladder; it need not be one of its steps.
    /// @param price Money for a lot, in the currency's smallest unit
    function closeAt(Terms calldata terms, uint256 price) external returns (Clearing memory clearing);

    /// @notice Accepts what was cleared, so that it is delivered. The principal calls, until `acceptBy`, if the terms
    /// ask for it.
    function accept(Terms calldata terms) external;

    /// @notice Lets a call fail that was not closed by `closeBy`, or not accepted by `acceptBy`. Anyone may call
    /// then.
    function fail(Terms calldata terms) external;

    /// @notice Goes on with the allotment, order by order in order of placement: delivers what it can, and pays back
    /// what orders do not need. Anyone may call, once the call has succeeded, until `settleBy`. A delivery that is
    /// refused is reported and left to `deliver`; a payment that is refused is owed; shares that cannot be let go stay
    /// held, and are left to `refund`.
    /// @param most How many deliveries to try, and orders without any to pass, at most. In an auction each side passes
    /// the orders of the other
    /// @return done Whether every order has had its turn
    function settle(Terms calldata terms, uint256 most) external returns (bool done);

    /// @notice Tries deliveries again, between orders that have lots left of what they were allotted. Anyone may
    /// call, once every order has had its turn, until `settleBy`. Refuses pairs that are none; those the token
    /// refuses are reported.
    /// @return delivered How many lots
    function deliver(Terms calldata terms, Pair[] calldata pairs) external returns (uint64 delivered);

    /// @notice Gives orders back what is left of what they gave: all of it if the call failed or was cancelled, what
    /// was not delivered after `settleBy`. Anyone may call. Money goes to the owner or the wallet in its place, or is
    /// owed; shares are let go. An order whose shares cannot be let go stays as it was, and can be refunded later. Refuses
    /// an order that may still be delivered; passes over one that has ended, but for shares that could not be let go in
    /// its turn: those it lets go of at any time.
    /// @return refunded How many orders got something back
    function refund(Terms calldata terms, uint256[] calldata orders) external returns (uint256 refunded);

    /// @notice Gives back delivered lots for what they cost, if fewer than `leastLots` were delivered by `settleBy`.
    /// The owner of a bid, or the wallet in its place, calls, until `returnUntil`. Its shares go to the principal by
    /// its allowance, or are burnt if they were minted.
    /// @return paid Money, in the smallest unit of the bid's currency
    function returnShares(Terms calldata terms, uint256 order, uint64 lots) external returns (uint256 paid);

    /// @notice Pays the principal what is its own: proceeds once `leastLots` are delivered, or were not given back by
    /// `returnUntil`; what is left of a budget, once no delivery can need it. Anyone may call. In a sale, shares that
    /// are not needed any more are let go too; if they cannot be, money is paid all the same, and they are tried again
    /// the next time. `settle` and `deliver` pay proceeds by themselves once enough lots are
    /// delivered.
    /// @return amounts For each ladder, in its currency's smallest unit
    function payPrincipal(Terms calldata terms) external returns (uint256[2] memory amounts);

    /// @notice Pays what is owed to `account`, to it or to the wallet in its place. Anyone may call, until
    /// `takeUntil`.
    function take(Terms calldata terms, uint8 ladder, address account) external returns (uint256 amount);

    /// @notice The same, to a receiver that the caller chooses, who is `account` or the wallet in its place.
    function takeTo(
        Terms calldata terms,
        uint8 ladder,
        address account,
        address receiver
    ) external returns (uint256 amount);

    /// @notice Sends what is still owed after `takeUntil` to whom the terms name. Anyone may call. Refused while the
    /// call can still deliver or refund.
    function sweep(Terms calldata terms, uint8 ladder) external returns (uint256 amount);

    /// @notice The contract by which shares are held.
    function holds() external view returns (IHolds);

    /// @notice The id of a call with these terms, opened or not.
    function idOf(Terms calldata terms) external view returns (bytes32);

    /// @notice What the owner of an order signs, on this chain and for this contract (EIP-712; ERC-5267 reports the
    /// domain).
    function digestOf(Placement calldata placement) external view returns (bytes32);

    /// @notice What a principal signs who does not open its call itself.
    function digestOfOpening(bytes32 id) external view returns (bytes32);

    /// @notice What the owner of an order signs to withdraw it.
    function digestOfWithdrawal(bytes32 id, uint256 order, uint256 validUntil) external view returns (bytes32);

    /// @notice A call as it stands; stage `None` for one that was never opened.
    function callOf(bytes32 id) external view returns (Call memory);

    /// @notice An order as it stands. Refuses a number that was never given.
    function orderOf(bytes32 id, uint256 order) external view returns (Order memory);

    /// @notice What is bid and what is asked with this limit, in lots; in a call by amount, bids are money.
    function interestAt(bytes32 id, uint8 step) external view returns (uint256 bids, uint256 asks);

    /// @notice The money of a call in the currency of a ladder.
    function escrowOf(bytes32 id, uint8 ladder) external view returns (Escrow memory);

    /// @notice What is owed to `account` by a call, in the currency of a ladder.
    function owedTo(bytes32 id, uint8 ladder, address account) external view returns (uint256);

    /// @notice What the orders of a person add up to on one side, in the unit of `mostPerPerson`; 0 in a call without a
    /// limit and a record. Persons are numbers of the registry, or addresses of wallets if the call has none.
    function orderedBy(bytes32 id, Side side, uint256 person) external view returns (uint256);

    /// @notice Shares that a person had at the record, as far as its wallets were counted (`entitle`).
    function entitledSharesOf(bytes32 id, uint256 person) external view returns (uint256);

    /// @notice Whether what `wallet` had at the record was counted.
    function isEntitled(bytes32 id, address wallet) external view returns (bool);

    /// @notice Whether a placement of `owner` with this nonce was used or cancelled.
    function isSpent(address owner, uint256 nonce) external view returns (bool);

    /// @notice What an open call would clear at now; what it did clear at once it is closed.
    /// @param price The price that a valuer would name; not read without one
    function preview(Terms calldata terms, uint256 price) external view returns (Clearing memory);
}
