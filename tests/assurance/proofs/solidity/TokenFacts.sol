// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ShareToken} from "../../../../contracts/token/ShareToken.sol";
import {IShareToken} from "../../../../contracts/token/IShareToken.sol";
import {VM} from "./Vm.sol";

/// @title TokenFacts
/// @notice Facts about the share token's bytecode, for all accounts and amounts. Each check's notice is its sentence.
contract TokenFacts {
    uint256 private constant MAX_SUPPLY = type(uint96).max;

    ShareToken private token;

    function setUp() public {
        VM.warp(1_000_000);
        address[] memory agents = new address[](1);
        agents[0] = address(this);
        token = new ShareToken(
            IShareToken.Terms("Harbour Street 12", "HARB", 0, address(this), address(0), address(0), agents)
        );
    }

    function _issue(address holder, uint96 amount) private {
        token.mint(holder, amount);
    }

    function _ordinary(address account) private view {
        VM.assume(account != address(0) && account != address(token));
    }

    // ---------------------------------------------------------------------- transfers

    /// @notice A transfer keeps the sum of two balances and the supply, whatever they are. (Law 6)
    function check_transfer_conserves(address from, address to, uint96 held, uint96 has, uint256 amount) public {
        _ordinary(from);
        _ordinary(to);
        VM.assume(from != to && uint256(held) + has <= MAX_SUPPLY);
        _issue(from, held);
        _issue(to, has);
        VM.prank(from);
        token.transfer(to, amount);
        assert(token.balanceOf(from) + token.balanceOf(to) == uint256(held) + has);
        assert(token.totalSupply() == uint256(held) + has);
    }

    /// @notice A transfer moves exactly its amount.
    function check_transfer_moves_its_amount(address from, address to, uint96 held, uint256 amount) public {
        _ordinary(from);
        _ordinary(to);
        VM.assume(from != to);
        _issue(from, held);
        VM.prank(from);
        token.transfer(to, amount);
        assert(token.balanceOf(from) == held - amount && token.balanceOf(to) == amount);
    }

    /// @notice A transfer of more than is held is refused.
    function check_transfer_refuses_more_than_is_held(address from, address to, uint96 held, uint256 amount) public {
        _ordinary(from);
        _ordinary(to);
        VM.assume(amount > held);
        _issue(from, held);
        VM.prank(from);
        (bool done, ) = address(token).call(abi.encodeCall(token.transfer, (to, amount)));
        assert(!done);
    }

    /// @notice A transfer of all that is held, or less, to anybody but nobody and the token, is never refused.
    function check_transfer_is_not_refused_without_reason(
        address from,
        address to,
        uint96 held,
        uint256 amount
    ) public {
        _ordinary(from);
        _ordinary(to);
        VM.assume(amount <= held);
        _issue(from, held);
        VM.prank(from);
        (bool done, ) = address(token).call(abi.encodeCall(token.transfer, (to, amount)));
        assert(done);
    }

    /// @notice A transfer leaves every third account as it is.
    function check_transfer_touches_no_third_account(
        address from,
        address to,
        address third,
        uint96 held,
        uint96 has,
        uint256 amount
    ) public {
        _ordinary(from);
        _ordinary(third);
        VM.assume(third != from && third != to && uint256(held) + has <= MAX_SUPPLY);
        _issue(from, held);
        _issue(third, has);
        VM.prank(from);
        token.transfer(to, amount);
        assert(token.balanceOf(third) == has);
    }

    /// @notice A transfer to oneself changes nothing.
    function check_transfer_to_oneself_is_nothing(address from, uint96 held, uint256 amount) public {
        _ordinary(from);
        _issue(from, held);
        VM.prank(from);
        token.transfer(from, amount);
        assert(token.balanceOf(from) == held && token.totalSupply() == held);
    }

    /// @notice A transfer of nothing changes nothing.
    function check_transfer_of_nothing_is_nothing(address from, address to, uint96 held) public {
        _ordinary(from);
        _ordinary(to);
        VM.assume(from != to);
        _issue(from, held);
        VM.prank(from);
        token.transfer(to, 0);
        assert(token.balanceOf(from) == held && token.balanceOf(to) == 0);
    }

    /// @notice Nobody's account and the token's own never receive shares by a transfer.
    function check_transfer_never_reaches_nobody(address from, uint96 held, uint256 amount, bool own) public {
        _ordinary(from);
        _issue(from, held);
        VM.prank(from);
        address to = own ? address(token) : address(0);
        (bool done, ) = address(token).call(abi.encodeCall(token.transfer, (to, amount)));
        assert(!done);
    }

    // --------------------------------------------------------------------- allowances

    /// @notice transferFrom takes its amount off a limited allowance, exactly.
    function check_allowance_is_spent(address from, address spender, address to, uint96 held, uint256 allowed) public {
        _ordinary(from);
        _ordinary(spender);
        _ordinary(to);
        VM.assume(allowed != type(uint256).max);
        _issue(from, held);
        VM.prank(from);
        token.approve(spender, allowed);
        VM.prank(spender);
        token.transferFrom(from, to, held);
        assert(token.allowance(from, spender) == allowed - held);
    }

    /// @notice An unlimited allowance stays unlimited.
    function check_unlimited_allowance_stays(address from, address spender, address to, uint96 held) public {
        _ordinary(from);
        _ordinary(spender);
        _ordinary(to);
        _issue(from, held);
        VM.prank(from);
        token.approve(spender, type(uint256).max);
        VM.prank(spender);
        token.transferFrom(from, to, held);
        assert(token.allowance(from, spender) == type(uint256).max);
    }

    /// @notice Nobody moves more than they are allowed, or anything without an allowance.
    function check_allowance_is_a_limit(
        address from,
        address spender,
        address to,
        uint256 allowed,
        uint96 held
    ) public {
        _ordinary(from);
        _ordinary(spender);
        VM.assume(allowed < held);
        _issue(from, held);
        VM.prank(from);
        token.approve(spender, allowed);
        VM.prank(spender);
        (bool done, ) = address(token).call(abi.encodeCall(token.transferFrom, (from, to, held)));
        assert(!done);
    }

    // ------------------------------------------------------------------------- supply

    /// @notice Issuing credits exactly its amount to its receiver and to the supply. (Law 6)
    function check_mint_credits_its_amount(address to, uint96 before, uint256 amount) public {
        _ordinary(to);
        _issue(to, before);
        token.mint(to, amount);
        assert(token.balanceOf(to) == before + amount && token.totalSupply() == before + amount);
    }

    /// @notice No issue takes the supply over 2^96 - 1.
    function check_supply_is_bounded(address to, uint96 before, uint256 amount) public {
        _ordinary(to);
        VM.assume(amount > MAX_SUPPLY - before);
        _issue(to, before);
        (bool done, ) = address(token).call(abi.encodeCall(token.mint, (to, amount)));
        assert(!done);
    }

    /// @notice Burning takes exactly its amount from its holder and from the supply. (Law 6)
    function check_burn_takes_its_amount(address from, uint96 held, uint256 amount) public {
        _ordinary(from);
        _issue(from, held);
        token.burn(from, amount);
        assert(token.balanceOf(from) == held - amount && token.totalSupply() == held - amount);
    }

    /// @notice A forced transfer keeps the sum of two balances and the supply. (Law 6)
    function check_forced_transfer_conserves(address from, address to, uint96 held, uint96 has, uint256 amount) public {
        _ordinary(from);
        _ordinary(to);
        VM.assume(from != to && uint256(held) + has <= MAX_SUPPLY);
        _issue(from, held);
        _issue(to, has);
        token.forcedTransfer(from, to, amount);
        assert(token.balanceOf(from) == held - amount && token.balanceOf(to) == has + amount);
    }

    // ------------------------------------------------------------------------ freezes

    /// @notice A frozen wallet sends nothing.
    function check_frozen_wallet_does_not_send(address from, address to, uint96 held, uint256 amount) public {
        _ordinary(from);
        _ordinary(to);
        _issue(from, held);
        token.setAddressFrozen(from, true);
        VM.prank(from);
        (bool done, ) = address(token).call(abi.encodeCall(token.transfer, (to, amount)));
        assert(!done);
    }

    /// @notice A frozen wallet receives nothing.
    function check_frozen_wallet_does_not_receive(address from, address to, uint96 held, uint256 amount) public {
        _ordinary(from);
        _ordinary(to);
        _issue(from, held);
        token.setAddressFrozen(to, true);
        VM.prank(from);
        (bool done, ) = address(token).call(abi.encodeCall(token.transfer, (to, amount)));
        assert(!done);
    }

    /// @notice What is frozen of a balance stays with its holder.
    function check_frozen_shares_stay(address from, address to, uint96 held, uint256 frozen, uint256 amount) public {
        _ordinary(from);
        _ordinary(to);
        VM.assume(from != to && frozen <= held && amount > held - frozen);
        _issue(from, held);
        token.setFrozenTokens(from, frozen);
        VM.prank(from);
        (bool done, ) = address(token).call(abi.encodeCall(token.transfer, (to, amount)));
        assert(!done);
    }

    /// @notice While the token is paused no holder transfers.
    function check_paused_token_does_not_move(address from, address to, uint96 held, uint256 amount) public {
        _ordinary(from);
        _issue(from, held);
        token.pause();
        VM.prank(from);
        (bool done, ) = address(token).call(abi.encodeCall(token.transfer, (to, amount)));
        assert(!done);
    }

    // ------------------------------------------------------------------------ records

    function _record() private returns (uint256 recordId) {
        recordId = token.scheduleRecord(uint48(block.timestamp));
    }

    /// @notice The balance at a closed record is what was held then, whatever is transferred later. (Law 5)
    function check_record_keeps_the_givers_balance(address from, address to, uint96 held, uint256 amount) public {
        _ordinary(from);
        _ordinary(to);
        _issue(from, held);
        uint256 recordId = _record();
        VM.warp(block.timestamp + 1);
        VM.prank(from);
        token.transfer(to, amount);
        assert(token.balanceOfAt(from, recordId) == held);
    }

    /// @notice Who receives after a record has closed held at it what it held before. (Law 5)
    function check_record_keeps_the_receivers_balance(
        address from,
        address to,
        uint96 held,
        uint96 has,
        uint256 amount
    ) public {
        _ordinary(from);
        _ordinary(to);
        VM.assume(from != to && uint256(held) + has <= MAX_SUPPLY);
        _issue(from, held);
        _issue(to, has);
        uint256 recordId = _record();
        VM.warp(block.timestamp + 1);
        VM.prank(from);
        token.transfer(to, amount);
        assert(token.balanceOfAt(to, recordId) == has);
    }

    /// @notice The supply at a closed record is what it was, whatever is issued later. (Law 6)
    function check_record_keeps_the_supply_of_an_issue(address to, uint96 held, uint96 more) public {
        _ordinary(to);
        _issue(to, held);
        uint256 recordId = _record();
        VM.warp(block.timestamp + 1);
        token.mint(to, more);
        assert(token.totalSupplyAt(recordId) == held && token.balanceOfAt(to, recordId) == held);
    }

    /// @notice The supply at a closed record is what it was, whatever is burnt later. (Law 6)
    function check_record_keeps_the_supply_of_a_burn(address from, uint96 held, uint96 less) public {
        _ordinary(from);
        _issue(from, held);
        uint256 recordId = _record();
        VM.warp(block.timestamp + 1);
        token.burn(from, less);
        assert(token.totalSupplyAt(recordId) == held && token.balanceOfAt(from, recordId) == held);
    }

    /// @notice Two records in a row each keep the balance of their own time. (Law 5)
    function check_two_records_keep_two_balances(
        address from,
        address to,
        uint96 held,
        uint96 first,
        uint96 then
    ) public {
        _ordinary(from);
        _ordinary(to);
        VM.assume(from != to);
        _issue(from, held);
        uint256 one = _record();
        VM.warp(1_000_001);
        VM.prank(from);
        token.transfer(to, first);
        uint256 two = _record();
        VM.warp(1_000_002);
        VM.prank(from);
        token.transfer(to, then);
        assert(token.balanceOfAt(from, one) == held && token.balanceOfAt(from, two) == held - first);
        assert(token.balanceOfAt(to, one) == 0 && token.balanceOfAt(to, two) == first);
    }

    /// @notice A record that is open cannot be read, by anybody, at any time up to the end of its second. (Law 7)
    function check_open_record_cannot_be_read(address account, uint48 closesAt, uint48 time) public {
        VM.assume(closesAt >= block.timestamp && closesAt != type(uint48).max && time >= block.timestamp);
        VM.assume(time <= closesAt);
        uint256 recordId = token.scheduleRecord(closesAt);
        VM.warp(time);
        (bool done, ) = address(token).staticcall(abi.encodeCall(token.balanceOfAt, (account, recordId)));
        assert(!done);
    }

    /// @notice A record that was never scheduled cannot be read. (Law 7)
    function check_unknown_record_cannot_be_read(address account, uint256 recordId) public {
        uint256 last = _record();
        VM.assume(recordId == 0 || recordId > last);
        VM.warp(block.timestamp + 1);
        (bool done, ) = address(token).staticcall(abi.encodeCall(token.balanceOfAt, (account, recordId)));
        assert(!done);
    }

    /// @notice No record can be scheduled for a second that is past.
    function check_no_record_in_the_past(uint48 closesAt) public {
        VM.assume(closesAt < block.timestamp);
        (bool done, ) = address(token).call(abi.encodeCall(token.scheduleRecord, (closesAt)));
        assert(!done);
    }

    // ----------------------------------------------------------------------- recovery

    /// @notice Recovery moves all shares of a lost wallet, and the supply stays. (Law 13)
    function check_recovery_moves_everything(address lost, address successor, uint96 held, uint96 has) public {
        _ordinary(lost);
        _ordinary(successor);
        VM.assume(lost != successor && uint256(held) + has <= MAX_SUPPLY);
        _issue(lost, held);
        _issue(successor, has);
        token.recoveryAddress(lost, successor, address(0));
        assert(token.balanceOf(lost) == 0 && token.balanceOf(successor) == uint256(held) + has);
        assert(token.successorOf(lost) == successor);
    }

    /// @notice A lost wallet neither sends nor receives again. (Law 13)
    function check_lost_wallet_is_closed(
        address lost,
        address successor,
        address other,
        uint96 amount,
        bool sends
    ) public {
        _ordinary(lost);
        _ordinary(successor);
        _ordinary(other);
        VM.assume(lost != successor && other != lost);
        _issue(other, amount);
        token.recoveryAddress(lost, successor, address(0));
        VM.prank(sends ? lost : other);
        (bool done, ) = address(token).call(abi.encodeCall(token.transfer, (sends ? other : lost, 0)));
        assert(!done);
    }

    // ---------------------------------------------------------------------- controls

    /// @notice False: whatever is transferred, the giver keeps what it held.
    function check_control_transfer_changes_nothing(address from, address to, uint96 held, uint256 amount) public {
        _ordinary(from);
        _ordinary(to);
        _issue(from, held);
        VM.prank(from);
        token.transfer(to, amount);
        assert(token.balanceOf(from) == held);
    }
}
