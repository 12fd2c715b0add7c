// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IHolds
/// @notice Locks shares in their holder's own wallet for somebody else: until a secret is shown, for a keeper to
/// deliver, or until a time.
///
/// One contract serves every asset of a chain. It has no owner. A share token whose owner has appointed it
/// (`IShareToken.setHoldsContract`) locks the shares where they are: they earn, vote and count as their holder's, and
/// keep their lock-up lots. This contract can hold, deliver under the token's own rules, and release; it has no
/// agent's role, and can do nothing else to a token. Any other ERC-20 is taken into the care of this contract, and
/// leaves it only to the receiver or back to its owner. Which of the two applies is decided when a hold opens, and
/// never again.
///
/// A hold for a secret is one side of a trade across two chains (a hash time lock). Its lock is the SHA-256 of 32 bytes,
/// which every chain can compute. Who shows the secret in time has claimed: if the token refuses the delivery just then,
/// as while it is paused, the claim stands, the hold can no longer be released by its owner, and anyone delivers it
/// once the token lets it.
///
/// A keeper is an account that a holder lets lock its shares: a lender who takes a pledge, or a contract that sells
/// them. It can hold up to a limit, deliver, and let go, until `until`. After that it can only let go, and the owner can
/// take back what is left.
///
/// A recovered wallet's holds go on: the shares are then locked in the wallet of its successor, which takes the lost
/// one's place as owner and as receiver. But a lost wallet opens no hold, and its consents to keepers end.
///
/// Warnings for integrators:
/// - Whoever learns the secret last must have the later `until` on the other chain, by more than both chains need to
///   be final. Nothing here can check that.
/// - A regulator's freeze goes first: while it reaches into what is held, nothing is delivered. An agent's forced
///   transfer takes held shares last, and can leave less than what holds promise: a delivery then fails, and a release
///   gives back what is there.
/// - A currency whose balances shrink by themselves, or that an agent takes from this contract, leaves too little for all
/// holds of it: who comes last waits. What is held as money should be a plain ERC-20.
/// - The owner of the token can end a hold (`voidHold`, `voidKept`), as a court may order. The shares then are their
///   holder's again; nobody else gets them.
/// - If the token's owner appoints another contract, open holds here can neither be delivered nor released until this
///   one is appointed again.
interface IHolds {
    /// @notice A hold that a secret opens.
    /// @param asset The share token, or any ERC-20
    /// @param owner Whose it is
    /// @param to Who gets it if the secret is shown
    /// @param amount How much, in the token's smallest unit
    /// @param lock SHA-256 of the secret's 32 bytes
    /// @param until Last Unix second at which the secret counts
    /// @param nonce Tells equal holds of one owner apart
    struct Hold {
        address asset;
        address owner;
        address to;
        uint256 amount;
        bytes32 lock;
        uint48 until;
        uint256 nonce;
    }

    /// @notice How far a hold is. `Claimed`: the secret was shown in time, and the token refused the delivery so far.
    enum State {
        None,
        Open,
        Claimed,
        Delivered,
        Released,
        Voided
    }

    /// @notice What a holder allows a keeper to do with one token, and what the keeper holds.
    /// @param until Last Unix second at which the keeper holds or delivers; after it the owner can take back what is left
    /// @param most The most that may be held at once
    /// @param kept What is held now
    /// @param inCustody Whether what is held is in this contract's care, and not locked in the owner's wallet
    struct Consent {
        uint48 until;
        uint96 most;
        uint96 kept;
        bool inCustody;
    }

    /// @notice A hold opened. `inCustody` says that the token is in this contract's care.
    event Held(bytes32 indexed id, address indexed asset, address indexed owner, Hold terms, bool inCustody);

    /// @notice The secret of a hold was shown in time. The secret is out from now on.
    event Claimed(bytes32 indexed id, bytes32 secret);

    /// @notice A claimed hold was delivered.
    event Delivered(bytes32 indexed id, address indexed asset, address indexed from, address to, uint256 amount);

