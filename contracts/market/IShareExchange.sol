// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExchangeTerms} from "./IExchangeTerms.sol";
import {IHolds} from "./IHolds.sol";
import {ITransferRules} from "../compliance/ITransferRules.sol";

/// @title IShareExchange
/// @notice Exchanges shares for what is already here: money, shares of another asset, or both. Holders come by
/// themselves, or, after notice, everybody's shares are exchanged.
///
/// An exchange is a redemption at once, the maturity of a bond, a squeeze-out, a merger, a reverse split, the
/// exercise of rights or the retirement of a credit, whichever its terms say. One contract serves every asset and
/// every currency of a chain. It has no owner and takes no fee. Terms are fixed when an exchange is opened.
///
/// For `shares` shares a holder gets, and pays,
///
///     floor(shares * gets / per)                     of the currency
///     floor(shares * otherShares / per)              of the other token, and for the rest r of that division
///     floor(r * fractionPrice / per)                 of the currency, in lieu of the fraction
///     ceil(shares * pays / per)                      of the currency, to be paid
///
/// The shares are burnt, or go to the acquirer. Burning is what makes an exchange final: nothing else needs a mark.
///
/// An elective exchange is made by a holder, or with its signature. A mandatory one is carried out by anyone, in
/// pages, from `opensAt`, for every share that exists. It has all the money that this can need when it is opened, as
/// far as shares are not the acquirer's and locked here (`IHolds`). What cannot be paid is owed.
///
/// This contract must be an agent of the token, in order to burn shares or move them. It uses that power in
/// `exchange` and `carryOut` only, for shares that it pays for in the same transaction or owes for. It never mints
/// shares of `token`; it mints shares of the other token if the terms say so, and must be an agent of that one then.
///
/// Laws: every share taken was paid exactly its floor in the same transaction, or it is owed (X1). A mandatory
/// exchange is funded for every share that exists and is not locked here (X2). Shares and money in lieu add up to
/// what one is entitled to, to the unit (X3). Nobody is exchanged unasked before `opensAt`, or in an elective
/// exchange (X4). This contract never mints what it retires (X5).
///
/// Warnings for integrators:
/// - ERC-20 only. The chain's own coin is wrapped. A currency of which less arrives than is due is refused; one that
///   shrinks later makes the last payments of its own exchanges fail.
/// - The money of an elective exchange is a facility, not a promise: the token's owner and agents can drain it at any
///   time. The money of a mandatory one is a promise, and can be cancelled before `opensAt` only.
/// - A price that a valuer names is bounded (`leastPrice`, `mostPrice`, `maxAge`), and what can leave in a day is
///   (`dayLimit`, for all together, by UTC days). A holder bounds it itself, by `leastPaid` and a last second.
/// - An elective exchange takes free shares only. It is refused if the token names a pause, a blocked sender, a
///   frozen amount or a lock-up (`IShareToken.explain` of a transfer to oneself). Other refusals are passed over, so
///   that who is not eligible any more can leave.
/// - A mandatory exchange takes shares whatever is frozen. What they bring is owed to a frozen holder until it is
///   released.
/// - The token's rules must refuse transfers from `opensAt` of a mandatory exchange. Nothing here can check that.
///   Whoever gets shares later is exchanged for them where they are found.
/// - What the acquirer gets is locked as far as its consent reaches and the token lets it. What cannot be locked, as
///   while the acquirer's shares are frozen or the token has appointed other holds, stops no payment and is left; a
///   page that names the acquirer locks it later. Locked shares that an agent's order burns or moves count no more.
/// - Finish a mandatory exchange by `closesAt`. Until then the acquirer's shares are locked; afterwards it could take
///   them back and have them exchanged with the money of the rest. Anyone can carry out any page, so nobody depends
///   on others.
/// - Shares issued after the opening are not funded for. A page stops there (`Unfunded`); anyone can fund the rest.
/// - Fractions are settled wallet by wallet. Who has several wallets moves the shares into one before `opensAt`.
/// - If shares are held for somebody (`IHolds`) when they are exchanged, what they bring waits until the hold ends,
///   and goes to whoever would have got the shares. Holds that opened later than the exchange do not count: what they
///   held is their owner's. What `IHolds` has in its own care is exchanged with its wallet.
/// - Should the acquirer's wallet be lost, pages pass over everybody until the token's owner has settled it: shares go
///   to nobody but the acquirer of the terms.
interface IShareExchange {
    /// @notice How far an exchange is. `Noticed`: it was opened, and `opensAt` lies ahead.
    enum Stage {
        None,
        Noticed,
        Open,
        Closed,
        Cancelled
    }

