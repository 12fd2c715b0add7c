// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {ITransferRules} from "../compliance/ITransferRules.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";
import {IERC7943Fungible} from "../token/IERC7943Fungible.sol";
import {DeliveryLib} from "./DeliveryLib.sol";
import {ExchangeQuoteLib} from "./ExchangeQuoteLib.sol";
import {FreeSharesLib} from "./FreeSharesLib.sol";
import {IExchangeExplainer} from "./IExchangeExplainer.sol";
import {IHolds} from "./IHolds.sol";
import {IShareExchange} from "./IShareExchange.sol";
import {RefusalLib} from "./RefusalLib.sol";

/// @title ExchangeExplainer
/// @notice Finds everything that stands in the way of an elective exchange. `IExchangeExplainer` is the specification.
/// @dev Promise: it changes nothing. Whoever is asked here gets a part of the gas, and what cannot be read counts as no
/// answer: nothing that a token does makes an explanation fail.
contract ExchangeExplainer is IExchangeExplainer {
    using ExchangeQuoteLib for IShareExchange.Terms;

    /// @dev Everything that is known of an exchange while it is explained.
    /// @param obstacles What was found, in a list with room for more
    /// @param count How many were found
    /// @param balance Shares that the holder has
    /// @param day Shares that can be exchanged today
    /// @param dueHas Money that the holder has, of what it pays in
    /// @param dueAllows Money of it that the holder lets the exchange take
    struct Case {
        IShareExchange.Terms terms;
        Obstacle[] obstacles;
        uint256 count;
        address holder;
        uint256 price;
        uint256 funds;
        uint256 balance;
        uint256 day;
        uint256 dueHas;
        uint256 dueAllows;
    }

    /// @dev One of each code.
    uint256 private constant MAX_OBSTACLES = uint256(type(Code).max) + 1;

    /// @dev How often the most is lowered to what a token would let pass. Each of three questions lowers it twice at most,
    /// to a limit and to what leaves somebody a least holding.
    uint256 private constant ROUNDS = 8;

    /// @inheritdoc IExchangeExplainer
    IShareExchange public immutable shareExchange;

    constructor(IShareExchange shareExchange_) {
        shareExchange = shareExchange_;
    }

    /// @inheritdoc IExchangeExplainer
    function explain(
        uint256 id,
        address holder,
        uint256 shares
    ) external view returns (Obstacle[] memory obstacles, ITransferRules.Refusal[] memory refusals, uint256 most) {
        Case memory found = _case(id, holder);
        // What has nothing to do with the number of shares stops every number.
        bool isOpen = found.count == 0;
        if (shares == 0) _add(found, Code.Nothing, shares, 1);
        if (shares > found.day) _add(found, Code.OverDayLimit, shares, found.day);
        if (shares > found.balance)
            _add(found, Code.Balance, shares, found.balance);
            // More shares than there can be have no price.
        else if (shares != 0) refusals = _judge(found, shares);
        if (isOpen) most = _most(found);
        obstacles = _cut(found);
    }

    // ------------------------------------------------------------------------- reading

    function _case(uint256 id, address holder) private view returns (Case memory found) {
        IShareExchange.Exchange memory it = shareExchange.exchangeOf(id);
        IShareExchange.Terms memory terms = it.terms;
        found.obstacles = new Obstacle[](MAX_OBSTACLES);
        (found.terms, found.holder) = (terms, holder);
        (found.price, found.funds) = (it.price, it.funds);
        found.day = shareExchange.leftToday(id);
        (, found.balance) = DeliveryLib.holdingOf(terms.token, holder, RefusalLib.questionGas());
        // A share token has no more; one that says otherwise is not of this system.
        found.balance = FixedPointMathLib.min(found.balance, type(uint96).max);
        if (terms.pays != 0) (found.dueHas, found.dueAllows) = _wallet(terms.currency, holder);
        uint256 until = terms.closesAt;
        bool isOver = it.stage != IShareExchange.Stage.Open || (until != 0 && block.timestamp > until);
        if (isOver) {
            _add(found, Code.NotOpen, block.timestamp, block.timestamp < terms.opensAt ? terms.opensAt : until);
        }
        if (terms.mandatory) _add(found, Code.Mandatory, 1, 0);
        if (terms.maxAge != 0 && block.timestamp > uint256(it.priceAsOf) + terms.maxAge) {
            _add(found, Code.PriceTooOld, it.priceAsOf, terms.maxAge);
        }
    }

    /// @dev What a wallet has of a currency, and lets the exchange take; nothing where the currency does not say.
    function _wallet(address token, address owner) private view returns (uint256 has, uint256 allows) {
        (, has) = DeliveryLib.holdingOf(token, owner, RefusalLib.questionGas());
        bytes memory question = abi.encodeCall(IERC20.allowance, (owner, address(shareExchange)));
        (, allows) = StaticCallLib.tryAsk(token, question, RefusalLib.questionGas());
    }

    // ------------------------------------------------------------------------- judging

    function _judge(Case memory found, uint256 shares) private view returns (ITransferRules.Refusal[] memory refusals) {
        IShareExchange.Terms memory terms = found.terms;
        IShareExchange.Quote memory due = terms.quote(found.price, shares);
        if (due.paid > found.funds) _add(found, Code.Unfunded, due.paid, found.funds);
        // The treasury pays itself.
        if (found.holder != terms.treasury) {
            if (due.due > found.dueHas) _add(found, Code.DueBalance, due.due, found.dueHas);
            if (due.due > found.dueAllows) _add(found, Code.DueAllowance, due.due, found.dueAllows);
        }
        (bool refused, ITransferRules.Refusal[] memory why, uint256 most) = _stop(found, shares);
        if (refused) {
            _add(found, Code.NotFree, shares, most);
            refusals = why;
        }
        (refused, why, most) = _askGive(found, shares);
        if (refused) {
            _add(found, Code.GiveRefused, shares, most);
            if (refusals.length == 0) refusals = why;
        }
        (refused, why, most) = _askOther(found, due.otherShares);
        if (refused) {
            _add(found, Code.OtherRefused, due.otherShares, most);
            if (refusals.length == 0) refusals = why;
        }
    }

    /// @dev Whether the holder could not give shares to anybody, why, and the most that it could.
    function _stop(
        Case memory found,
        uint256 shares
    ) private view returns (bool refused, ITransferRules.Refusal[] memory refusals, uint256 most) {
        (ITransferRules.Code code, uint256 value, uint256 limit) = FreeSharesLib.stopOf(
            found.terms.token,
            found.holder,
            shares
        );
        if (code == ITransferRules.Code.None) return (false, refusals, shares);
        refusals = new ITransferRules.Refusal[](1);
        refusals[0] = ITransferRules.Refusal(code, value, limit);
        bool counts = code == ITransferRules.Code.AmountFrozen || code == ITransferRules.Code.LockedUp;
        return (true, refusals, counts ? limit : 0);
    }

    /// @dev Whether the acquirer could not receive the shares.
    function _askGive(
        Case memory found,
        uint256 shares
    ) private view returns (bool refused, ITransferRules.Refusal[] memory refusals, uint256 most) {
        IShareExchange.Terms memory terms = found.terms;
        if (terms.burns) return (false, refusals, shares);
        if (found.holder == terms.acquirer) return (true, refusals, 0);
        return RefusalLib.ask(terms.token, found.holder, terms.acquirer, shares);
    }

    /// @dev Whether the holder could not receive other shares.
    function _askOther(
        Case memory found,
        uint256 amount
    ) private view returns (bool refused, ITransferRules.Refusal[] memory refusals, uint256 most) {
        IShareExchange.Terms memory terms = found.terms;
        if (amount == 0) return (false, refusals, 0);
        if (terms.otherFrom != address(0)) return _askHeld(found, amount);
        // Who issues is not judged by more than this.
        bytes memory question = abi.encodeCall(IERC7943Fungible.canReceive, (found.holder));
        (bool answered, uint256 answer) = StaticCallLib.tryAsk(terms.other, question, RefusalLib.questionGas());
        most = type(uint96).max - _supplyOf(terms.other);
        refused = !answered || answer != 1 || amount > most;
        if (!answered || answer != 1) most = 0;
    }

    /// @dev The same for shares that are held of somebody first: within its consent, of what is free, and under the rules.
    function _askHeld(
        Case memory found,
        uint256 amount
    ) private view returns (bool refused, ITransferRules.Refusal[] memory refusals, uint256 most) {
        IShareExchange.Terms memory terms = found.terms;
        IHolds holds = shareExchange.holds();
        IHolds.Consent memory consent = holds.consentOf(address(shareExchange), terms.other, terms.otherFrom);
        if (block.timestamp <= consent.until) most = consent.most - consent.kept;
        most = FixedPointMathLib.min(most, _freeOf(terms.other, terms.otherFrom));
        if (found.holder == terms.otherFrom) most = 0;
        if (amount > most) return (true, refusals, most);
        uint256 limit;
        (refused, refusals, limit) = RefusalLib.ask(terms.other, terms.otherFrom, found.holder, amount);
        most = FixedPointMathLib.min(most, limit);
    }

    function _supplyOf(address token) private view returns (uint256 supply) {
        (, supply) = StaticCallLib.tryAsk(token, abi.encodeCall(IERC20.totalSupply, ()), RefusalLib.questionGas());
        supply = FixedPointMathLib.min(supply, type(uint96).max);
    }

    function _freeOf(address token, address owner) private view returns (uint256) {
        (, uint256 balance) = DeliveryLib.holdingOf(token, owner, RefusalLib.questionGas());
        bytes memory question = abi.encodeCall(IERC7943Fungible.getFrozenTokens, (owner));
        (, uint256 frozen) = StaticCallLib.tryAsk(token, question, RefusalLib.questionGas());
        return FixedPointMathLib.zeroFloorSub(balance, frozen);
    }

    // ------------------------------------------------------------------------ the most

    /// @dev Takes what the holder has, and lowers it to what the tokens let pass until they do.
    function _most(Case memory found) private view returns (uint256) {
        uint256 limit = FixedPointMathLib.min(found.balance, found.day);
        uint256 otherLimit = type(uint256).max;
        for (uint256 round = 0; round < ROUNDS; ++round) {
            uint256 shares = _largest(found, limit, otherLimit);
            if (shares == 0) return 0;
            (bool refused, ITransferRules.Refusal[] memory refusals, uint256 most) = _stop(found, shares);
            if (!refused) (refused, refusals, most) = _askGive(found, shares);
            if (refused) {
                limit = RefusalLib.lowered(shares, most, refusals);
                continue;
            }
            uint256 amount = found.terms.quote(found.price, shares).otherShares;
            (refused, refusals, most) = _askOther(found, amount);
            if (!refused) return shares;
            otherLimit = RefusalLib.lowered(amount, most, refusals);
        }
        return 0;
    }

    /// @dev The most shares whose money is here, whose price the holder can pay, and that bring no more others than can be
    /// had. All of it grows with the number, or stays.
    function _largest(Case memory found, uint256 high, uint256 otherLimit) private pure returns (uint256 low) {
        IShareExchange.Terms memory terms = found.terms;
        uint256 payable_ =
            found.holder == terms.treasury ? type(uint256).max : FixedPointMathLib.min(found.dueHas, found.dueAllows);
        while (low < high) {
            // Halfway, rounded up.
            uint256 middle = (low + high + 1) >> 1;
            IShareExchange.Quote memory due = terms.quote(found.price, middle);
            bool fits = due.paid <= found.funds && due.due <= payable_ && due.otherShares <= otherLimit;
            if (fits) low = middle;
            else high = middle - 1;
        }
    }

    // --------------------------------------------------------------------------- lists

    function _add(Case memory found, Code code, uint256 value, uint256 limit) private pure {
        found.obstacles[found.count++] = Obstacle(code, value, limit);
    }

    /// @dev The list, shortened to what was found.
    function _cut(Case memory found) private pure returns (Obstacle[] memory obstacles) {
        obstacles = found.obstacles;
        uint256 count = found.count;
        assembly ("memory-safe") {
            mstore(obstacles, count)
        }
    }
}
