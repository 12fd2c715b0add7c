// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IIdentityRegistry} from "../compliance/IIdentityRegistry.sol";
import {IInvestorRegistry} from "../compliance/IInvestorRegistry.sol";
import {Investor} from "../compliance/InvestorLib.sol";
import {IERC3643Token} from "../token/IERC3643Token.sol";
import {IShareToken} from "../token/IShareToken.sol";
import {PaymentLib} from "../libraries/PaymentLib.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";
import {IHolds} from "./IHolds.sol";

/// @title Holds
/// @notice Locks shares where they are, and takes any other ERC-20 into its care. `IHolds` is the specification.
/// @dev Promise: what is held goes to whom its owner agreed to, in time or when it was claimed in time, or back to its
/// owner. At a share token this contract calls `hold`, `deliver` and `release` and nothing else; at any other token
/// `transferFrom` with what was just agreed to, and `transfer` of no more than one hold.
contract Holds is IHolds, ReentrancyGuardTransient {
    /// @dev One slot. Ends in 87 free bits.
    struct Lock {
        State state;
        bool inCustody;
        address redirectedTo;
    }

    // ------------------------------------------------------------------ constants

    uint256 private constant LONGEST_HOLD = 400 days;
    uint256 private constant LONGEST_CONSENT = 50 * 365 days;

    // -------------------------------------------------------------------- storage

    mapping(bytes32 id => Lock) private _locks;
    mapping(address keeper => mapping(address asset => mapping(address owner => Consent))) private _consents;

    // ------------------------------------------------------------ holds for a secret

    /// @inheritdoc IHolds
    function hold(Hold calldata terms) external nonReentrant returns (bytes32 id) {
        if (msg.sender != terms.owner) revert Holds_NotOwner(msg.sender, terms.owner);
        _requireReceiver(terms.asset, terms.owner, terms.to, terms.amount);
        _requireTime(terms.until, LONGEST_HOLD);
        id = idOf(terms);
        Lock storage lock = _locks[id];
        if (lock.state != State.None) revert Holds_Known(id);
        _requireNotLost(terms.asset, terms.owner);
        bool inCustody = !_isAppointed(terms.asset);
        (lock.state, lock.inCustody) = (State.Open, inCustody);
        emit Held(id, terms.asset, terms.owner, terms, inCustody);
        _take(terms.asset, inCustody, terms.owner, terms.amount);
    }

    /// @inheritdoc IHolds
    /// @dev The delivery is a call of its own, so that a refusal undoes all of it and nothing else: a currency that moves
    /// and then answers false has moved nothing.
    function claim(Hold calldata terms, bytes32 secret) external nonReentrantView returns (bool delivered) {
        bytes32 id = idOf(terms);
        Lock storage lock = _locks[id];
        _requireState(id, lock, State.Open);
        if (sha256(abi.encodePacked(secret)) != terms.lock) revert Holds_WrongSecret(id);
        if (block.timestamp > terms.until) revert Holds_TooLate(terms.until, block.timestamp);
        lock.state = State.Claimed;
        emit Claimed(id, secret);
        try this.deliver(terms) {
            delivered = true;
        } catch {
            delivered = false;
        }
    }

    /// @inheritdoc IHolds
    function deliver(Hold calldata terms) external nonReentrant {
        bytes32 id = idOf(terms);
        Lock storage lock = _locks[id];
        _requireState(id, lock, State.Claimed);
        address from = _inPlaceOf(terms.asset, terms.owner);
        address to = lock.redirectedTo == address(0) ? terms.to : lock.redirectedTo;
        to = _inPlaceOf(terms.asset, to);
        lock.state = State.Delivered;
        emit Delivered(id, terms.asset, from, to, terms.amount);
        _give(terms.asset, lock.inCustody, from, to, terms.amount);
    }

    /// @inheritdoc IHolds
    function redirect(Hold calldata terms, address other) external nonReentrant {
        bytes32 id = idOf(terms);
        Lock storage lock = _locks[id];
        _requireState(id, lock, State.Claimed);
        address to = _inPlaceOf(terms.asset, terms.to);
        if (msg.sender != to) revert Holds_NotReceiver(msg.sender, to);
        _requireReceiver(terms.asset, terms.owner, other, terms.amount);
        if (!lock.inCustody) _requireSamePerson(terms.asset, to, other);
        lock.redirectedTo = other;
        emit Redirected(id, other);
    }

    /// @inheritdoc IHolds
    function release(Hold calldata terms) external nonReentrant {
        bytes32 id = idOf(terms);
        Lock storage lock = _locks[id];
        address owner = _inPlaceOf(terms.asset, terms.owner);
        if (lock.state != State.Claimed) _requireState(id, lock, State.Open);
        // The receiver gives up what is its own. The owner has it back when nobody claimed in time.
        if (msg.sender != _inPlaceOf(terms.asset, terms.to)) {
            if (msg.sender != owner) revert Holds_NotOwner(msg.sender, owner);
            _requireState(id, lock, State.Open);
            if (block.timestamp <= terms.until) revert Holds_TooEarly(terms.until, block.timestamp);
        }
        lock.state = State.Released;
        uint256 amount = _leftOf(terms.asset, lock.inCustody, owner, terms.amount);
        emit Released(id, terms.asset, owner, amount);
        _giveBack(terms.asset, lock.inCustody, owner, amount);
    }

    /// @inheritdoc IHolds
    function voidHold(Hold calldata terms, bytes32 documentHash) external nonReentrant {
        bytes32 id = idOf(terms);
        Lock storage lock = _locks[id];
        if (lock.state != State.Claimed) _requireState(id, lock, State.Open);
        _requireTokenOwner(terms.asset, lock.inCustody);
        lock.state = State.Voided;
        address owner = _inPlaceOf(terms.asset, terms.owner);
        uint256 amount = _leftOf(terms.asset, false, owner, terms.amount);
        emit Voided(id, terms.asset, documentHash, amount);
        _giveBack(terms.asset, false, owner, amount);
    }

    // ---------------------------------------------------------------------- keepers

    /// @inheritdoc IHolds
    function setKeeper(address keeper, address asset, uint96 most, uint48 until) external nonReentrant {
        if (keeper == address(0)) revert Holds_Malformed(keeper, most);
        if (most == 0) until = 0;
        else _requireTime(until, LONGEST_CONSENT);
        _requireNotLost(asset, msg.sender);
        Consent storage consent = _consents[keeper][asset][msg.sender];
        uint256 kept = consent.kept;
        if (kept != 0 && (most < consent.most || until < consent.until)) revert Holds_InUse(keeper, kept);
        (consent.most, consent.until) = (most, until);
        emit KeeperSet(keeper, asset, msg.sender, most, until);
    }

    /// @inheritdoc IHolds
    function holdFor(address asset, address owner, uint96 amount) external nonReentrant {
        if (amount == 0) revert Holds_Malformed(owner, amount);
        Consent memory consent = _consents[msg.sender][asset][owner];
        uint256 kept = uint256(consent.kept) + amount;
        if (kept > consent.most) revert Holds_OverConsent(msg.sender, kept, consent.most);
        if (block.timestamp > consent.until) revert Holds_TooLate(consent.until, block.timestamp);
        _requireNotLost(asset, owner);
        bool inCustody = !_isAppointed(asset);
        if (consent.kept != 0 && consent.inCustody != inCustody) revert Holds_ModeChanged(asset, consent.inCustody);
        // At most `most`, which is as wide.
        (consent.kept, consent.inCustody) = (uint96(kept), inCustody);
        _consents[msg.sender][asset][owner] = consent;
        emit Kept(msg.sender, asset, owner, amount);
        _take(asset, inCustody, owner, amount);
    }

    /// @inheritdoc IHolds
    function deliverKept(address asset, address owner, address to, uint96 amount) external nonReentrant {
        _requireReceiver(asset, owner, to, amount);
        Consent storage consent = _consents[msg.sender][asset][owner];
        _reduceKept(consent, amount);
        if (block.timestamp > consent.until) revert Holds_TooLate(consent.until, block.timestamp);
        emit KeptDelivered(msg.sender, asset, owner, to, amount);
        _give(asset, consent.inCustody, _inPlaceOf(asset, owner), to, amount);
    }

    /// @inheritdoc IHolds
    function letGo(address asset, address owner, uint96 amount) external nonReentrant {
        if (amount == 0) revert Holds_Malformed(owner, amount);
        Consent storage consent = _consents[msg.sender][asset][owner];
        _reduceKept(consent, amount);
        _endKept(msg.sender, asset, owner, consent.inCustody, amount);
    }

    /// @inheritdoc IHolds
    function takeBack(address keeper, address asset, address owner) external nonReentrant {
        address inPlace = _inPlaceOf(asset, owner);
        if (msg.sender != inPlace) revert Holds_NotOwner(msg.sender, inPlace);
        Consent storage consent = _consents[keeper][asset][owner];
        uint256 kept = consent.kept;
        if (kept == 0) revert Holds_Malformed(keeper, kept);
        if (block.timestamp <= consent.until) revert Holds_TooEarly(consent.until, block.timestamp);
        consent.kept = 0;
        _endKept(keeper, asset, owner, consent.inCustody, kept);
    }

    /// @inheritdoc IHolds
    function voidKept(address keeper, address asset, address owner, bytes32 documentHash) external nonReentrant {
        Consent memory consent = _consents[keeper][asset][owner];
        if (consent.kept == 0) revert Holds_Malformed(keeper, consent.kept);
        _requireTokenOwner(asset, consent.inCustody);
        // The consent too: else the keeper could hold the same shares again at once.
        delete _consents[keeper][asset][owner];
        address inPlace = _inPlaceOf(asset, owner);
        uint256 amount = _leftOf(asset, false, inPlace, consent.kept);
        emit KeptVoided(keeper, asset, owner, documentHash, amount);
        emit KeeperSet(keeper, asset, owner, 0, 0);
        _giveBack(asset, false, inPlace, amount);
    }

    // ------------------------------------------------------------------------ views

    /// @inheritdoc IHolds
    function idOf(Hold calldata terms) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), terms));
    }

    /// @inheritdoc IHolds
    function stateOf(bytes32 id) external view returns (State state, bool inCustody) {
        Lock storage lock = _locks[id];
        return (lock.state, lock.inCustody);
    }

    /// @inheritdoc IHolds
    function redirectedTo(bytes32 id) external view returns (address) {
        return _locks[id].redirectedTo;
    }

    /// @inheritdoc IHolds
    function consentOf(address keeper, address asset, address owner) external view returns (Consent memory) {
        return _consents[keeper][asset][owner];
    }

    // --------------------------------------------------------------------- checking

    /// @dev Who gets what is held. What went to this contract or to the token would be lost.
    function _requireReceiver(address asset, address owner, address to, uint256 amount) private view {
        bool isNobody = to == address(0) || to == owner || to == address(this) || to == asset;
        if (amount == 0 || isNobody) revert Holds_Malformed(to, amount);
    }

    function _requireTime(uint256 until, uint256 longest) private view {
        if (until < block.timestamp) revert Holds_Past(until, block.timestamp);
        uint256 limit = block.timestamp + longest;
        if (until > limit) revert Holds_TooFar(until, limit);
    }

    function _requireState(bytes32 id, Lock storage lock, State state) private view {
        if (lock.state != state) revert Holds_NotIn(id, lock.state);
    }

    /// @dev Who has the key of a lost wallet is not whom its holder meant.
    function _requireNotLost(address asset, address account) private view {
        if (_inPlaceOf(asset, account) != account) revert Holds_HasSuccessor(account);
    }

    function _requireTokenOwner(address asset, bool inCustody) private view {
        (bool answered, uint256 owner) = _ask(asset, abi.encodeCall(Ownable.owner, ()));
        if (inCustody || !answered || owner != uint160(msg.sender)) revert Holds_NotTokenOwner(msg.sender, asset);
    }

    function _requireSamePerson(address asset, address to, address other) private view {
        (, uint256 registry) = _ask(asset, abi.encodeCall(IERC3643Token.identityRegistry, ()));
        if (registry == 0) return;
        uint256 person = _personOf(registry, to);
        if (person == 0 || person != _personOf(registry, other)) revert Holds_OtherPerson(to, other);
    }

    // ----------------------------------------------------------------------- asking

    /// @dev Whether the token has appointed this contract. A call that ran out of gas has left so little that nothing
    /// could be taken afterwards: so nobody can choose the answer by the gas that it sends.
    function _isAppointed(address asset) private view returns (bool) {
        (bool answered, uint256 appointed) = _ask(asset, abi.encodeCall(IShareToken.holdsContract, ()));
        return answered && appointed == uint160(address(this));
    }

    /// @dev The wallet that has taken the place of `account`; itself if it was never lost, or the token knows no successors.
    function _inPlaceOf(address asset, address account) private view returns (address) {
        (, uint256 successor) = _ask(asset, abi.encodeCall(IShareToken.successorOf, (account)));
        return successor == 0 || successor > type(uint160).max ? account : address(uint160(successor));
    }

    /// @dev By the number of its person where the registry gives numbers, as ours does, whose identity contracts are
    /// optional; else by its identity contract. Zero for nobody.
    function _personOf(uint256 registry, address wallet) private view returns (uint256 person) {
        // An address: a token that answers more gets no answer of a registry.
        address book = address(uint160(registry));
        (bool numbered, uint256 investor) = _ask(book, abi.encodeCall(IInvestorRegistry.investorOf, (wallet)));
        if (numbered) return Investor.wrap(investor).person();
        (, person) = _ask(book, abi.encodeCall(IIdentityRegistry.identity, (wallet)));
    }

    function _ask(address callee, bytes memory question) private view returns (bool answered, uint256 answer) {
        return StaticCallLib.tryAsk(callee, question, gasleft());
    }

    // ----------------------------------------------------------------------- moving

    function _take(address asset, bool inCustody, address owner, uint256 amount) private {
        if (!inCustody) return IShareToken(asset).hold(owner, amount);
        (, uint256 arrived) = PaymentLib.tryTake(asset, owner, amount);
        if (arrived < amount) revert Holds_Short(asset, arrived, amount);
    }

    function _give(address asset, bool inCustody, address from, address to, uint256 amount) private {
        if (inCustody) return _send(asset, to, amount);
        // The reason is not copied: a hostile token's could have any length.
        bool delivered = LowLevelCall.callNoReturn(asset, abi.encodeCall(IShareToken.deliver, (from, to, amount)));
        if (!delivered || asset.code.length == 0) revert Holds_Refused(asset, from, to, amount);
    }

    function _giveBack(address asset, bool inCustody, address owner, uint256 amount) private {
        if (inCustody) _send(asset, owner, amount);
        else IShareToken(asset).release(owner, amount);
    }

    /// @dev What there is to release of `amount`. An agent's order may have taken held shares. Then the holds of a wallet
    /// add up to more than is held, and the last of them to end would fail for ever, with the rest of the shares
    /// locked: so each gives back what it can.
    function _leftOf(address asset, bool inCustody, address owner, uint256 amount) private view returns (uint256) {
        if (inCustody) return amount;
        uint256 held = IShareToken(asset).heldOf(owner);
        return held < amount ? held : amount;
    }

    /// @dev Never takes more out of this contract's care than `amount`, be the currency's fee what it may: the rest is
    /// other people's. A currency that says yes and moves nothing has not paid.
    function _send(address asset, address to, uint256 amount) private {
        uint256 before = PaymentLib.holdingOf(asset);
        bool paid = PaymentLib.trySend(asset, to, amount, gasleft()) == PaymentLib.Outcome.Paid;
        uint256 left = PaymentLib.holdingOf(asset);
        if (!paid || left >= before || before - left > amount) revert Holds_Refused(asset, address(this), to, amount);
    }

    function _reduceKept(Consent storage consent, uint96 amount) private {
        uint96 kept = consent.kept;
        if (amount > kept) revert Holds_OverKept(msg.sender, amount, kept);
        consent.kept = kept - amount;
    }

    function _endKept(address keeper, address asset, address owner, bool inCustody, uint256 amount) private {
        address inPlace = _inPlaceOf(asset, owner);
        amount = _leftOf(asset, inCustody, inPlace, amount);
        emit KeptReleased(keeper, asset, owner, amount);
        _giveBack(asset, inCustody, inPlace, amount);
    }
}