    /// @notice The terms of an exchange. Times are Unix seconds; amounts are in the smallest unit of their token.
    /// @param token The share token that is given
    /// @param per For so many shares the following amounts are; not 0
    /// @param burns Whether the shares are burnt; else they go to the acquirer
    /// @param acquirer Who keeps its shares, and gets the others if they are not burnt; zero for nobody
    /// @param currency What is paid in; zero if nothing is paid by either side
    /// @param gets Money that a holder gets; with a valuer, the first price. Above 0 in a mandatory exchange, unless
    /// `otherShares` is
    /// @param pays Money that a holder pays, as in the exercise of rights; 0 in a mandatory exchange
    /// @param other The share token that a holder gets; zero for none
    /// @param otherShares How many of them
    /// @param otherFrom Whose shares they are, held for this contract (`IHolds`); zero if they are minted
    /// @param fractionPrice Money for one whole share of `other`, in lieu of a fraction; 0 if fractions are lost
    /// @param mandatory Whether everybody's shares are exchanged
    /// @param opensAt First second of the exchange; in a mandatory one it lies ahead
    /// @param closesAt Last second of an elective exchange, 0 for no end; in a mandatory one, until when the
    /// acquirer's shares are locked at least
    /// @param valuer Who names prices; zero if `gets` stays. Zero in a mandatory exchange
    /// @param leastPrice The lowest price that the valuer can name
    /// @param mostPrice The highest
    /// @param maxAge Seconds after which a price is too old to exchange at; 0 for never
    /// @param dayLimit Shares that can be exchanged in one UTC day, by all holders together; 0 for no limit
    /// @param treasury Who receives what holders pay, what is drained, and at the end what nobody can need
    /// @param takeUntil Last second at which what is owed can be taken; 0 for no end
    /// @param sweepTo Who receives what is owed after that; zero if and only if there is no end
    /// @param documentHash Hash of the resolution, the notice or the offer; not 0 in a mandatory exchange
    struct Terms {
        address token;
        uint96 per;
        bool burns;
        address acquirer;
        address currency;
        uint128 gets;
        uint128 pays;
        address other;
        uint96 otherShares;
        address otherFrom;
        uint128 fractionPrice;
        bool mandatory;
        uint48 opensAt;
        uint48 closesAt;
        address valuer;
        uint128 leastPrice;
        uint128 mostPrice;
        uint32 maxAge;
        uint96 dayLimit;
        address treasury;
        uint48 takeUntil;
        address sweepTo;
        bytes32 documentHash;
    }

    /// @notice An exchange as it stands. Amounts are in the smallest unit of their token.
    /// @param terms Its terms
    /// @param stage How far it is
    /// @param price What a holder gets for `per` shares now
    /// @param priceAsOf The second for which the price was found; that of the opening for the first one
    /// @param funds Money that is here for exchanges to come
    /// @param paid Money that went to holders, or is owed to them
    /// @param owed The part of `paid` that is still here
    /// @param exchanged Shares that were exchanged
    /// @param locked Shares of the acquirer's that are locked here
    struct Exchange {
        Terms terms;
        Stage stage;
        uint256 price;
        uint48 priceAsOf;
        uint256 funds;
        uint256 paid;
        uint256 owed;
        uint256 exchanged;
        uint256 locked;
    }

    /// @notice What a number of shares brings.
    /// @param paid Money that the holder gets, `inLieu` among it
    /// @param due Money that the holder pays
    /// @param otherShares Shares of the other token that the holder gets
    /// @param inLieu The part of `paid` that is for a fraction of a share of the other token
    struct Quote {
        uint256 paid;
        uint256 due;
        uint256 otherShares;
        uint256 inLieu;
    }

    /// @notice What is owed to a holder by one exchange.
    /// @param paid Money
    /// @param otherShares Shares of the other token
    /// @param heldShares Given shares that were held when they were exchanged. What they brought is a part of the two
    /// others that waits until the holds end
    struct Owing {
        uint256 paid;
        uint256 otherShares;
        uint256 heldShares;
    }

