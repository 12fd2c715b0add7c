// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITradeSettlement} from "../../../../contracts/market/ITradeSettlement.sol";
import {TradeSettlement} from "../../../../contracts/market/TradeSettlement.sol";
import {Recorder} from "./Recorder.sol";
import {VM} from "./Vm.sol";

/// @title TradeFacts
/// @notice What `TradeSettlement` does with what people have signed: for every caller, every time and all fields of an
/// order. Shares and money note what they are told, and let anyone move anything: what keeps them is the settlement alone.
/// Each check's notice is its sentence.
/// @dev Whole orders have all amounts there are. Orders in parts have one size and one price, because halmos cannot divide
/// by what it does not know: any size is `trading.py`'s. The wallet that signs is this contract, by ERC-1271; that a key
/// has signed is what the EVM says.
contract TradeFacts {
    bytes4 private constant MAGIC = 0x1626ba7e;
    uint256 private constant PLENTY = type(uint160).max;
    uint64 private constant PARTIAL = 1 << 63;
    address private constant ANN = address(0xa11);

    TradeSettlement private desk;
    Recorder private give;
    Recorder private take;
    bytes32 private agreed;

    function setUp() public {
        VM.warp(1_000_000);
        desk = new TradeSettlement();
        give = new Recorder();
        take = new Recorder();
    }

    /// @dev ERC-1271: agrees to one digest.
    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return agreed != 0 && digest == agreed ? MAGIC : bytes4(0);
    }

    /// @dev An order by this wallet for the two tokens, whole, without record and fees; the rest is anything.
    function _whole(ITradeSettlement.Order memory order) private view returns (ITradeSettlement.Order memory) {
        order.maker = address(this);
        (order.give, order.take) = (address(give), address(take));
        order.leastFill = order.giveAmount;
        (order.recordToken, order.record) = (address(0), 0);
        (order.feeTo, order.feeBps, order.taxTo, order.taxBps) = (address(0), 0, address(0), 0);
        return order;
    }

    /// @dev Seven for five, in parts of any size.
    function _parts() private view returns (ITradeSettlement.Order memory order) {
        order.maker = address(this);
        (order.give, order.take) = (address(give), address(take));
        (order.giveAmount, order.takeAmount) = (7, 5);
        order.validUntil = type(uint48).max;
        order.nonce = PARTIAL | 4;
    }

    function _sign(ITradeSettlement.Order memory order) private {
        agreed = desk.digestOf(order);
    }

    function _rich(address caller) private {
        give.give(address(this), PLENTY);
        take.give(caller, PLENTY);
    }

    function _fill(
        address caller,
        ITradeSettlement.Order memory order,
        uint256 amount,
        uint256 mostDue
    ) private returns (bool done) {
        VM.prank(caller);
        (done, ) = address(desk).call(abi.encodeCall(desk.fill, (order, "", amount, mostDue)));
    }

    function _say(address caller, bytes memory data) private returns (bool done) {
        VM.prank(caller);
        (done, ) = address(desk).call(data);
    }

    function _one(uint64 nonce) private pure returns (uint64[] memory list) {
        list = new uint64[](1);
        list[0] = nonce;
    }

    function _number(uint256 nonce) private pure returns (uint256[] memory list) {
        list = new uint256[](1);
        list[0] = nonce;
    }

    // ------------------------------------------------------------------- who gives

    /// @notice An order that its maker has not signed moves nothing, whoever brings it. (Law 47)
    function check_an_unsigned_order_moves_nothing(
        address caller,
        ITradeSettlement.Order memory order,
        uint256 amount,
        uint256 mostDue
    ) public {
        order = _whole(order);
        _rich(caller);
        agreed = 0;
        bool done = _fill(caller, order, amount, mostDue);
        assert(!done && give.takes() == 0 && take.takes() == 0);
    }

    /// @notice No two orders that differ in any field have one digest, so that a signature is for one order, as far as no
    /// two texts have one hash. (Law 47)
    function check_a_digest_is_of_one_order(
        ITradeSettlement.Order memory one,
        ITradeSettlement.Order memory other
    ) public view {
        VM.assume(keccak256(abi.encode(one)) != keccak256(abi.encode(other)));
        assert(desk.digestOf(one) != desk.digestOf(other));
    }

    /// @notice A signed whole order moves exactly what it says, from its maker to the caller and from the caller to its
    /// maker, in time, to whom it is for, and for no more than the caller agrees to. (Laws 47, 48)
    function check_a_whole_order_moves_what_it_says(
        address caller,
        uint256 time,
        ITradeSettlement.Order memory order,
        uint256 amount,
        uint256 mostDue
    ) public {
        order = _whole(order);
        _rich(caller);
        _sign(order);
        VM.warp(time);
        bool done = _fill(caller, order, amount, mostDue);
        if (!done) return;
        assert(time <= order.validUntil && (order.taker == address(0) || order.taker == caller));
        assert(amount == order.giveAmount && order.takeAmount <= mostDue);
        assert(give.takes() == 1 && give.from() == address(this) && give.to() == caller);
        assert(give.amount() == order.giveAmount);
        assert(take.takes() == 1 && take.from() == caller && take.to() == address(this));
        assert(take.amount() == order.takeAmount);
        assert(!give.foreign() && !take.foreign());
    }

    /// @notice Nobody but the maker and the caller gives anything in a fill. (Law 47)
    function check_nobody_else_gives(address caller, address other, ITradeSettlement.Order memory order) public {
        VM.assume(other != caller && other != address(this));
        order = _whole(order);
        _rich(caller);
        give.give(other, PLENTY);
        take.give(other, PLENTY);
        _sign(order);
        _fill(caller, order, order.giveAmount, type(uint256).max);
        assert(give.balanceOf(other) == PLENTY && take.balanceOf(other) == PLENTY);
    }

    /// @notice A trade moves nothing of who has not signed it and does not bring it. (Laws 47, 49)
    function check_an_unsigned_trade_moves_nothing(
        address caller,
        address to,
        uint256 amount,
        uint256 nonce,
        uint48 validUntil
    ) public {
        VM.assume(caller != address(this));
        give.give(address(this), PLENTY);
        agreed = 0;
        ITradeSettlement.Trade memory trade = _trade(to, amount, nonce, validUntil);
        bytes[] memory signatures = new bytes[](1);
        assert(!_say(caller, abi.encodeCall(desk.settle, (trade, signatures))));
        assert(!_say(caller, abi.encodeCall(desk.settle, (trade, new bytes[](0)))));
        assert(give.takes() == 0);
    }

    function _trade(
        address to,
        uint256 amount,
        uint256 nonce,
        uint48 validUntil
    ) private view returns (ITradeSettlement.Trade memory trade) {
        trade.legs = new ITradeSettlement.Leg[](1);
        trade.legs[0] = ITradeSettlement.Leg(address(give), address(this), to, amount);
        (trade.nonce, trade.validUntil) = (nonce, validUntil);
    }

    // --------------------------------------------------------------------- in parts

    /// @notice However an order of seven for five is cut in two, seven are given for exactly five, and no more. (Law 48)
    function check_two_parts_add_up(address caller, uint256 first, uint256 more) public {
        VM.assume(caller != address(this));
        _rich(caller);
        ITradeSettlement.Order memory order = _parts();
        _sign(order);
        if (!_fill(caller, order, first, PLENTY)) return;
        assert(first >= 1 && first <= 7);
        if (first < 7) {
            if (!_fill(caller, order, 7 - first, PLENTY)) return;
        }
        assert(give.balanceOf(caller) == 7 && take.balanceOf(address(this)) == 5);
        assert(!_fill(caller, order, more, PLENTY));
    }

    // ----------------------------------------------------------------- spent for ever

    /// @notice An order whose nonce its maker has cancelled is filled by nobody, whatever else it says. (Law 50)
    function check_a_cancelled_order_is_never_filled(
        address caller,
        ITradeSettlement.Order memory order,
        uint256 amount
    ) public {
        order = _whole(order);
        _rich(caller);
        _sign(order);
        desk.cancel(_one(order.nonce));
        assert(!_fill(caller, order, amount, type(uint256).max) && give.takes() == 0);
    }

    /// @notice A whole order that was filled is filled by nobody again. (Law 50)
    function check_a_filled_order_is_never_filled_again(
        address caller,
        address again,
        ITradeSettlement.Order memory order,
        uint256 amount
    ) public {
        order = _whole(order);
        _rich(caller);
        take.give(again, PLENTY);
        _sign(order);
        if (!_fill(caller, order, order.giveAmount, type(uint256).max)) return;
        assert(desk.isSpent(address(this), order.nonce) && desk.left(order) == 0);
        assert(!_fill(again, order, amount, type(uint256).max) && give.takes() == 1);
    }

    /// @notice Who cancels a nonce spends that one of its own, and no other. (Law 50)
    function check_cancelling_an_order_spends_one_nonce(
        address caller,
        uint64 nonce,
        address other,
        uint64 another
    ) public {
        VM.assume(other != caller || another != nonce);
        assert(_say(caller, abi.encodeCall(desk.cancel, (_one(nonce)))));
        assert(desk.isSpent(caller, nonce) && !desk.isSpent(other, another));
    }

    /// @notice Who cancels below a number spends exactly its own nonces below it, bit 63 left aside. (Law 50)
    function check_cancelling_below_spends_what_is_below(
        address caller,
        uint64 below,
        address other,
        uint64 nonce
    ) public {
        bool done = _say(caller, abi.encodeCall(desk.cancelBelow, (below)));
        assert(done == (below > 0 && below < PARTIAL));
        assert(desk.isSpent(other, nonce) == (done && other == caller && nonce & ~PARTIAL < below));
    }

    /// @notice No call of anybody makes a spent nonce live again. (Law 50)
    function check_no_call_frees_a_nonce(
        address caller,
        uint64 nonce,
        uint64 another,
        uint256 which,
        ITradeSettlement.Order memory order
    ) public {
        desk.cancel(_one(nonce));
        order = _whole(order);
        _rich(caller);
        _sign(order);
        if (which == 0) _say(caller, abi.encodeCall(desk.cancel, (_one(another))));
        else if (which == 1) _say(caller, abi.encodeCall(desk.cancelBelow, (another)));
        else if (which == 2) _say(caller, abi.encodeCall(desk.cancelTrades, (_number(another))));
        else _fill(caller, order, order.giveAmount, type(uint256).max);
        assert(desk.isSpent(address(this), nonce));
    }

    /// @notice A trade whose number a giver has cancelled is never settled. (Law 50)
    function check_a_cancelled_trade_is_never_settled(
        address caller,
        address to,
        uint256 amount,
        uint256 nonce,
        uint48 validUntil
    ) public {
        give.give(address(this), PLENTY);
        ITradeSettlement.Trade memory trade = _trade(to, amount, nonce, validUntil);
        agreed = desk.digestOfTrade(trade);
        desk.cancelTrades(_number(nonce));
        bytes[] memory signatures = new bytes[](1);
        assert(!_say(caller, abi.encodeCall(desk.settle, (trade, signatures))));
        assert(!_say(caller, abi.encodeCall(desk.settle, (trade, new bytes[](0)))));
        assert(give.takes() == 0 && desk.isTradeSpent(address(this), nonce));
    }

    // ---------------------------------------------------------------------- controls

    /// @notice False: no signed order is ever filled.
    function check_control_no_signed_order_is_filled(ITradeSettlement.Order memory order) public {
        order = _whole(order);
        _rich(ANN);
        _sign(order);
        assert(!_fill(ANN, order, order.giveAmount, type(uint256).max));
    }

    /// @notice False: who cancels a nonce spends nothing.
    function check_control_cancelling_spends_nothing(uint64 nonce) public {
        desk.cancel(_one(nonce));
        assert(!desk.isSpent(address(this), nonce));
    }
}
