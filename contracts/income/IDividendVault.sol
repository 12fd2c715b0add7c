// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IDividendVault
/// @notice Takes funded distributions and pays the holders of record, exactly pro rata.
///
/// One vault serves every asset and every currency of a chain. It has no owner and no roles: whoever
/// declares a distribution pays for it in the same transaction, and from then on the money can go
/// only to the holders of record, to the tax collector and, after a deadline, to the recipient whom
/// the terms name. Terms are stored as the code of a small contract, so nothing can change them.
///
/// A holder's gross is `floor(amount * balanceAt / eligibleSupply)`. At every moment
///
///     received + carried in = paid + withheld + owed + carried out + swept
///
/// for each distribution, and summed over the distributions of one token in one currency.
///
/// Warnings for integrators:
/// - The vault trusts the token for `balanceOfAt` and `totalSupplyAt`. A token that lies harms only
///   distributions declared for it.
/// - A currency that lowers balances by itself (rebasing down) makes the last claims of its own
///   distributions fail. It cannot reach any other currency.
/// - `address(0)` is the chain's native coin.
/// - The vault itself never earns. Shares of a token that was ever a currency here, such as a dividend in shares that
///   lies unclaimed, count in no denominator fixed from then on. Such a token answers ERC-165 for `IRecordToken`; a record token over
///   another's records names that one as `token()`. Shares that somebody sent here without declaring them count like
///   those of any account that never claims.
/// - A declaration for a closed record computes the number of shares at once. If many accounts are excluded over a long
///   range it may not fit a transaction: it then fails before anything is taken. Declared before the range closes, it
///   can be computed in pages (`fixEligible`).
interface IDividendVault {
    /// @notice What the income is, for tax reports.
    enum Kind {
        Dividend,
        Interest,
        Rent,
        ReturnOfCapital,
        Principal
    }

    /// @notice The terms of a distribution, fixed when it is declared.
    /// @param kind What the income is
    /// @param payableFrom First Unix second at which holders can be paid; 0 for as soon as the record has closed
    /// @param deadline Last Unix second at which holders can be paid; 0 for none. It waits for nobody: income that is held
    /// then, as that of a frozen wallet, is swept like any other
    /// @param sweepTo Who receives what is unclaimed after the deadline; zero if and only if there is none
    /// @param taxPolicy The withholding policy, or zero for none
    /// @param documentHash Hash of the resolution or notice behind the payment, or zero
    /// @param excluded Accounts that neither earn nor count, such as treasury shares; repeats count once. The vault is
    /// excluded by itself
    struct Terms {
        Kind kind;
        uint48 payableFrom;
        uint48 deadline;
        address sweepTo;
        address taxPolicy;
        bytes32 documentHash;
        address[] excluded;
    }

    /// @notice Everything about one distribution. Amounts are in the currency's smallest unit.
    /// @param token The share token
    /// @param recordId The record whose holders are paid
    /// @param currency What is paid; zero for the native coin
    /// @param declarer Who declared and funded it
    /// @param terms Its terms
    /// @param taxCollector Who receives what is withheld; zero without a tax policy
    /// @param amount What is distributed: what arrived and what was carried in
    /// @param carriedIn The part of `amount` that earlier distributions left over
    /// @param eligibleSupply Shares that earn, which the amount is divided by; 0 until that is fixed: if the record was
    /// open at declaration, the first payment or `fixEligible` fixes it
    /// @param settledShares Shares whose income has been paid or withheld
    /// @param paid Gross income settled, whether paid out or withheld
    /// @param withheld The part of `paid` held back as tax so far, remitted or not
    /// @param remitted The part of `withheld` that has gone to the collector
    /// @param owed What holders can still claim, and the remainder while it is not known to be one
    /// @param carriedOut The remainder that joined the carry of this token and currency
    /// @param swept What went to `terms.sweepTo` after the deadline, or back to the declarer
    struct Distribution {
        address token;
        uint256 recordId;
        address currency;
        address declarer;
        Terms terms;
        address taxCollector;
        uint256 amount;
        uint256 carriedIn;
        uint256 eligibleSupply;
        uint256 settledShares;
        uint256 paid;
        uint256 withheld;
        uint256 remitted;
        uint256 owed;
        uint256 carriedOut;
        uint256 swept;
    }

