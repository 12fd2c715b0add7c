// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibRLP} from "solady/utils/LibRLP.sol";
import {Holds} from "../../../../contracts/market/Holds.sol";
import {IShareExchange} from "../../../../contracts/market/IShareExchange.sol";
import {ShareExchange} from "../../../../contracts/market/ShareExchange.sol";
import {Recorder} from "./Recorder.sol";
import {ShareRecorder} from "./ShareRecorder.sol";
import {VM} from "./Vm.sol";

/// @title ExchangeFacts
/// @notice What `ShareExchange` burns and pays: for every caller, every time and any number of shares. Shares and money note
/// what they are told. Each check's notice is its sentence. (Laws 62 and 63)
/// @dev Seven units of money are for four shares, because halmos cannot divide by what it does not know: any price is
/// `exchanges.py`'s. Nobody acquires the shares, and none are of another token: those are the tests'.
contract ExchangeFacts {
    uint256 private constant GETS = 7;
    uint96 private constant PER = 4;
    uint48 private constant OPENS = 1_000_500;
    uint48 private constant CLOSES = 2_000_000;
    uint256 private constant PLENTY = type(uint160).max;
    address private constant TREASURY = address(0x7ea5);

    Holds private holds;
    ShareExchange private desk;
    ShareRecorder private token;
    Recorder private money;

    function setUp() public {
        VM.warp(1_000_000);
        holds = new Holds();
        desk = new ShareExchange(holds);
        token = new ShareRecorder();
        money = new Recorder();
        money.give(address(this), PLENTY);
    }

    function _terms(bool mandatory) private view returns (IShareExchange.Terms memory terms) {
        (terms.token, terms.per, terms.burns) = (address(token), PER, true);
        (terms.currency, terms.gets, terms.treasury) = (address(money), uint128(GETS), TREASURY);
        (terms.opensAt, terms.closesAt) = (OPENS, CLOSES);
        (terms.mandatory, terms.documentHash) = (mandatory, bytes32(uint256(1)));
    }

    /// @dev Opens the first exchange. halmos makes contracts at addresses of its own: so the terms are put where they are.
    function _open(bool mandatory, uint256 funding) private returns (bool done) {
        IShareExchange.Terms memory terms = _terms(mandatory);
        (done, ) = address(desk).call(abi.encodeCall(desk.open, (terms, funding, 0)));
        VM.etch(LibRLP.computeAddress(address(desk), 2), bytes.concat(hex"00", abi.encode(terms)));
    }

    function _say(address caller, uint256 time, bytes memory data) private returns (bool done) {
        VM.warp(time);
        VM.prank(caller);
        (done, ) = address(desk).call(data);
    }

    function _carryOut(address caller, uint256 time, address holder) private returns (bool) {
        address[] memory page = new address[](1);
        page[0] = holder;
        return _say(caller, time, abi.encodeCall(desk.carryOut, (1, page)));
    }

    function _exchange(address caller, uint256 time, uint256 shares, uint256 leastPaid) private returns (bool) {
        return _say(caller, time, abi.encodeCall(desk.exchange, (1, shares, leastPaid, CLOSES, "")));
    }

    function _floor(uint256 shares) private pure returns (uint256) {
        unchecked {
            return (shares * GETS) / PER;
        }
    }

    function _funds() private view returns (uint256) {
        return money.balanceOf(address(desk));
    }

    // -------------------------------------------------------------------------- what is paid

    /// @notice Whoever exchanges shares has exactly those burnt, in time, and is paid exactly their floor, once, and no less
    /// than was asked for. (Law 62)
    function check_an_elective_exchange_pays_its_floor(
        address caller,
        uint256 time,
        uint96 balance,
        uint256 shares,
        uint256 leastPaid,
        uint64 funding
    ) public {
        VM.assume(caller != address(desk) && caller != address(this));
        token.issue(caller, balance);
        assert(_open(false, funding));
        bool done = _exchange(caller, time, shares, leastPaid);
        if (!done) return;
        assert(time >= OPENS && time <= CLOSES && !token.foreign() && !money.foreign());
        assert(token.burns() == 1 && token.from() == caller && token.amount() == shares && shares <= balance);
        uint256 paid = _floor(shares);
        assert(paid >= leastPaid && money.balanceOf(caller) == paid && _funds() == funding - paid);
        assert(desk.owedTo(1, caller).paid == 0);
    }

    /// @notice Whoever carries out a mandatory exchange, and however many shares are held, a holder whose shares are burnt has
    /// all of them burnt, and what is paid to whom the token names and what is owed to the holder are exactly their floor,
    /// and nothing is owed of free shares that can be paid. (Law 62)
    function check_a_mandatory_exchange_pays_or_owes_its_floor(
        address caller,
        uint256 time,
        address holder,
        uint32 balance,
        address claimant,
        uint32 held,
        bool refuses
    ) public {
        VM.assume(claimant != address(desk) && claimant != address(this));
        token.issue(holder, balance);
        token.set(claimant, held);
        assert(_open(true, _floor(balance)));
        money.set(address(0), address(0), 0, refuses);
        if (!_carryOut(caller, time, holder)) return;
        assert(!token.foreign() && !money.foreign());
        if (token.burns() == 0) return;
        assert(token.burns() == 1 && token.from() == holder && token.amount() == balance);
        // All that `holds` has is held for somebody.
        bool isFree = held == 0 && holder != address(holds);
        _paidOrOwed(holder, claimant, _floor(balance), isFree && claimant != address(0) && !refuses);
    }

    function _paidOrOwed(address holder, address claimant, uint256 amount, bool isPaid) private view {
        uint256 owed = desk.owedTo(1, holder).paid;
        uint256 paid = money.balanceOf(claimant);
        unchecked {
            assert(paid + owed == amount && paid <= amount && _funds() == owed);
        }
        if (isPaid) assert(owed == 0);
    }

    // --------------------------------------------------------------------------- the funding

    /// @notice A mandatory exchange is not opened with less than the floor of every share that there is, all of which is
    /// here then. (Law 63)
    function check_a_mandatory_exchange_opens_funded(uint96 supply, uint128 funding) public {
        token.issue(TREASURY, supply);
        if (!_open(true, funding)) return;
        assert(funding >= _floor(supply) && _funds() == funding);
        assert(desk.missingFunds(1) == 0);
    }

    /// @notice Whoever carries out a mandatory exchange, and whoever's shares it takes, the money for all that are left is
    /// there. (Law 63)
    function check_a_mandatory_exchange_stays_funded(
        address caller,
        uint256 time,
        address holder,
        uint32 balance,
        uint32 rest,
        uint32 more
    ) public {
        // What `holds` has brings the same, for others.
        VM.assume(holder != TREASURY && holder != address(holds));
        token.issue(holder, balance);
        token.issue(TREASURY, rest);
        token.set(holder, 0);
        if (!_open(true, _floor(uint256(balance) + rest) + more)) return;
        _carryOut(caller, time, holder);
        assert(desk.missingFunds(1) == 0 && _funds() >= _floor(token.totalSupply()));
    }

    // ------------------------------------------------------------------------------ controls

    /// @notice False: whoever exchanges shares is paid for the last fraction too.
    function check_control_an_exchange_pays_the_ceiling(address caller, uint96 balance, uint32 shares) public {
        VM.assume(caller != address(desk) && caller != address(this));
        token.issue(caller, balance);
        assert(_open(false, type(uint64).max));
        if (_exchange(caller, OPENS, shares, 0)) assert(money.balanceOf(caller) * PER >= shares * GETS);
    }

    /// @notice False: a mandatory exchange owes nothing.
    function check_control_nothing_is_owed(uint32 balance, bool refuses) public {
        address holder = TREASURY;
        token.issue(holder, balance);
        token.set(holder, 0);
        assert(_open(true, _floor(balance)));
        money.set(address(0), address(0), 0, refuses);
        _carryOut(holder, OPENS, holder);
        assert(desk.owedTo(1, holder).paid == 0);
    }

    /// @notice False: a mandatory exchange is opened with the last fraction only.
    function check_control_an_exchange_opens_with_the_ceiling(uint96 supply, uint128 funding) public {
        token.issue(TREASURY, supply);
        if (_open(true, funding)) assert(funding * PER >= supply * GETS);
    }

    /// @notice False: shares that are issued meanwhile are funded.
    function check_control_shares_issued_meanwhile_are_funded(uint32 supply, uint32 more) public {
        token.issue(TREASURY, supply);
        assert(_open(true, _floor(supply)));
        token.issue(TREASURY, more);
        assert(desk.missingFunds(1) == 0);
    }
}
