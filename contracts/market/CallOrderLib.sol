// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICallAuction} from "./ICallAuction.sol";

/// @dev An order in one storage slot, from the lowest bit up:
///
///     owner    160 bits
///     lots      40 bits   zero in a call by amount
///     step       8 bits
///     state      4 bits   `ICallAuction.OrderState`
///     side       1 bit    1 for an ask
///     ladder     1 bit
///     spare      2 bits   zero
///     rest      40 bits   until its turn the lowest bits of the number of its person; then the lots that it got
///
/// An order that gets all that it asked for, and has it delivered in one page, is not written again.
type CallOrder is uint256;

using CallOrderLib for CallOrder global;

/// @title CallOrderLib
/// @notice Reads and writes the fields of `CallOrder`. Pure: it touches no storage.
library CallOrderLib {
    /// @dev The most lots of an order, and the mask of a field of lots.
    uint256 internal constant MAX_LOTS = type(uint40).max;

    uint256 private constant LOTS = 160;
    uint256 private constant STEP = 200;
    uint256 private constant STATE = 208;
    uint256 private constant SIDE = 212;
    uint256 private constant LADDER = 213;
    uint256 private constant REST = 216;

    /// @dev The caller warrants that `lots_` is at most `MAX_LOTS`, and `ladder_` 0 or 1.
    function pack(
        address owner_,
        uint256 lots_,
        uint256 step_,
        ICallAuction.Side side_,
        uint256 ladder_,
        uint256 person
    ) internal pure returns (CallOrder) {
        uint256 low = uint256(uint160(owner_)) | (lots_ << LOTS) | (step_ << STEP);
        uint256 marks = (uint256(ICallAuction.OrderState.Placed) << STATE) | (uint256(side_) << SIDE);
        return CallOrder.wrap(low | marks | (ladder_ << LADDER) | (person << REST));
    }

    function owner(CallOrder self) internal pure returns (address) {
        // The lowest bits are the address.
        return address(uint160(CallOrder.unwrap(self)));
    }

    function lots(CallOrder self) internal pure returns (uint256) {
        return (CallOrder.unwrap(self) >> LOTS) & MAX_LOTS;
    }

    function step(CallOrder self) internal pure returns (uint256) {
        return (CallOrder.unwrap(self) >> STEP) & 0xff;
    }

    function state(CallOrder self) internal pure returns (ICallAuction.OrderState) {
        return ICallAuction.OrderState((CallOrder.unwrap(self) >> STATE) & 0xf);
    }

    function side(CallOrder self) internal pure returns (ICallAuction.Side) {
        return ICallAuction.Side((CallOrder.unwrap(self) >> SIDE) & 1);
    }

    function isBid(CallOrder self) internal pure returns (bool) {
        return (CallOrder.unwrap(self) >> SIDE) & 1 == 0;
    }

    function ladder(CallOrder self) internal pure returns (uint256) {
        return (CallOrder.unwrap(self) >> LADDER) & 1;
    }

    /// @dev The lots that it got, once its turn has come.
    function allotted(CallOrder self) internal pure returns (uint256) {
        return CallOrder.unwrap(self) >> REST;
    }

    /// @dev Whether it was placed for `person`, as far as can be known: its number may have more bits than there is
    /// room for.
    function isOf(CallOrder self, uint256 person) internal pure returns (bool) {
        return CallOrder.unwrap(self) >> REST == person & MAX_LOTS;
    }

    function withState(CallOrder self, ICallAuction.OrderState state_) internal pure returns (CallOrder) {
        return CallOrder.wrap((CallOrder.unwrap(self) & ~(uint256(0xf) << STATE)) | (uint256(state_) << STATE));
    }

    /// @dev After its turn, with what it got; the caller warrants that this is at most `MAX_LOTS`.
    function served(CallOrder self, uint256 lots_) internal pure returns (CallOrder) {
        return self.withAllotted(lots_).withState(ICallAuction.OrderState.Ended);
    }

    /// @dev With what it got; the caller warrants that this is at most `MAX_LOTS`.
    function withAllotted(CallOrder self, uint256 lots_) internal pure returns (CallOrder) {
        return CallOrder.wrap((CallOrder.unwrap(self) & ((1 << REST) - 1)) | (lots_ << REST));
    }
}