    /// @notice An exchange that a holder wants made. The holder signs it.
    /// @param id The exchange
    /// @param holder Whose shares are given, and who gets what they bring
    /// @param shares How many
    /// @param leastPaid The least money that the holder accepts in all
    /// @param mostDue The most that the holder pays
    /// @param nonce Any number that the holder has not spent here; numbers close together share a storage slot
    /// @param validUntil Last Unix second at which it can be made
    /// @param note What the issuer is to read: a beneficiary and a reason, a delivery order; at most 4,096 bytes
    struct Request {
        uint256 id;
        address holder;
        uint256 shares;
        uint256 leastPaid;
        uint256 mostDue;
        uint256 nonce;
        uint256 validUntil;
        bytes note;
    }

    /// @notice A signature by which the currency lets this contract take what a holder pays (ERC-2612).
    /// @param value The allowance
    /// @param deadline Last Unix second at which the signature counts
    struct Permit {
        uint256 value;
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /// @notice Why a page passed over a holder. `NoShares`: it has none. `Locked`: it is the acquirer. `Refused`: the
    /// token does not let its shares be taken.
    enum Reason {
        NoShares,
        Locked,
        Refused
    }

    /// @notice An exchange was opened, with `locked` shares of the acquirer's locked here.
    event Opened(uint256 indexed id, address indexed token, address indexed opener, uint256 locked, Terms terms);

    /// @notice Money came in for exchanges.
    event Funded(uint256 indexed id, address indexed from, uint256 amount);

    /// @notice Money of an elective exchange went back to the treasury.
    event Drained(uint256 indexed id, address indexed by, uint256 amount);

    /// @notice From now on a holder gets `price` for `per` shares, as found at `asOf`.
    event PriceSet(uint256 indexed id, uint256 price, uint48 asOf);

    /// @notice Shares of `holder` were exchanged. `paid` and `otherShares` went to `payee`, but for what `Owed` says next;
    /// it is zero if nothing went. `inLieu` is a part of `paid`, and `due` was paid by the holder.
    event Exchanged(
        uint256 indexed id,
        address indexed holder,
        address payee,
        uint256 shares,
        uint256 paid,
        uint256 due,
        uint256 otherShares,
        uint256 inLieu,
        bytes note
    );

    /// @notice A page passed over `holder`.
    event Skipped(uint256 indexed id, address indexed holder, Reason reason);

    /// @notice A page stopped at `holder`: so much more money is needed for its shares. Nobody was paid less.
    event Unfunded(uint256 indexed id, address indexed holder, uint256 missing);

    /// @notice What shares of `holder` brought is owed; `heldShares` of them were held for somebody.
    event Owed(uint256 indexed id, address indexed holder, uint256 paid, uint256 otherShares, uint256 heldShares);

    /// @notice What was owed to `holder` went to `receiver`.
    event Taken(uint256 indexed id, address indexed holder, address receiver, uint256 paid, uint256 otherShares);

    /// @notice What held shares of `holder` had brought is no longer tied to the hold, or what `keeper` held: it
    /// ended, and `account` is owed now.
    event HoldEnded(
        uint256 indexed id,
        address indexed holder,
        address indexed account,
        bytes32 holdId,
        address keeper,
        uint256 shares
    );

    /// @notice What was still owed after the last second went to whom the terms name.
    event Swept(uint256 indexed id, address indexed recipient, uint256 paid, uint256 otherShares);

    /// @notice An exchange ended; what nobody can need went to the treasury.
    event Closed(uint256 indexed id, uint256 amount);

    /// @notice A mandatory exchange was cancelled before it began; its money went to the treasury.
    event Cancelled(uint256 indexed id, bytes32 documentHash, uint256 amount);

    /// @notice A request that `signer` signed with this nonce can no longer be used.
    event NonceCancelled(address indexed signer, uint256 indexed nonce);

    /// @notice Thrown when no exchange has this id.
    error ShareExchange_UnknownExchange(uint256 id);

    /// @notice Thrown when an exchange is not at a stage for that.
    error ShareExchange_NotAt(uint256 id, Stage stage);

    /// @notice Thrown when something is asked of exchange `id` that goes with the other kind only; `mandatory` says
    /// which it is.
    error ShareExchange_WrongKind(uint256 id, bool mandatory);

    /// @notice Thrown when the caller is neither owner nor agent of the token; for a mandatory exchange, not its
    /// owner.
    error ShareExchange_NotOwnerOrAgent(address caller, address token);

    /// @notice Thrown when the caller is not the valuer.
    error ShareExchange_NotValuer(address caller, address valuer);

    /// @notice Thrown when this contract is no agent of a token whose shares it would burn, move or mint.
    error ShareExchange_NotAgent(address token);

    /// @notice Thrown when amounts are for no shares.
    error ShareExchange_PerNothing(uint256 per);

