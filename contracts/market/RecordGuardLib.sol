// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRecordToken} from "../token/IRecordToken.sol";
import {IShareToken} from "../token/IShareToken.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";
import {ITradeSettlement} from "./ITradeSettlement.sol";

/// @title RecordGuardLib
/// @notice Whether an order has ended with its record, so that none is filled across an ex-date at a price from before.
library RecordGuardLib {
    /// @dev Whether the order's record has closed, or was cancelled, and the second at whose end it closed; zero if it was
    /// cancelled. A record that is not scheduled yet has not closed. A token that does not answer ends the order.
    function ended(
        ITradeSettlement.Order memory order,
        uint256 gasLimit
    ) internal view returns (bool, uint256 closedAt) {
        uint256 record = order.record;
        if (record == 0) return (false, 0);
        address token = order.recordToken;
        (bool answered, uint256 answer) = StaticCallLib.tryAsk(
            token,
            abi.encodeCall(IShareToken.recordCount, ()),
            gasLimit
        );
        if (answered && answer < record) return (false, 0);
        if (!answered) return (true, 0);
        // Of a record that was cancelled a share token says no time.
        (answered, answer) = StaticCallLib.tryAsk(token, abi.encodeCall(IRecordToken.recordTime, (record)), gasLimit);
        // A record closes at the end of its second.
        return (answer < block.timestamp, answer);
    }
}
