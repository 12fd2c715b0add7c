// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {ITransferRules} from "../compliance/ITransferRules.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";
import {DeliveryLib} from "./DeliveryLib.sol";
import {ITradeSettlement} from "./ITradeSettlement.sol";
import {OrderLib} from "./OrderLib.sol";
import {RecordGuardLib} from "./RecordGuardLib.sol";
import {RefusalLib} from "./RefusalLib.sol";

/// @title OrderExplanationLib
/// @notice Finds everything that stands in the way of a fill, and the most that would pass.
/// @dev Whoever is asked here gets a part of the gas, and what cannot be read counts as no answer: nothing that a token or
/// a wallet does makes an explanation fail.
library OrderExplanationLib {
    using OrderLib for ITradeSettlement.Order;
    using RecordGuardLib for ITradeSettlement.Order;

    /// @dev Everything that is known of a fill while it is explained.
    /// @param obstacles What was found, in a list with room for more
    /// @param count How many were found
    /// @param done How much of the order was filled
    /// @param left How much of it is left
    /// @param makerHas How much of `give` the maker has
    /// @param makerAllows How much of it the maker lets this contract move
    /// @param takerHas How much of `take` the taker has
    /// @param takerAllows How much of it the taker lets this contract move
    struct Case {
        ITradeSettlement.Obstacle[] obstacles;
        uint256 count;
        address taker;
        uint256 done;
        uint256 left;
        uint256 makerHas;
        uint256 makerAllows;
        uint256 takerHas;
        uint256 takerAllows;
    }

    /// @dev One transfer of a fill.
    struct Move {
        address asset;
        address from;
        address to;
        uint256 amount;
    }

    /// @dev One of each code, and a second of the fee's.
    uint256 private constant MAX_OBSTACLES = uint256(type(ITradeSettlement.Code).max) + 2;

    /// @dev The transfers of a fill: what the maker gives, what it takes, the fee, the tax.
    uint256 private constant MOVES = 4;

    /// @dev How often the most is lowered to what a token would let pass. Each transfer is lowered twice at most, to the
    /// token's own limit and to what leaves its sender a least holding; and the sums of the others with it.
    uint256 private constant ROUNDS = 12;

    /// @dev `ITradeSettlement.explain`, for an order of which `done` was filled, or that is spent.
    function explain(
        ITradeSettlement.Order memory order,
        bytes32 digest,
        bytes calldata signature,
        address taker,
        uint256 amount,
        bool spent,
        uint256 done
    ) internal view returns (ITradeSettlement.Explanation memory explanation) {
        Case memory found;
        found.obstacles = new ITradeSettlement.Obstacle[](MAX_OBSTACLES);
        (found.taker, found.done) = (taker, done);
        if (!spent && order.giveAmount > done) found.left = order.giveAmount - done;
        _judgeFields(found, order);
        if (spent) _add(found, ITradeSettlement.Code.Spent, order.nonce, 0);
        uint256 fixed_ = found.count;
        if (!spent) _judgeAmount(found, order, amount);
        fixed_ += _judgeStanding(found, order, digest, signature);
        if (found.left != 0) _readWallets(found, order);
        // Without a price there is nothing to be said about money.
        if (amount != 0 && amount <= found.left && order.isFeeLow()) _judgeMoves(found, explanation, order, amount);
        // What has nothing to do with the amount stops every amount.
        if (fixed_ == 0) explanation.most = _most(found, order);
        explanation.obstacles = _cut(found);
    }

    // ---------------------------------------------------------------- the order itself

    function _judgeFields(Case memory found, ITradeSettlement.Order memory order) private view {
        if (block.timestamp > order.validUntil) {
            _add(found, ITradeSettlement.Code.Expired, order.validUntil, block.timestamp);
        }
        if (order.taker != address(0) && order.taker != found.taker) {
            _add(found, ITradeSettlement.Code.NotTaker, uint160(found.taker), uint160(order.taker));
        }
        if (order.isMalformed(found.taker)) _add(found, ITradeSettlement.Code.Malformed, order.nonce, 0);
        if (order.feeBps > OrderLib.MAX_BPS) {
            _add(found, ITradeSettlement.Code.FeeTooHigh, order.feeBps, OrderLib.MAX_BPS);
        }
        if (order.taxBps > OrderLib.MAX_BPS) {
            _add(found, ITradeSettlement.Code.FeeTooHigh, order.taxBps, OrderLib.MAX_BPS);
        }
    }

    function _judgeAmount(Case memory found, ITradeSettlement.Order memory order, uint256 amount) private pure {
        if (amount > found.left) _add(found, ITradeSettlement.Code.TooMuch, amount, found.left);
        uint256 least = order.leastOf(found.left);
        if (amount < least) _add(found, ITradeSettlement.Code.TooLittle, amount, least);
    }

    /// @dev Its record and its signature.
    /// @return added How many obstacles
    function _judgeStanding(
        Case memory found,
        ITradeSettlement.Order memory order,
        bytes32 digest,
        bytes calldata signature
    ) private view returns (uint256 added) {
        uint256 before = found.count;
        (bool ended, uint256 closedAt) = order.ended(RefusalLib.questionGas());
        if (ended) _add(found, ITradeSettlement.Code.RecordClosed, order.record, closedAt);
        if (!_hasSigned(order.maker, digest, signature)) {
            _add(found, ITradeSettlement.Code.NotSigned, uint160(order.maker), 0);
        }
        return found.count - before;
    }

    /// @dev `SignatureLib.isOf`, but that a contract gets a part of the gas.
    function _hasSigned(address signer, bytes32 digest, bytes memory signature) private view returns (bool) {
        (address recovered, ECDSA.RecoverError fault, ) = ECDSA.tryRecover(digest, signature);
        if (fault == ECDSA.RecoverError.NoError && recovered == signer) return true;
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        (bool answered, uint256 answer) = StaticCallLib.tryAsk(signer, question, RefusalLib.questionGas());
        return answered && bytes32(answer) == bytes32(IERC1271.isValidSignature.selector);
    }

    // ------------------------------------------------------------------ what it moves

    function _readWallets(Case memory found, ITradeSettlement.Order memory order) private view {
        (found.makerHas, found.makerAllows) = _wallet(order.give, order.maker);
        (found.takerHas, found.takerAllows) = _wallet(order.take, found.taker);
    }

    /// @dev What a wallet has of a token, and lets this contract move; nothing where the token does not say.
    function _wallet(address token, address owner) private view returns (uint256 has, uint256 allows) {
        (, has) = DeliveryLib.holdingOf(token, owner, RefusalLib.questionGas());
        bytes memory question = abi.encodeCall(IERC20.allowance, (owner, address(this)));
        (, allows) = StaticCallLib.tryAsk(token, question, RefusalLib.questionGas());
    }

    function _judgeMoves(
        Case memory found,
        ITradeSettlement.Explanation memory explanation,
        ITradeSettlement.Order memory order,
        uint256 amount
    ) private view {
        OrderLib.Parts memory parts = order.partsOf(found.done, amount);
        explanation.due = order.dueOf(parts, found.taker);
        _limit(found, ITradeSettlement.Code.MakerBalance, order.givesOf(parts), found.makerHas);
        _limit(found, ITradeSettlement.Code.MakerAllowance, order.givesOf(parts), found.makerAllows);
        _limit(found, ITradeSettlement.Code.TakerBalance, explanation.due, found.takerHas);
        _limit(found, ITradeSettlement.Code.TakerAllowance, explanation.due, found.takerAllows);
        Move[MOVES] memory moves = _movesOf(found, order, parts);
        for (uint256 i = 0; i < MOVES; ++i) {
            Move memory move = moves[i];
            (bool refused, ITransferRules.Refusal[] memory refusals, uint256 most) = _ask(move);
            if (!refused) continue;
            // The codes of the four transfers stand in their order.
            _add(found, ITradeSettlement.Code(uint256(ITradeSettlement.Code.GiveRefused) + i), move.amount, most);
            if (i == 0) explanation.giveRefusals = refusals;
            if (i == 1) explanation.takeRefusals = refusals;
        }
    }

    function _movesOf(
        Case memory found,
        ITradeSettlement.Order memory order,
        OrderLib.Parts memory parts
    ) private pure returns (Move[MOVES] memory moves) {
        address payer = order.makerPays ? order.maker : found.taker;
        address money = order.makerPays ? order.give : order.take;
        (uint256 toTaker, uint256 toMaker) = order.netsOf(parts);
        (uint256 fee, uint256 tax) = order.extras(parts, payer);
        moves[0] = Move(order.give, order.maker, found.taker, toTaker);
        moves[1] = Move(order.take, found.taker, order.maker, toMaker);
        moves[2] = Move(money, payer, order.feeTo, fee);
        moves[3] = Move(money, payer, order.taxTo, tax);
    }

    /// @dev Whether a token would refuse a transfer. Of nothing, none is made.
    function _ask(
        Move memory move
    ) private view returns (bool refused, ITransferRules.Refusal[] memory refusals, uint256 most) {
        if (move.amount == 0) return (false, refusals, 0);
        return RefusalLib.ask(move.asset, move.from, move.to, move.amount);
    }

    // ------------------------------------------------------------------------- the most

    /// @dev Takes what the wallets have and allow, asks the tokens, and lowers what they refuse until they do not.
    function _most(Case memory found, ITradeSettlement.Order memory order) private view returns (uint256) {
        uint256[MOVES] memory limits = [type(uint256).max, type(uint256).max, type(uint256).max, type(uint256).max];
        for (uint256 round = 0; round < ROUNDS; ++round) {
            uint256 amount = _largest(found, order, limits);
            if (amount < order.leastOf(found.left)) return 0;
            Move[MOVES] memory moves = _movesOf(found, order, order.partsOf(found.done, amount));
            bool passes = true;
            for (uint256 i = 0; i < MOVES; ++i) {
                (bool refused, ITransferRules.Refusal[] memory refusals, uint256 most) = _ask(moves[i]);
                if (!refused) continue;
                passes = false;
                limits[i] = RefusalLib.lowered(moves[i].amount, most, refusals);
            }
            if (passes) return amount;
        }
        return 0;
    }

    /// @dev The largest amount whose transfers keep within limits, and within what the wallets have and allow. All
    /// of them grow with the amount, or stay.
    function _largest(
        Case memory found,
        ITradeSettlement.Order memory order,
        uint256[MOVES] memory limits
    ) private pure returns (uint256 low) {
        uint256 high = found.left;
        while (low < high) {
            // Halfway, rounded up: the sum of two numbers of 128 bits.
            uint256 middle = (low + high + 1) >> 1;
            if (_fits(found, order, limits, middle)) low = middle;
            else high = middle - 1;
        }
    }

    function _fits(
        Case memory found,
        ITradeSettlement.Order memory order,
        uint256[MOVES] memory limits,
        uint256 amount
    ) private pure returns (bool) {
        OrderLib.Parts memory parts = order.partsOf(found.done, amount);
        uint256 gives = order.givesOf(parts);
        uint256 due = order.dueOf(parts, found.taker);
        if (gives > found.makerHas || gives > found.makerAllows) return false;
        if (due > found.takerHas || due > found.takerAllows) return false;
        Move[MOVES] memory moves = _movesOf(found, order, parts);
        for (uint256 i = 0; i < MOVES; ++i) {
            if (moves[i].amount > limits[i]) return false;
        }
        return true;
    }

    // --------------------------------------------------------------------------- lists

    function _limit(Case memory found, ITradeSettlement.Code code, uint256 value, uint256 limit) private pure {
        if (value > limit) _add(found, code, value, limit);
    }

    function _add(Case memory found, ITradeSettlement.Code code, uint256 value, uint256 limit) private pure {
        found.obstacles[found.count++] = ITradeSettlement.Obstacle(code, value, limit);
    }

    /// @dev The list, shortened to what was found.
    function _cut(Case memory found) private pure returns (ITradeSettlement.Obstacle[] memory obstacles) {
        obstacles = found.obstacles;
        uint256 count = found.count;
        assembly ("memory-safe") {
            mstore(obstacles, count)
        }
    }
}