    /// @notice Thrown when a holder would get nothing for its shares in a mandatory exchange.
    error ShareExchange_GetsNothing(uint256 gets, uint256 otherShares);

    /// @notice Thrown when shares would go to nobody, to this contract or to the token.
    error ShareExchange_WrongAcquirer(address acquirer);

    /// @notice Thrown when money is to be paid in no currency, or the currency is the share token.
    error ShareExchange_WrongCurrency(address currency);

    /// @notice Thrown when other shares are to be had of no token, or of the token that is given.
    error ShareExchange_WrongOther(address other, uint256 otherShares);

    /// @notice Thrown when money has nobody to go back to.
    error ShareExchange_WrongTreasury(address treasury);

    /// @notice Thrown when a valuer, a price paid by holders or a limit for a day is set that a mandatory exchange
    /// cannot have.
    error ShareExchange_NotForMandatory(address valuer, uint256 pays, uint256 dayLimit);

    /// @notice Thrown when a mandatory exchange has no document.
    error ShareExchange_NoDocument(address token);

    /// @notice Thrown when a time of the terms does not come after the one before it.
    error ShareExchange_TimesOutOfOrder(uint256 earlier, uint256 later);

    /// @notice Thrown when a time lies too far ahead, as one in milliseconds does.
    error ShareExchange_TooFar(uint256 time, uint256 limit);

    /// @notice Thrown when there is a last second for what is owed and nobody to sweep to, or the other way round.
    error ShareExchange_SweepMismatch(uint256 takeUntil, address sweepTo);

    /// @notice Thrown when the first price or a later one is outside the bounds.
    error ShareExchange_PriceOutOfBounds(uint256 price, uint256 least, uint256 most);

    /// @notice Thrown when a price is as of the future, or not later than the one before it.
    error ShareExchange_WrongPriceTime(uint256 asOf, uint256 previous, uint256 presentTime);

    /// @notice Thrown when the price is too old to exchange at.
    error ShareExchange_PriceTooOld(uint256 asOf, uint256 maxAge, uint256 presentTime);

    /// @notice Thrown when a mandatory exchange is opened with less money than all shares can need.
    error ShareExchange_TooLittleFunding(uint256 given, uint256 needed);

    /// @notice Thrown when less money or fewer shares arrived than are due.
    error ShareExchange_Short(address asset, uint256 arrived, uint256 expected);

    /// @notice Thrown when the consent to lock shares ends before the exchange does (`IHolds.setKeeper`).
    error ShareExchange_ConsentTooShort(address owner, uint256 until, uint256 closesAt);

    /// @notice Thrown when there is less money here than an exchange, or a withdrawal, needs.
    error ShareExchange_Unfunded(uint256 id, uint256 needed, uint256 funds);

    /// @notice Thrown when no shares would be exchanged.
    error ShareExchange_NoShares(uint256 id, address holder);

    /// @notice Thrown when the token names a reason why the shares are not free. More than there are the token refuses
    /// itself.
    error ShareExchange_NotFree(address holder, ITransferRules.Code code, uint256 value, uint256 limit);

    /// @notice Thrown when the token would refuse that the acquirer receives the shares.
    error ShareExchange_Refused(address token, address from, address to, uint256 shares);

    /// @notice Thrown when more shares would be exchanged in one UTC day than the terms allow.
    error ShareExchange_OverDayLimit(uint256 shares, uint256 left);

    /// @notice Thrown when a holder would get less than it accepts.
    error ShareExchange_TooLittlePaid(uint256 paid, uint256 least);

    /// @notice Thrown when a holder would pay more than it agreed to.
    error ShareExchange_TooMuchDue(uint256 due, uint256 most);

    /// @notice Thrown when the last second of a request has passed.
    error ShareExchange_Expired(uint256 validUntil, uint256 presentTime);

    /// @notice Thrown when a holder has not signed its request, neither by key nor by ERC-1271.
    error ShareExchange_NotSigned(address holder);

    /// @notice Thrown when a request with this nonce was used before, or cancelled.
    error ShareExchange_NonceSpent(address holder, uint256 nonce);

    /// @notice Thrown when a note is longer than the limit.
    error ShareExchange_NoteTooLong(uint256 length, uint256 limit);

    /// @notice Thrown when it is too early for that.
    error ShareExchange_TooEarly(uint256 from, uint256 presentTime);

    /// @notice Thrown when it is too late for that.
    error ShareExchange_TooLate(uint256 until, uint256 presentTime);

