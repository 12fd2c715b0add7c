// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CallClearingLib} from "../../../../contracts/market/CallClearingLib.sol";
import {ICallAuction} from "../../../../contracts/market/ICallAuction.sol";

/// @title CallFacts
/// @notice What the library of prices answers for every interest on a ladder of two steps. Each check's notice is its
/// sentence. (Laws 55 and 57)
/// @dev Numbers of 32 bits, and prices of 5 and 6: longer ladders and larger numbers are `calls.py`'s.
contract CallFacts {
    using CallClearingLib for ICallAuction.Terms;

    mapping(uint256 step => uint256) private _interest;

    function clear(ICallAuction.Terms calldata terms) external view returns (ICallAuction.Clearing memory) {
        return terms.clear(_interest, 3, 0);
    }

    /// @dev What holders clear at who have bid and asked so much at the two steps.
    function _cleared(
        uint32 lowBid,
        uint32 highBid,
        uint32 lowAsk,
        uint32 highAsk
    ) private returns (ICallAuction.Clearing memory) {
        ICallAuction.Terms memory terms;
        (terms.kind, terms.steps) = (ICallAuction.Kind.Auction, 2);
        (terms.ladders[0].firstPrice, terms.ladders[0].increment) = (5, 1);
        _interest[0] = (uint256(lowAsk) << 128) | lowBid;
        _interest[1] = (uint256(highAsk) << 128) | highBid;
        return this.clear(terms);
    }

    /// @notice Of two steps none trades more than the one at which holders clear among themselves.
    function check_no_step_of_two_trades_more(uint32 lowBid, uint32 highBid, uint32 lowAsk, uint32 highAsk) public {
        uint256 lots = _cleared(lowBid, highBid, lowAsk, highAsk).lots;
        unchecked {
            uint256 demand = uint256(lowBid) + highBid;
            uint256 supply = uint256(lowAsk) + highAsk;
            assert(lots >= (demand < lowAsk ? demand : lowAsk));
            assert(lots >= (highBid < supply ? highBid : supply));
        }
    }

    /// @notice Of two steps, what is better than the one at which holders clear is served whole: no more is bid above it,
    /// and no more is asked below it, than changes hands.
    function check_better_orders_at_two_steps_fit(uint32 lowBid, uint32 highBid, uint32 lowAsk, uint32 highAsk) public {
        ICallAuction.Clearing memory found = _cleared(lowBid, highBid, lowAsk, highAsk);
        assert(found.step == 0 ? highBid <= found.lots : lowAsk <= found.lots);
    }

    // ---------------------------------------------------------------------- controls

    /// @notice False: at two steps holders always clear at the lower one.
    function check_control_two_steps_clear_at_the_lower(
        uint32 lowBid,
        uint32 highBid,
        uint32 lowAsk,
        uint32 highAsk
    ) public {
        assert(_cleared(lowBid, highBid, lowAsk, highAsk).step == 0);
    }
}