    /// @notice The income of one holder from one distribution: `gross - tax` went out.
    struct Settlement {
        uint256 id;
        uint256 gross;
        uint256 tax;
    }

    /// @notice A signature by which a currency lets the vault take money (ERC-2612).
    /// @param deadline Last Unix second at which the signature counts
    struct Permit {
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /// @notice Why a push skipped a holder.
    /// @dev `Nothing`: no income at this record. `Claimed`: paid before. `PaymentFailed`: the currency or
    /// the payee refused, or needed more gas than it was offered. `PolicyFailed`: the tax policy did not answer, or asked for more than the gross.
    /// `Held`: the token says that the holder's income is held, as while its wallet is frozen.
    enum Reason {
        Nothing,
        Claimed,
        PaymentFailed,
        PolicyFailed,
        Held
    }

    /// @notice A distribution was declared and funded.
    /// @param received What arrived from the declarer
    /// @param carriedIn What earlier distributions of this token and currency left over
    event Declared(
        uint256 indexed id,
        address indexed token,
        address indexed currency,
        uint256 recordId,
        address declarer,
        uint256 received,
        uint256 carriedIn,
        Terms terms
    );

    /// @notice A holder's income was settled: `gross - tax` went to `payee`.
    event Claimed(uint256 indexed id, address indexed holder, address payee, uint256 gross, uint256 tax);

    /// @notice A claim settled several distributions of one token and currency, and paid them to `payee` together.
    event ClaimedMany(address indexed holder, address payee, Settlement[] settlements);

    /// @notice A push did not pay `holder`, who is owed as before.
    event Skipped(uint256 indexed id, address indexed holder, Reason reason);

    /// @notice The remainder of a finished distribution joined the carry of its token and currency.
    event Carried(uint256 indexed id, address indexed token, address indexed currency, uint256 amount);

    /// @notice Tax withheld so far from distribution `id` went to its collector.
    event Remitted(uint256 indexed id, address indexed collector, uint256 amount);

    /// @notice What was unclaimed at the deadline went to the recipient that the terms name.
    event Swept(uint256 indexed id, address indexed recipient, uint256 amount);

    /// @notice Excluded accounts of distribution `id` were counted, of which `accountsLeft` are left. Once none is, the
    /// amount is divided by `eligible` shares; 0 if the vault cannot divide by what was found.
    event EligibleCounted(uint256 indexed id, uint256 accountsLeft, uint256 eligible);

    /// @notice A distribution whose record had no eligible shares, or was cancelled, went back to its declarer.
    event Refunded(uint256 indexed id, address indexed declarer, uint256 amount);

    /// @notice From now on `holder`'s income goes to `payee`.
    event PayeeSet(address indexed holder, address indexed payee);

    /// @notice Thrown when no distribution has this id.
    error DividendVault_UnknownDistribution(uint256 id);

    /// @notice Thrown when the currency does not let the vault take the money: too little of it, or no allowance.
    error DividendVault_FundingFailed(address currency, address declarer, uint256 amount);

    /// @notice Thrown when a declaration brings no money.
    error DividendVault_NothingReceived(address currency, uint256 amount);

    /// @notice Thrown when the native coin sent with a declaration is not what the declaration says.
    error DividendVault_WrongValue(uint256 sent, uint256 expected);

    /// @notice Thrown when an amount is larger than the vault can account for.
    error DividendVault_AmountTooLarge(uint256 amount, uint256 limit);

    /// @notice Thrown when a token has more eligible shares than the vault can account for.
    error DividendVault_SupplyTooLarge(uint256 supply, uint256 limit);

    /// @notice Thrown when nobody would be paid: no eligible share exists at the record.
    error DividendVault_NoEligibleShares(address token, uint256 recordId);

    /// @notice Thrown when a record id is larger than the vault can account for.
    error DividendVault_RecordTooLarge(uint256 recordId, uint256 limit);

    /// @notice Thrown when a record closes later than the vault can count seconds.
    error DividendVault_NotPayableInTime(uint256 payableFrom);

    /// @notice Thrown when the deadline leaves no time to claim.
    error DividendVault_DeadlineTooEarly(uint256 deadline, uint256 payableFrom);

    /// @notice Thrown when the deadline is the one second that stands for none.
    error DividendVault_DeadlineTooLate(uint256 deadline, uint256 limit);

    /// @notice Thrown when there is a deadline and nobody to sweep to, or the other way round.
    error DividendVault_SweepMismatch(uint256 deadline, address sweepTo);