    /// @notice Thrown when less gas is left than a page must offer to each holder.
    error ShareExchange_TooLittleGas(uint256 left, uint256 needed);

    /// @notice Thrown when a mandatory exchange would end while shares are left that are not locked here.
    error ShareExchange_SharesLeft(uint256 id, uint256 shares);

    /// @notice Thrown when nothing is owed, or nothing is left to sweep.
    error ShareExchange_NothingOwed(uint256 id, address holder);

    /// @notice Thrown when the token says that what `holder` is owed is held, as while its wallet is frozen.
    error ShareExchange_IncomeHeld(address token, address holder);

    /// @notice Thrown when `caller` is not the one who is owed.
    error ShareExchange_NotClaimant(address caller, address claimant);

    /// @notice Thrown when a hold has not ended, ended before its shares were exchanged, is of another token, opened
    /// when they were gone already, or was used before.
    error ShareExchange_HoldNotEnded(bytes32 holdId, IHolds.State state);

    /// @notice Thrown when a keeper still holds some of the holder's shares.
    error ShareExchange_StillKept(address keeper, address holder, uint256 kept);

    /// @notice Thrown when money or shares would go to nobody or to this contract.
    error ShareExchange_InvalidReceiver(address receiver);

    /// @notice Thrown when a token or a receiver refuses a payment. It stays owed.
    error ShareExchange_PaymentFailed(address asset, address receiver, uint256 amount);

    /// @notice Opens an exchange and funds it. An elective one: the owner or an agent of the token. A mandatory one:
    /// the owner only, with at least `fundingFor(terms, lockedShares)`. Refuses terms that contradict each other.
    /// @dev `funding` is taken from the caller by its allowance. Other shares that are not minted are held in the
    /// wallet of `otherFrom` by its consent: as many as a mandatory exchange can need, or, in an elective one, when
    /// they are given.
    /// @param lockedShares In a mandatory exchange, how many of the acquirer's shares are locked by its consent until
    /// `closesAt` or later, and not exchanged; else 0. Shares that the acquirer gets join them
    /// @return id The new exchange's id; ids run from 1
    function open(Terms calldata terms, uint256 funding, uint256 lockedShares) external returns (uint256 id);

    /// @notice Adds money, taken from the caller by its allowance. Anyone may call, until the exchange has ended. In
    /// an elective exchange it is a gift to the treasury, which can drain it.
    function fund(uint256 id, uint256 amount) external;

    /// @notice Sends money of an elective exchange back to the treasury. The owner or an agent of the token, at any
    /// time. Refuses more than is here for exchanges: what is owed stays.
    function drain(uint256 id, uint256 amount) external;

    /// @notice Names what a holder gets for `per` shares from now on. The valuer calls. Refuses a price outside the
    /// bounds, one as of the future, and one not later than the price before.
    /// @param price Money, in the currency's smallest unit
    /// @param asOf Unix second for which it was found
    function setPrice(uint256 id, uint128 price, uint48 asOf) external;

    /// @notice Exchanges shares of the caller's in an elective exchange, from `opensAt` to `closesAt`. What it pays
    /// is taken by its allowance. Refuses shares that are not free, a price too old, more than a day's limit, and
    /// less money than is accepted; also if the caller cannot receive the other shares.
    /// @param shares How many, in the token's smallest unit
    /// @param leastPaid The least money that is accepted in all
    /// @param validUntil Last Unix second at which the caller wants it
    /// @param note What the issuer is to read; at most 4,096 bytes
    /// @return result What was paid and given
    function exchange(
        uint256 id,
        uint256 shares,
        uint256 leastPaid,
        uint256 validUntil,
        bytes calldata note
    ) external returns (Quote memory result);

    /// @notice The same, after a permit. A permit that the currency refuses is passed over: what counts is the
    /// allowance.
    function exchangeWithPermit(
        uint256 id,
        uint256 shares,
        uint256 leastPaid,
        uint256 validUntil,
        bytes calldata note,
        Permit calldata permit
    ) external returns (Quote memory result);

    /// @notice Makes an exchange that a holder has signed. Anyone may bring it, until its last second. Refuses what
    /// `exchange` does, more due than agreed, and a spent nonce.
    /// @param signature Of `digestOf(request)`: of a key (65 bytes r, s, v) or whatever the wallet contract wants
    /// @param permit By the holder; all 0 for none
    function exchangeFor(
        Request calldata request,
        bytes calldata signature,
        Permit calldata permit
    ) external returns (Quote memory result);

