// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IIdentityRegistry} from "../compliance/IIdentityRegistry.sol";
import {IInvestorRegistry} from "../compliance/IInvestorRegistry.sol";
import {Investor} from "../compliance/InvestorLib.sol";
import {IShareToken} from "../token/IShareToken.sol";
import {PaymentLib} from "../libraries/PaymentLib.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";
import {Care, Lock, LockLib} from "./LockLib.sol";
import {IHolds} from "./IHolds.sol";

/// @title Holds
/// @notice Locks shares where they are, and takes any other ERC-20 into its care. `IHolds` is the specification.
/// @dev Promise: what is held goes to whom its owner agreed to, in time or when it was claimed in time, or back to its
/// owner. At a share token this contract calls `hold`, `deliver` and `release` and nothing else; at any other token
/// `transferFrom` with what was just agreed to, and `transfer` of no more than one hold.
contract Holds is IHolds, ReentrancyGuardTransient {
    /// @dev One slot: `Consent`, with the care in the place of `inCustody`.
    struct Keep {
        uint48 until;
        uint96 most;
        uint96 kept;
        Care care;
    }

    /// @dev One slot: what was missing when holds ended, and when that was last.
    struct Missing {
        uint96 amount;
        uint48 at;
    }

    // ------------------------------------------------------------------ constants

    uint256 private constant LONGEST_HOLD = 400 days;
    uint256 private constant LONGEST_CONSENT = 50 * 365 days;

    /// @dev What a question may use that a token may not know. Some burn all they get: wrapped ether takes every unknown
    /// call for a deposit. A share token needs a tenth.
    uint256 private constant QUESTION_GAS = 50_000;

    // -------------------------------------------------------------------- storage

    mapping(bytes32 id => Lock) private _locks;
    mapping(address keeper => mapping(address asset => mapping(address owner => Keep))) private _keeps;
    mapping(bytes32 id => Missing) private _missing;

    // ------------------------------------------------------------ holds for a secret

    /// @inheritdoc IHolds
    function hold(Hold calldata terms) external nonReentrant returns (bytes32 id) {
        (address asset, address owner, uint256 amount) = (terms.asset, terms.owner, terms.amount);
        if (msg.sender != owner) revert Holds_NotOwner(msg.sender, owner);
        _requireReceiver(asset, owner, terms.to, amount);
        _requireTime(terms.until, LONGEST_HOLD);
        id = idOf(terms);
        if (!_locks[id].isNone()) revert Holds_Known(id);
        Care care = _careFor(asset, owner);
        _locks[id] = LockLib.opened(care, block.timestamp);
        _announce(id, terms, asset, owner, care != Care.Locked);
        _take(asset, care, owner, amount);
    }

    /// @inheritdoc IHolds
    /// @dev The delivery is a call of its own, which has the guard. So a refusal undoes all of it and nothing else: a
    /// currency that moves and then answers false has moved nothing. Whoever sends too little gas for it has shown the
    /// secret all the same, and can only bring about what a refusal does: that `deliver` is called, by anybody.
    function claim(Hold calldata terms, bytes32 secret) external nonReentrantView returns (bool delivered) {
        bytes32 id = idOf(terms);
        Lock lock = _lockIn(id, State.Open);
        if (sha256(abi.encodePacked(secret)) != terms.lock) revert Holds_WrongSecret(id);
        if (block.timestamp > terms.until) revert Holds_TooLate(terms.until, block.timestamp);
        _locks[id] = lock.withState(State.Claimed);
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
        Lock lock = _lockIn(id, State.Claimed);
        Care care = lock.care();
        address to = lock.redirectedTo();
        to = _inPlaceOf(terms.asset, care, to == address(0) ? terms.to : to);
        address from = _inPlaceOf(terms.asset, care, terms.owner);
        _locks[id] = lock.withState(State.Delivered);
        emit Delivered(id, terms.asset, from, to, terms.amount);
        _give(terms.asset, care, from, to, terms.amount);
    }

    /// @inheritdoc IHolds
    function redirect(Hold calldata terms, address other) external nonReentrant {
        bytes32 id = idOf(terms);
        Lock lock = _lockIn(id, State.Claimed);
        address to = _inPlaceOf(terms.asset, lock.care(), terms.to);
        if (msg.sender != to) revert Holds_NotReceiver(msg.sender, to);
        _requireReceiver(terms.asset, terms.owner, other, terms.amount);
        if (lock.care() == Care.Locked) _requireSamePerson(terms.asset, to, other);
        _locks[id] = lock.withRedirection(other);
        emit Redirected(id, other);
    }

    /// @inheritdoc IHolds
    function release(Hold calldata terms) external nonReentrant {
        bytes32 id = idOf(terms);
        Lock lock = _unendedLock(id);
        Care care = lock.care();
        address owner = _inPlaceOf(terms.asset, care, terms.owner);
        // The receiver can always give up what is to be its own. The owner has it back if nobody claimed in time.
        if (msg.sender != _inPlaceOf(terms.asset, care, terms.to)) {
            if (msg.sender != owner) revert Holds_NotOwner(msg.sender, owner);
            if (lock.state() != State.Open) revert Holds_NotIn(id, lock.state());
            if (block.timestamp <= terms.until) revert Holds_TooEarly(terms.until, block.timestamp);
        }
        _locks[id] = lock.withState(State.Released);
        uint256 amount = _leftOf(id, terms.asset, care, owner, terms.amount);
        emit Released(id, terms.asset, owner, amount);
        _giveBack(terms.asset, care, owner, amount);
    }

    /// @inheritdoc IHolds
    function voidHold(Hold calldata terms, bytes32 documentHash) external nonReentrant {
        bytes32 id = idOf(terms);
        Lock lock = _unendedLock(id);
        _requireTokenOwner(terms.asset, lock.care());
        _locks[id] = lock.withState(State.Voided);
        address owner = _inPlaceOf(terms.asset, Care.Locked, terms.owner);
        uint256 amount = _leftOf(id, terms.asset, Care.Locked, owner, terms.amount);
        emit Voided(id, terms.asset, documentHash, amount);
        _giveBack(terms.asset, Care.Locked, owner, amount);
    }

    // ---------------------------------------------------------------------- keepers

    /// @inheritdoc IHolds
    function setKeeper(address keeper, address asset, uint96 most, uint48 until) external nonReentrant {
        if (keeper == address(0)) revert Holds_Malformed(keeper, most);
        if (most == 0) until = 0;
        else _requireTime(until, LONGEST_CONSENT);
        // Asked only for its refusal of a lost wallet.
        _careFor(asset, msg.sender);
        Keep storage keep = _keeps[keeper][asset][msg.sender];
        uint256 kept = keep.kept;
        if (kept != 0 && (most < keep.most || until < keep.until)) revert Holds_InUse(keeper, kept);
        (keep.most, keep.until) = (most, until);
        emit KeeperSet(keeper, asset, msg.sender, most, until);
    }

    /// @inheritdoc IHolds
    function holdFor(address asset, address owner, uint96 amount) external nonReentrant {
        if (amount == 0) revert Holds_Malformed(owner, amount);
        Keep memory keep = _keeps[msg.sender][asset][owner];
        uint256 kept = uint256(keep.kept) + amount;
        if (kept > keep.most) revert Holds_OverConsent(msg.sender, kept, keep.most);
        if (block.timestamp > keep.until) revert Holds_TooLate(keep.until, block.timestamp);
        Care care = _careFor(asset, owner);
        if (keep.kept != 0 && keep.care != care) revert Holds_ModeChanged(asset, keep.care != Care.Locked);
        // At most `most`, which is no wider.
        (keep.kept, keep.care) = (uint96(kept), care);
        _keeps[msg.sender][asset][owner] = keep;
        emit Kept(msg.sender, asset, owner, amount);
        _take(asset, care, owner, amount);
    }

    /// @inheritdoc IHolds
    function deliverKept(address asset, address owner, address to, uint96 amount) external nonReentrant {
        _requireReceiver(asset, owner, to, amount);
        Keep storage keep = _keeps[msg.sender][asset][owner];
        _reduceKept(keep, amount);
        if (block.timestamp > keep.until) revert Holds_TooLate(keep.until, block.timestamp);
        Care care = keep.care;
        emit KeptDelivered(msg.sender, asset, owner, to, amount);
        _give(asset, care, _inPlaceOf(asset, care, owner), to, amount);
    }

    /// @inheritdoc IHolds
    function letGo(address asset, address owner, uint96 amount) external nonReentrant {
        if (amount == 0) revert Holds_Malformed(owner, amount);
        Keep storage keep = _keeps[msg.sender][asset][owner];
        _reduceKept(keep, amount);
        address inPlace = _inPlaceOf(asset, keep.care, owner);
        _letGo(msg.sender, asset, owner, inPlace, keep.care, amount);
    }

    /// @inheritdoc IHolds
    function takeBack(address keeper, address asset, address owner) external nonReentrant {
        Keep storage keep = _keeps[keeper][asset][owner];
        (uint256 kept, Care care) = (_requireKept(keeper, keep), keep.care);
        address inPlace = _inPlaceOf(asset, care, owner);
        if (msg.sender != inPlace) revert Holds_NotOwner(msg.sender, inPlace);
        if (block.timestamp <= keep.until) revert Holds_TooEarly(keep.until, block.timestamp);
        keep.kept = 0;
        _letGo(keeper, asset, owner, inPlace, care, kept);
    }

    /// @inheritdoc IHolds
    function voidKept(address keeper, address asset, address owner, bytes32 documentHash) external nonReentrant {
        Keep storage keep = _keeps[keeper][asset][owner];
        uint256 kept = _requireKept(keeper, keep);
        _requireTokenOwner(asset, keep.care);
        // The consent too: else the keeper could hold the same shares again at once.
        delete _keeps[keeper][asset][owner];
        address inPlace = _inPlaceOf(asset, Care.Locked, owner);
        uint256 amount = _leftOf(keepIdOf(keeper, asset, owner), asset, Care.Locked, inPlace, kept);
        emit KeeperSet(keeper, asset, owner, 0, 0);
        emit KeptVoided(keeper, asset, owner, documentHash, amount);
        _giveBack(asset, Care.Locked, inPlace, amount);
    }

    // ------------------------------------------------------------------------ views

    /// @inheritdoc IHolds
    function idOf(Hold calldata terms) public view returns (bytes32 id) {
        // The words as they came: the compiler's way checks and copies each, for a thousand gas. Terms with bits where none
        // belong have another id, and `hold`, which reads every field, opens none of that id.
        assembly ("memory-safe") {
            let words := mload(0x40)
            mstore(words, chainid())
            mstore(add(words, 0x20), address())
            calldatacopy(add(words, 0x40), terms, 0xe0)
            id := keccak256(words, 0x120)
        }
    }

    /// @inheritdoc IHolds
    function stateOf(bytes32 id) external view returns (State state, bool inCustody, uint48 openedAt) {
        Lock lock = _locks[id];
        return (lock.state(), lock.care() != Care.Locked, lock.openedAt());
    }

    /// @inheritdoc IHolds
    function missingOf(bytes32 id) external view returns (uint96 amount, uint48 at) {
        Missing storage missing = _missing[id];
        return (missing.amount, missing.at);
    }

    /// @inheritdoc IHolds
    function keepIdOf(address keeper, address asset, address owner) public pure returns (bytes32) {
        return keccak256(abi.encode(keeper, asset, owner));
    }

    /// @inheritdoc IHolds
    function redirectedTo(bytes32 id) external view returns (address) {
        return _locks[id].redirectedTo();
    }

    /// @inheritdoc IHolds
    function consentOf(address keeper, address asset, address owner) external view returns (Consent memory) {
        Keep storage keep = _keeps[keeper][asset][owner];
        return Consent(keep.until, keep.most, keep.kept, keep.care != Care.Locked);
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

    function _lockIn(bytes32 id, State state) private view returns (Lock lock) {
        lock = _locks[id];
        if (lock.state() != state) revert Holds_NotIn(id, lock.state());
    }

    function _unendedLock(bytes32 id) private view returns (Lock lock) {
        lock = _locks[id];
        State state = lock.state();
        if (state != State.Open && state != State.Claimed) revert Holds_NotIn(id, state);
    }

    function _requireKept(address keeper, Keep storage keep) private view returns (uint256 kept) {
        kept = keep.kept;
        if (kept == 0) revert Holds_Malformed(keeper, kept);
    }

    function _requireTokenOwner(address asset, Care care) private view {
        bool isOwner = care == Care.Locked && msg.sender == Ownable(asset).owner();
        if (!isOwner) revert Holds_NotTokenOwner(msg.sender, asset);
    }

    function _requireSamePerson(address asset, address to, address other) private view {
        address registry = IShareToken(asset).identityRegistry();
        if (registry == address(0)) return;
        uint256 person = _personOf(registry, to);
        if (person == 0 || person != _personOf(registry, other)) revert Holds_OtherPerson(to, other);
    }

    // ----------------------------------------------------------------------- asking

    /// @dev Where what `owner` is about to have held will lie. Who has the key of a lost wallet is not whom its holder meant.
    /// Nobody can choose the answer by the gas that it sends: where the question ran out of it, a sixty-third of what it
    /// had is left, with which nothing can be taken.
    function _careFor(address asset, address owner) private view returns (Care) {
        bytes memory question = abi.encodeCall(IShareToken.holdsContract, ());
        (bool isShare, uint256 appointed) = StaticCallLib.tryAsk(asset, question, QUESTION_GAS);
        if (!isShare) return Care.Plain;
        if (_inPlaceOf(asset, Care.Shares, owner) != owner) revert Holds_HasSuccessor(owner);
        return appointed == uint160(address(this)) ? Care.Locked : Care.Shares;
    }

    /// @dev The wallet that has taken the place of `account`, or itself. A share token always answers: if it did not, what
    /// is held could end up with nobody.
    function _inPlaceOf(address asset, Care care, address account) private view returns (address) {
        return care == Care.Plain ? account : IShareToken(asset).successorOf(account);
    }

    /// @dev The number of its person where the registry gives numbers, as ours does, where identity contracts are
    /// optional; else its identity contract. Zero for nobody.
    function _personOf(address registry, address wallet) private view returns (uint256) {
        bytes memory question = abi.encodeCall(IInvestorRegistry.investorOf, (wallet));
        (bool isNumbered, uint256 investor) = StaticCallLib.tryAsk(registry, question, QUESTION_GAS);
        if (isNumbered) return Investor.wrap(investor).person();
        return uint160(IIdentityRegistry(registry).identity(wallet));
    }

    // ----------------------------------------------------------------------- moving

    /// @dev `Held`, with the terms as they came: the compiler's way would check and copy each anew, for a thousand gas.
    function _announce(bytes32 id, Hold calldata terms, address asset, address owner, bool inCustody) private {
        bytes32 topic = Held.selector;
        assembly ("memory-safe") {
            let words := mload(0x40)
            calldatacopy(words, terms, 0xe0)
            mstore(add(words, 0xe0), inCustody)
            log4(words, 0x100, topic, id, asset, owner)
        }
    }

    function _take(address asset, Care care, address owner, uint256 amount) private {
        if (care == Care.Locked) return IShareToken(asset).hold(owner, amount);
        (, uint256 arrived) = PaymentLib.tryTake(asset, owner, amount);
        if (arrived < amount) revert Holds_Short(asset, arrived, amount);
    }

    function _give(address asset, Care care, address from, address to, uint256 amount) private {
        if (care != Care.Locked) return _send(asset, to, amount);
        // The reason is not copied: a hostile token's could have any length. There is code: it has named the successor.
        bool delivered = LowLevelCall.callNoReturn(asset, abi.encodeCall(IShareToken.deliver, (from, to, amount)));
        if (!delivered) revert Holds_Refused(asset, from, to, amount);
    }

    function _giveBack(address asset, Care care, address owner, uint256 amount) private {
        if (care == Care.Locked) IShareToken(asset).release(owner, amount);
        else _send(asset, owner, amount);
    }

    /// @dev What there is to release of `amount`. An agent's order may have taken held shares. Then the holds of a wallet
    /// add up to more than is held of it, and the last of them to end would fail for ever, with the rest of the shares
    /// locked: so each gives back what it can. What is missing is noted, for whoever took the shares and has to tell whose
    /// is what they brought.
    function _leftOf(bytes32 id, address asset, Care care, address owner, uint256 amount) private returns (uint256) {
        if (care != Care.Locked) return amount;
        uint256 held = IShareToken(asset).heldOf(owner);
        if (held >= amount) return amount;
        Missing storage missing = _missing[id];
        // A share token's balances have 96 bits, and no clock reaches 48.
        (missing.amount, missing.at) = (uint96(missing.amount + amount - held), uint48(block.timestamp));
        return held;
    }

    /// @dev Never takes more out of this contract's care than `amount`, whatever the currency takes as its fee: the rest is
    /// other people's. A currency that says yes and moves nothing has not paid.
    function _send(address asset, address to, uint256 amount) private {
        uint256 before = PaymentLib.holdingOf(asset);
        bool paid = PaymentLib.trySend(asset, to, amount, gasleft()) == PaymentLib.Outcome.Paid;
        uint256 left = PaymentLib.holdingOf(asset);
        if (!paid || left >= before || before - left > amount) revert Holds_Refused(asset, address(this), to, amount);
    }

    function _reduceKept(Keep storage keep, uint96 amount) private {
        uint96 kept = keep.kept;
        if (amount > kept) revert Holds_OverKept(msg.sender, amount, kept);
        keep.kept = kept - amount;
    }

    function _letGo(address keeper, address asset, address owner, address inPlace, Care care, uint256 amount) private {
        amount = _leftOf(keepIdOf(keeper, asset, owner), asset, care, inPlace, amount);
        emit KeptReleased(keeper, asset, owner, amount);
        _giveBack(asset, care, inPlace, amount);
    }
}