    /// @notice Thrown when more accounts are excluded than a claim could afford to look through.
    error DividendVault_TooManyExcluded(uint256 given, uint256 limit);

    /// @notice Thrown when a tax policy names no collector.
    error DividendVault_NoCollector(address taxPolicy);

    /// @notice Thrown when money would go to the vault itself.
    error DividendVault_InvalidPayee(address payee);

    /// @notice Thrown when a distribution is not payable yet.
    error DividendVault_NotPayableYet(uint256 id, uint256 payableFrom, uint256 presentTime);

    /// @notice Thrown when the deadline for claims has passed.
    error DividendVault_Expired(uint256 id, uint256 deadline, uint256 presentTime);

    /// @notice Thrown when the token says that the holder's income is held, as while its wallet is frozen.
    error DividendVault_IncomeHeld(address token, address holder);

    /// @notice Thrown when the currency or the payee refuses a payment. The claim stays.
    error DividendVault_PaymentFailed(address currency, address payee, uint256 amount);

    /// @notice Thrown when `given` would say where income goes that is `claimant`'s: the caller of a claim who is not the
    /// claimant that it names, or one so named who is not the person whom the token would have paid.
    error DividendVault_NotClaimant(address given, address claimant);

    /// @notice Thrown when a tax policy asks for more than the whole income.
    error DividendVault_TaxTooHigh(uint256 id, address holder, uint256 tax, uint256 gross);

    /// @notice Thrown when a page has only `given` gas left to offer where `least` is promised: give the transaction more,
    /// or the page fewer holders. Nobody is paid by it, and nobody skipped.
    error DividendVault_TooLittleGas(uint256 given, uint256 least);

    /// @notice Thrown when a currency reports failure yet moves money, which no push can account for.
    error DividendVault_MovedOnFailure(address currency, address payee, uint256 amount);

    /// @notice Thrown on a sweep before the deadline, or of a distribution without one.
    error DividendVault_NotExpired(uint256 id, uint256 deadline, uint256 presentTime);

    /// @notice Thrown when there is nothing left to sweep, to remit or to refund.
    error DividendVault_NothingLeft(uint256 id);

    /// @notice Thrown on a refund of a distribution that has eligible shares.
    error DividendVault_NotRefundable(uint256 id, uint256 eligibleSupply);

    /// @notice Declares a distribution and funds it with what arrives in this call.
    /// @dev Anyone may pay income to holders. What earlier distributions left over joins a declaration only if the
    /// token's owner or one of its agents makes it. For a token that names neither, it joins one to all holders of a
    /// closed record that is payable at once, untaxed and without a deadline.
    /// @param token The share token; its record `recordId` must exist, and may still be open
    /// @param recordId The record whose holders are paid
    /// @param currency An ERC-20 the caller has approved, or zero for the native coin
    /// @param amount How much to take from the caller; for the native coin, exactly the value sent
    /// @param terms The terms, final
    /// @return id The new distribution's id; ids run from 1
    function declare(
        address token,
        uint256 recordId,
        address currency,
        uint256 amount,
        Terms calldata terms
    ) external payable returns (uint256 id);

    /// @notice The same, after a permit: the currency takes the caller's signature for an allowance of `amount`.
    /// @dev A permit that the currency refuses is skipped, since anyone may have used it first; what counts is the
    /// allowance.
    function declareWithPermit(
        address token,
        uint256 recordId,
        address currency,
        uint256 amount,
        Terms calldata terms,
        Permit calldata permit
    ) external returns (uint256 id);

    /// @notice Pays `holder` what it is owed from the distributions `ids`. Anyone may call; the money goes to
    /// the holder, to its successor if the token names one, or to the payee that person has set.
    /// @dev Distributions the holder has been paid before, and ones in which it has no shares, are passed
    /// over. Anything else that stands in the way reverts the whole call. Each payment gets all the gas that is left but
    /// 40,000 and a 64th part, in the native coin as in an ERC-20: a wallet that has more to do needs a larger limit.
    /// @return paid How many of `ids` were settled by this call
    function claim(uint256[] calldata ids, address holder) external returns (uint256 paid);