    /// @notice Makes sure that no request of the caller's with this nonce is used. Anyone, for itself. Refuses a
    /// spent one.
    function cancelNonce(uint256 nonce) external;

    /// @notice Exchanges all shares of some holders in a mandatory exchange, from `opensAt`. Anyone may call. The
    /// money goes to whom the token says, or is owed. Who has no shares is passed over, and a page can be repeated.
    /// It stops where money is missing.
    /// @dev Each holder's payment is offered the same gas, at least 500,000, and so is the lock of what the acquirer
    /// got. Where less is left the call reverts.
    /// @return done How many holders were exchanged or passed over, in the order given
    function carryOut(uint256 id, address[] calldata holders) external returns (uint256 done);

    /// @notice Pays what is owed to `holder`, except for what held shares brought. Anyone may call, until
    /// `takeUntil`; it goes to the holder or its successor, as the token says (`IShareToken.claimantOf`). Refused
    /// while the token holds its income.
    function take(uint256 id, address holder) external returns (uint256 paid, uint256 otherShares);

    /// @notice The same, to a receiver that the caller chooses, whom the token must name as the one to be paid. If
    /// that wallet cannot receive the other shares, this is how another of its person does.
    function takeTo(uint256 id, address holder, address receiver) external returns (uint256 paid, uint256 otherShares);

    /// @notice Unties what shares of `terms.owner` brought from a hold that has ended, or that was claimed. It is
    /// then owed to the receiver of a hold that was claimed, else to the owner of the shares; to the owner in any case
    /// if the hold opened after the exchange. Anyone may call, once for each hold.
    /// @dev A hold that was released or voided unties what was missing then (`IHolds.missingOf`): what was taken here.
    function endHold(uint256 id, IHolds.Hold calldata terms) external;

    /// @notice Unties what shares of `holder` brought from what `keeper` held of them, to whomever the keeper names:
    /// up to what it holds still. The keeper calls in time; or, to `holder` alone, anyone after the keeper's consent has
    /// ended, or of what the keeper has let go of since.
    /// @param account Who is owed: the holder, or whom the keeper would have delivered to
    function endKept(uint256 id, address keeper, address holder, address account, uint256 shares) external;

    /// @notice Sends what is still owed after `takeUntil` to whom the terms name. Anyone may call.
    function sweep(uint256 id) external returns (uint256 paid, uint256 otherShares);

    /// @notice Ends an exchange and sends to the treasury what nobody can need; what is owed stays. Anyone may call:
    /// after `closesAt` of an elective exchange; when no share of a mandatory one is left but those locked here. An
    /// elective one without an end: the owner or an agent of the token, at any time. Lets go of what is locked.
    function close(uint256 id) external returns (uint256 amount);

    /// @notice Cancels a mandatory exchange before `opensAt`. The owner of the token calls. Its money goes to the
    /// treasury, and what is locked is let go.
    /// @param documentHash Hash of the notice, or zero
    function cancel(uint256 id, bytes32 documentHash) external;

    /// @notice The contract by which shares are locked, and asked about holds.
    function holds() external view returns (IHolds);

    /// @notice The contract that refuses terms that contradict each other.
    function termsCheck() external view returns (IExchangeTerms);

    /// @notice Exchanges opened so far; their ids are 1 to `exchangeCount()`.
    function exchangeCount() external view returns (uint256);

    /// @notice An exchange as it stands.
    function exchangeOf(uint256 id) external view returns (Exchange memory);

    /// @notice Money that a mandatory exchange with these terms must be opened with, if so many shares are locked:
    /// what all others bring, and what their fractions can bring at most, in whatever wallets they are.
    function fundingFor(Terms calldata terms, uint256 lockedShares) external view returns (uint256);

    /// @notice Money that a mandatory exchange lacks for the shares that are left: 0 while X2 holds.
    function missingFunds(uint256 id) external view returns (uint256);

    /// @notice Shares that can still be exchanged in this UTC day.
    function leftToday(uint256 id) external view returns (uint256);

    /// @notice What `shares` shares of one wallet bring at the present price.
    function quote(uint256 id, uint256 shares) external view returns (Quote memory);

    /// @notice What is owed to `holder`.
    function owedTo(uint256 id, address holder) external view returns (Owing memory);

    /// @notice Whether a request of `holder` with this nonce was used or cancelled.
    function isSpent(address holder, uint256 nonce) external view returns (bool);

    /// @notice What a holder signs, on this chain and for this contract (EIP-712; ERC-5267 reports the domain).
    function digestOf(Request calldata request) external view returns (bytes32);
}