    /// @notice A claimed hold is to be delivered to another wallet of the receiver's.
    event Redirected(bytes32 indexed id, address to);

    /// @notice A hold ended without a delivery; `amount` was released to `to`.
    event Released(bytes32 indexed id, address indexed asset, address indexed to, uint256 amount);

    /// @notice The owner of the token ended a hold; `amount` was released to its holder.
    event Voided(bytes32 indexed id, address indexed asset, bytes32 documentHash, uint256 amount);

    /// @notice `owner` lets `keeper` hold at most `most` of `asset` until `until`.
    event KeeperSet(address indexed keeper, address indexed asset, address indexed owner, uint256 most, uint256 until);

    /// @notice A keeper holds `amount` more.
    event Kept(address indexed keeper, address indexed asset, address indexed owner, uint256 amount);

    /// @notice A keeper delivered `amount` of what it held. `owner` is who agreed to it, be its wallet lost or not.
    event KeptDelivered(
        address indexed keeper,
        address indexed asset,
        address indexed owner,
        address to,
        uint256 amount
    );

    /// @notice A keeper let go of `amount`, or the owner took it back after the time.
    event KeptReleased(address indexed keeper, address indexed asset, address indexed owner, uint256 amount);

    /// @notice The owner of the token ended what a keeper held.
    event KeptVoided(
        address indexed keeper,
        address indexed asset,
        address indexed owner,
        bytes32 documentHash,
        uint256 amount
    );

    /// @notice Thrown when `caller` is not the owner of what it would hold, or the wallet in its place.
    error Holds_NotOwner(address caller, address owner);

    /// @notice Thrown when `caller` is not the receiver of the hold, or the wallet in its place.
    error Holds_NotReceiver(address caller, address to);

    /// @notice Thrown when a wallet that has a successor would open a hold or name a keeper.
    error Holds_HasSuccessor(address account);

    /// @notice Thrown when nothing would be held, delivered or let go, when the receiver is nobody, the owner, this contract
    /// or the token, when a keeper is nobody, or when a keeper holds nothing that could be taken back or ended.
    error Holds_Malformed(address account, uint256 amount);

    /// @notice Thrown when the last second lies in the past.
    error Holds_Past(uint256 until, uint256 presentTime);

    /// @notice Thrown when the last second lies too far ahead: 400 days for a secret, 50 years for a keeper. So a time in
    /// milliseconds is refused.
    error Holds_TooFar(uint256 until, uint256 limit);

    /// @notice Thrown when a hold with these terms was opened before.
    error Holds_Known(bytes32 id);

    /// @notice Thrown when the hold is not in a state for that.
    error Holds_NotIn(bytes32 id, State state);

    /// @notice Thrown when the secret is not the one of the lock.
    error Holds_WrongSecret(bytes32 id);

    /// @notice Thrown when the time for it is over.
    error Holds_TooLate(uint256 until, uint256 presentTime);

    /// @notice Thrown when it is not time yet.
    error Holds_TooEarly(uint256 until, uint256 presentTime);

    /// @notice Thrown when the token does not let what is held be delivered now, or does not let what is in this contract's
    /// care be given back; `from` is this contract then.
    error Holds_Refused(address asset, address from, address to, uint256 amount);

    /// @notice Thrown when the other wallet is not known to be the receiver's own person.
    error Holds_OtherPerson(address to, address other);

    /// @notice Thrown when less arrived in this contract's care than was to be held.
    error Holds_Short(address asset, uint256 arrived, uint256 expected);

    /// @notice Thrown when a keeper would hold `amount` in all, and may hold `limit`, which is zero without a consent.
    error Holds_OverConsent(address keeper, uint256 amount, uint256 limit);

    /// @notice Thrown when more would be delivered or let go than the keeper holds.
    error Holds_OverKept(address keeper, uint256 amount, uint256 kept);

    /// @notice Thrown when a consent would be lowered or shortened while something is held by it.
    error Holds_InUse(address keeper, uint256 kept);