    /// @notice The same, but to `receiver`, whom the person chooses who is to be paid: the caller, or the signer of an
    /// instruction that the `relayer` executes.
    /// @dev The token is asked once whom to pay, and the payment is for that answer or not at all.
    /// @param claimant The person to be paid, as the token must say too: the holder, or its successor. The caller, unless
    /// that is the relayer
    /// @param receiver Who receives the money; not zero
    function claimTo(
        uint256[] calldata ids,
        address holder,
        address claimant,
        address receiver
    ) external returns (uint256 paid);

    /// @notice Pays a page of holders of one distribution. Who cannot be paid is skipped, reported, and owed
    /// as before; repeating a page pays nobody twice.
    /// @dev Each payee is offered the same gas: what the transaction has at the start, divided by the holders, less
    /// 80,000 for the vault's own work on each; and at least 100,000 for the native coin, 500,000 for a transfer of an
    /// ERC-20. The same for each, so that none gets less by its place, and none can burn what the others have left. Where
    /// less than the least is left the call reverts: a payee is skipped only after it was offered that much, whoever
    /// calls with however little. What is offered and not used costs nothing, so give the transaction a large limit.
    /// @return paid How many holders were settled by this call
    function push(uint256 id, address[] calldata holders) external returns (uint256 paid);

    /// @notice The same, and each payee is offered exactly `gasEach`: more than its part of a page, for a wallet that
    /// needs it, or less than that, against payees that burn what they get.
    /// @param gasEach At least 100,000 for the native coin, 500,000 for an ERC-20
    function pushWithGas(uint256 id, address[] calldata holders, uint256 gasEach) external returns (uint256 paid);

    /// @notice Sends where the caller's income goes from now on; zero or the caller's own address resets it.
    function setPayee(address payee) external;

    /// @notice The contract that executes signed instructions, made by the vault and as unchangeable as it.
    function relayer() external view returns (address);

    /// @notice Where the income of `holder` goes: the payee it has set, or itself.
    function payeeOf(address holder) external view returns (address);

    /// @notice Sends the tax withheld so far to the collector. Anyone may call.
    function remit(uint256 id) external returns (uint256 amount);

    /// @notice After the deadline, sends what is unclaimed to the recipient that the terms name, and the
    /// remainder to the carry. Anyone may call. What is held for frozen wallets is unclaimed too.
    function sweep(uint256 id) external returns (uint256 amount);

    /// @notice Looks at up to `most` more excluded accounts of a distribution declared while its record was open, and,
    /// with the last of them, fixes the number of shares that it is divided by. Anyone may call, once the record has closed.
    /// @dev Payments, `sweep` and `refund` do the rest by themselves, and go on from what was counted. Where the record is
    /// a long range and many accounts are excluded, that can need more than a transaction may use: then count in pages
    /// first. One account of the longest range fits by far, however its shares moved.
    /// @param most How many accounts; repeated ones count. The supply is read with the last
    /// @return accountsLeft Accounts still to be looked at; 0 too if nothing was left to do
    function fixEligible(uint256 id, uint256 most) external returns (uint256 accountsLeft);

    /// @notice Returns a distribution to its declarer if its record has closed without one eligible share, or with more
    /// than the vault can divide by, or if it was cancelled before a number of shares was fixed; what was carried in is
    /// carried on. Anyone may call.
    function refund(uint256 id) external returns (uint256 amount);

    /// @notice What `holder` earned in distribution `id`, claimed or not; nothing if the record was cancelled. Reverts
    /// until the record has closed, unless the holder is excluded and earns nothing in any case.
    function entitlement(uint256 id, address holder) external view returns (uint256 gross, uint256 tax, uint256 net);

    /// @notice What a claim for `holder` would pay now: zero once claimed, while held, and after the deadline.
    function claimable(uint256 id, address holder) external view returns (uint256 net);

    /// @notice Whether the income of `holder` from distribution `id` has been settled.
    function isClaimed(uint256 id, address holder) external view returns (bool);

    /// @notice What finished distributions of `token` in `currency` left over, waiting for the next one.
    function carried(address token, address currency) external view returns (uint256);

    /// @notice The share token of distribution `id`, and the currency in which it pays.
    function assetOf(uint256 id) external view returns (address token, address currency);

    /// @notice Everything about distribution `id`.
    function distribution(uint256 id) external view returns (Distribution memory);

    /// @notice Distributions declared so far; their ids are 1 to `distributionCount()`.
    function distributionCount() external view returns (uint256);
}
