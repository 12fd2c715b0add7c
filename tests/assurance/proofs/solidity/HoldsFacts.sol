// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Holds} from "../../../../contracts/market/Holds.sol";
import {IHolds} from "../../../../contracts/market/IHolds.sol";
import {Recorder} from "./Recorder.sol";
import {VM} from "./Vm.sol";

/// @title HoldsFacts
/// @notice What `Holds` does at an asset: for every caller, every time and all arguments, from a state in which one hold is
/// open and one keeper holds. The asset notes everything that it is told. Each check's notice is its sentence. (Law 43)
/// @dev Nobody is lost here: successions are the tests'. Amounts of the open hold are given.
contract HoldsFacts {
    address private constant ANN = address(0xa11);
    address private constant BEN = address(0xbe11);
    address private constant KEEPER = address(0x1e4de4);
    uint256 private constant AMOUNT = 60;
    uint96 private constant KEPT = 40;
    uint48 private constant UNTIL = 1_000_500;
    bytes32 private constant SECRET = bytes32(uint256(0x5ec4e7));

    Holds private holds;
    Recorder private asset;

    function setUp() public {
        VM.warp(1_000_000);
        holds = new Holds();
    }

    /// @dev One hold of Ann's for Ben and one consent, of shares in her wallet or of money in custody; nothing is noted.
    function _begin(bool inCustody) private {
        Recorder fresh = new Recorder();
        fresh.set(inCustody ? address(1) : address(holds), address(0), 100, false);
        fresh.give(ANN, 1_000);
        asset = fresh;
        IHolds.Hold memory open = _open();
        VM.prank(ANN);
        holds.hold(open);
        VM.prank(ANN);
        holds.setKeeper(KEEPER, address(asset), 2 * KEPT, UNTIL);
        VM.prank(KEEPER);
        holds.holdFor(address(asset), ANN, KEPT);
        assert(!asset.foreign());
        assert(inCustody ? asset.takes() == 2 : asset.holds() == 2);
    }

    function _open() private view returns (IHolds.Hold memory terms) {
        terms = IHolds.Hold(address(asset), ANN, BEN, AMOUNT, sha256(abi.encodePacked(SECRET)), UNTIL, 0);
    }

    function _custody() private view returns (uint256) {
        return asset.balanceOf(address(holds));
    }

    function _say(address caller, uint256 time, bytes memory data) private returns (bool done) {
        VM.warp(time);
        VM.prank(caller);
        (done, ) = address(holds).call(data);
    }

    // -------------------------------------------------------------------- who gets what

    /// @notice Whoever claims, what was held goes to the receiver, once, all of it, and only for the secret in time.
    function check_claim_delivers_to_the_receiver_for_the_secret(
        bool inCustody,
        address caller,
        uint256 time,
        bytes32 secret
    ) public {
        _begin(inCustody);
        bool done = _say(caller, time, abi.encodeCall(holds.claim, (_open(), secret)));
        if (!done) return;
        assert(time <= UNTIL && sha256(abi.encodePacked(secret)) == _open().lock);
        assert(asset.deliveries() == 1 && asset.releases() == 0);
        assert(asset.to() == BEN && asset.amount() == AMOUNT);
        assert(inCustody ? _custody() == KEPT : asset.from() == ANN);
    }

    /// @notice Whoever releases is owner or receiver, and the owner does it late; all there is goes back to the owner.
    function check_release_gives_back_to_the_owner(bool inCustody, address caller, uint256 time, uint256 held) public {
        _begin(inCustody);
        asset.set(asset.holdsContract(), address(0), held, false);
        bool done = _say(caller, time, abi.encodeCall(holds.release, (_open())));
        if (!done) return;
        assert(caller == BEN || (caller == ANN && time > UNTIL));
        if (inCustody) {
            assert(asset.deliveries() == 1 && asset.to() == ANN && asset.amount() == AMOUNT && _custody() == KEPT);
        } else {
            assert(asset.deliveries() == 0 && asset.releases() == 1 && asset.from() == ANN);
            assert(asset.amount() == (held < AMOUNT ? held : AMOUNT));
        }
    }

    /// @notice Only the owner of a token ends a hold by order, of shares only, and they are their holder's again.
    function check_only_the_owner_of_the_token_voids(bool inCustody, address caller, uint256 time) public {
        _begin(inCustody);
        bool done = _say(caller, time, abi.encodeCall(holds.voidHold, (_open(), SECRET)));
        if (!done) return;
        assert(caller == address(this) && !inCustody);
        assert(asset.deliveries() == 0 && asset.releases() == 1 && asset.from() == ANN && asset.amount() == AMOUNT);
    }

    /// @notice Only the keeper delivers what it holds, in time, no more than that, from the owner to whom it says.
    function check_only_the_keeper_delivers(
        bool inCustody,
        address caller,
        uint256 time,
        address to,
        uint96 amount
    ) public {
        _begin(inCustody);
        bool done = _say(caller, time, abi.encodeCall(holds.deliverKept, (address(asset), ANN, to, amount)));
        if (!done) return;
        assert(caller == KEEPER && time <= UNTIL && amount <= KEPT);
        assert(asset.deliveries() == 1 && asset.to() == to && asset.amount() == amount);
        assert(inCustody ? _custody() == AMOUNT + KEPT - amount : asset.from() == ANN);
    }

    /// @notice Only the keeper lets go, of no more than it holds, and to the owner.
    function check_only_the_keeper_lets_go(bool inCustody, address caller, uint256 time, uint96 amount) public {
        _begin(inCustody);
        bool done = _say(caller, time, abi.encodeCall(holds.letGo, (address(asset), ANN, amount)));
        if (!done) return;
        assert(caller == KEEPER && amount <= KEPT);
        _backWithAnn(inCustody, amount);
    }

    /// @notice Only the owner takes back what a keeper holds, after the time, and all of it.
    function check_only_the_owner_takes_back(bool inCustody, address caller, uint256 time) public {
        _begin(inCustody);
        bool done = _say(caller, time, abi.encodeCall(holds.takeBack, (KEEPER, address(asset), ANN)));
        if (!done) return;
        assert(caller == ANN && time > UNTIL);
        _backWithAnn(inCustody, KEPT);
    }

    /// @notice Nobody but a keeper with the owner's consent holds more, and no more than the owner allows.
    function check_nobody_holds_more_than_the_owner_allows(
        bool inCustody,
        address caller,
        uint256 time,
        uint96 amount
    ) public {
        _begin(inCustody);
        bool done = _say(caller, time, abi.encodeCall(holds.holdFor, (address(asset), ANN, amount)));
        if (done) assert(caller == KEEPER && time <= UNTIL && uint256(KEPT) + amount <= 2 * KEPT);
    }

    function _backWithAnn(bool inCustody, uint256 amount) private view {
        assert(asset.amount() == amount);
        if (inCustody) assert(asset.deliveries() == 1 && asset.to() == ANN && _custody() == AMOUNT + KEPT - amount);
        else assert(asset.deliveries() == 0 && asset.releases() == 1 && asset.from() == ANN);
    }

    /// @notice A claim whose delivery is refused is nobody's to take back but the receiver's, at any time.
    function check_a_refused_claim_is_not_the_owners(bool inCustody, address caller, uint256 time) public {
        _begin(inCustody);
        asset.set(asset.holdsContract(), address(0), 100, true);
        assert(_say(KEEPER, UNTIL, abi.encodeCall(holds.claim, (_open(), SECRET))));
        assert(asset.deliveries() == 0);
        asset.set(asset.holdsContract(), address(0), 100, false);
        bool done = _say(caller, time, abi.encodeCall(holds.release, (_open())));
        if (done) assert(caller == BEN);
    }

    /// @notice A hold that was delivered is neither claimed, delivered, redirected, released nor voided again. (Law 46)
    function check_a_hold_ends_once(bool inCustody, address caller, uint256 time, bytes32 word, address other) public {
        _begin(inCustody);
        assert(_say(KEEPER, UNTIL, abi.encodeCall(holds.claim, (_open(), SECRET))));
        assert(asset.deliveries() == 1);
        assert(!_say(caller, time, abi.encodeCall(holds.claim, (_open(), word))));
        assert(!_say(caller, time, abi.encodeCall(holds.deliver, (_open()))));
        assert(!_say(caller, time, abi.encodeCall(holds.redirect, (_open(), other))));
        assert(!_say(caller, time, abi.encodeCall(holds.release, (_open()))));
        assert(!_say(caller, time, abi.encodeCall(holds.voidHold, (_open(), word))));
        assert(!_say(ANN, UNTIL, abi.encodeCall(holds.hold, (_open()))));
    }

    // ----------------------------------------------------------------- what is reached

    /// @dev Told nothing but `hold`, `deliver`, `release`, `transfer`, `transferFrom`, and asked what changes nothing.
    function _reaches(bool inCustody, address caller, uint256 time, bytes memory data) private {
        _say(caller, time, data);
        assert(!asset.foreign());
        if (inCustody) assert(asset.holds() == 0 && asset.releases() == 0);
        else assert(asset.takes() == 0);
    }

    function _any(
        address owner,
        address to,
        uint256 amount,
        bytes32 lock,
        uint48 until,
        uint256 nonce
    ) private view returns (IHolds.Hold memory) {
        return IHolds.Hold(address(asset), owner, to, amount, lock, until, nonce);
    }

    /// @notice Whatever is asked of `hold`, a token is told nothing but to hold, or to hand over to custody.
    function check_hold_reaches_no_more(
        bool inCustody,
        address caller,
        address to,
        uint256 amount,
        bytes32 lock,
        uint48 until,
        uint256 nonce
    ) public {
        _begin(inCustody);
        bytes memory data = abi.encodeCall(holds.hold, (_any(caller, to, amount, lock, until, nonce)));
        _reaches(inCustody, caller, 1_000_000, data);
        assert(asset.deliveries() == 0 && asset.releases() == 0);
    }

    /// @notice Whatever is asked of `claim`, a token is told nothing but to deliver.
    function check_claim_reaches_no_more(bool inCustody, address caller, uint256 time, bytes32 secret) public {
        _begin(inCustody);
        _reaches(inCustody, caller, time, abi.encodeCall(holds.claim, (_open(), secret)));
        assert(asset.releases() == 0);
    }

    /// @notice Whatever is asked of `deliver`, a token is told nothing but to deliver what was claimed.
    function check_deliver_reaches_no_more(bool inCustody, address caller, uint256 time, bool claimed) public {
        _begin(inCustody);
        asset.set(asset.holdsContract(), address(0), 100, true);
        if (claimed) assert(_say(KEEPER, UNTIL, abi.encodeCall(holds.claim, (_open(), SECRET))));
        asset.set(asset.holdsContract(), address(0), 100, false);
        _reaches(inCustody, caller, time, abi.encodeCall(holds.deliver, (_open())));
        assert(asset.deliveries() == (claimed ? 1 : 0) && asset.releases() == 0);
    }

    /// @notice Whatever is asked of `redirect`, a token is told nothing.
    function check_redirect_reaches_nothing(bool inCustody, address caller, uint256 time, address other) public {
        _begin(inCustody);
        Recorder registry = new Recorder();
        asset.set(asset.holdsContract(), address(registry), 100, true);
        assert(_say(KEEPER, UNTIL, abi.encodeCall(holds.claim, (_open(), SECRET))));
        _reaches(inCustody, caller, time, abi.encodeCall(holds.redirect, (_open(), other)));
        assert(asset.deliveries() == 0 && asset.releases() == 0 && !registry.foreign());
    }

    /// @notice Whatever is asked of `release`, a token is told nothing but to release, or to hand back from custody.
    function check_release_reaches_no_more(bool inCustody, address caller, uint256 time) public {
        _begin(inCustody);
        _reaches(inCustody, caller, time, abi.encodeCall(holds.release, (_open())));
        assert(inCustody || asset.deliveries() == 0);
    }

    /// @notice Whatever is asked of `voidHold` and `voidKept`, a token is told nothing but to release.
    function check_void_reaches_no_more(bool inCustody, address caller, uint256 time, bytes32 hash) public {
        _begin(inCustody);
        _reaches(inCustody, caller, time, abi.encodeCall(holds.voidHold, (_open(), hash)));
        _reaches(inCustody, caller, time, abi.encodeCall(holds.voidKept, (KEEPER, address(asset), ANN, hash)));
        assert(asset.deliveries() == 0);
    }

    /// @notice Whatever is asked of `setKeeper`, a token is told nothing.
    function check_set_keeper_reaches_nothing(
        bool inCustody,
        address caller,
        address keeper,
        uint96 most,
        uint48 until
    ) public {
        _begin(inCustody);
        _reaches(inCustody, caller, 1_000_000, abi.encodeCall(holds.setKeeper, (keeper, address(asset), most, until)));
        assert(asset.holds() + asset.takes() == 2 && asset.deliveries() == 0 && asset.releases() == 0);
    }

    /// @notice Whatever is asked of `holdFor`, a token is told nothing but to hold, or to hand over to custody.
    function check_hold_for_reaches_no_more(
        bool inCustody,
        address caller,
        uint256 time,
        address owner,
        uint96 amount
    ) public {
        _begin(inCustody);
        _reaches(inCustody, caller, time, abi.encodeCall(holds.holdFor, (address(asset), owner, amount)));
        assert(asset.deliveries() == 0 && asset.releases() == 0);
    }

    /// @notice Whatever is asked of `deliverKept`, a token is told nothing but to deliver.
    function check_deliver_kept_reaches_no_more(
        bool inCustody,
        address caller,
        uint256 time,
        address to,
        uint96 amount
    ) public {
        _begin(inCustody);
        _reaches(inCustody, caller, time, abi.encodeCall(holds.deliverKept, (address(asset), ANN, to, amount)));
        assert(asset.releases() == 0);
    }

    /// @notice Whatever is asked of `letGo` and `takeBack`, a token is told nothing but to release, or to hand back.
    function check_letting_go_reaches_no_more(bool inCustody, address caller, uint256 time, uint96 amount) public {
        _begin(inCustody);
        _reaches(inCustody, caller, time, abi.encodeCall(holds.letGo, (address(asset), ANN, amount)));
        _reaches(inCustody, caller, time, abi.encodeCall(holds.takeBack, (KEEPER, address(asset), ANN)));
        assert(inCustody || asset.deliveries() == 0);
    }

    // ---------------------------------------------------------------------- controls

    /// @notice False: whatever is claimed, a token is told nothing.
    function check_control_a_claim_reaches_nothing(address caller, uint256 time, bytes32 secret) public {
        _begin(false);
        _say(caller, time, abi.encodeCall(holds.claim, (_open(), secret)));
        assert(asset.deliveries() == 0);
    }

    /// @notice False: the token does not note what it is told beside that.
    function check_control_a_foreign_call_is_not_noted(bytes4 selector) public {
        _begin(false);
        (bool done, ) = address(asset).call(abi.encodeWithSelector(selector, ANN, KEPT));
        assert(!done || !asset.foreign());
    }

    /// @notice False: the owner never takes back what a keeper holds.
    function check_control_the_owner_takes_nothing_back(address caller, uint256 time) public {
        _begin(true);
        assert(!_say(caller, time, abi.encodeCall(holds.takeBack, (KEEPER, address(asset), ANN))));
    }
}