    /// @notice Thrown when what is held is locked in the wallet and the token has since appointed another contract, or
    /// the other way round, and more would be held by the same consent.
    error Holds_ModeChanged(address asset, bool inCustody);

    /// @notice Thrown when `caller` is not the owner of the token, or the token is in this contract's care.
    error Holds_NotTokenOwner(address caller, address asset);

    /// @notice Holds what the caller owns, for a secret. Of an ERC-20 that has not appointed this contract, the allowance
    /// of the caller is used.
    /// @return id `idOf(terms)`
    function hold(Hold calldata terms) external returns (bytes32 id);

    /// @notice Shows the secret. Anyone may call, until `until`; the shares go to the receiver only, or to its successor.
    /// @dev If the token refuses the delivery, the claim is kept (`State.Claimed`), whatever the reason, too little gas
    /// among them. `deliver` tries again.
    /// @return delivered Whether they have arrived
    function claim(Hold calldata terms, bytes32 secret) external returns (bool delivered);

    /// @notice Delivers a claimed hold that the token refused before. Anyone may call, at any time. Reverts while the
    /// token still refuses.
    function deliver(Hold calldata terms) external;

    /// @notice Names another wallet of the receiver for a claimed hold that cannot be delivered. The receiver, or its
    /// successor, calls. The token's identity registry must know both wallets as one person's: by its number if the
    /// registry gives numbers (`IInvestorRegistry`), else by the identity contract. A token without a registry, or in
    /// this contract's care, does not ask.
    function redirect(Hold calldata terms, address other) external;

    /// @notice Ends a hold without a delivery. The owner, or its successor, after `until` if nobody claimed; the receiver,
    /// or its successor, at any time.
    function release(Hold calldata terms) external;

    /// @notice Ends a hold of shares by order of the token's owner. They are their holder's again.
    /// @param documentHash Hash of the order behind it
    function voidHold(Hold calldata terms, bytes32 documentHash) external;

    /// @notice Lets `keeper` hold at most `most` of the caller's `asset` until `until`; zero ends it. While something is
    /// held, neither falls.
    function setKeeper(address keeper, address asset, uint96 most, uint48 until) external;

    /// @notice Holds more of an owner's token. The keeper calls, within the consent.
    function holdFor(address asset, address owner, uint96 amount) external;

    /// @notice Delivers what is held, under the token's own rules. The keeper calls, until the consent's time.
    function deliverKept(address asset, address owner, address to, uint96 amount) external;

    /// @notice Lets go of what is held. The keeper calls, at any time.
    function letGo(address asset, address owner, uint96 amount) external;

    /// @notice Takes back all that a keeper holds of the caller's, or of a wallet it succeeds, after the consent's time.
    function takeBack(address keeper, address asset, address owner) external;

    /// @notice Ends what a keeper holds of shares, and the consent, by order of the token's owner. They are their holder's
    /// again.
    /// @param documentHash Hash of the order behind it
    function voidKept(address keeper, address asset, address owner, bytes32 documentHash) external;

    /// @notice The id of a hold: the hash of its terms, of this chain and of this contract.
    function idOf(Hold calldata terms) external view returns (bytes32);

    /// @notice How far a hold is, whether it is, or was, in this contract's care, and the second at which it opened.
    function stateOf(bytes32 id) external view returns (State state, bool inCustody, uint48 openedAt);

    /// @notice How many shares an order had taken of a hold, when it was released or voided without them; and when that
    /// was last. Of what a keeper held, all that was missing when it was let go, taken back or voided.
    /// @param id Of a hold, or `keepIdOf`
    function missingOf(bytes32 id) external view returns (uint96 amount, uint48 at);

    /// @notice What stands for all that `keeper` holds of an owner's asset, in `missingOf`.
    function keepIdOf(address keeper, address asset, address owner) external pure returns (bytes32);

    /// @notice Where a claimed hold goes; zero if to its receiver.
    function redirectedTo(bytes32 id) external view returns (address);

    /// @notice What an owner allows a keeper, and what the keeper holds.
    function consentOf(address keeper, address asset, address owner) external view returns (Consent memory);
}
