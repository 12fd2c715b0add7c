// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {IInvestorRegistry} from "../compliance/IInvestorRegistry.sol";
import {Investor} from "../compliance/InvestorLib.sol";
import {ITransferRules} from "../compliance/ITransferRules.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";
import {IERC7943Fungible} from "../token/IERC7943Fungible.sol";
import {IShareToken} from "../token/IShareToken.sol";
import {CallTermsLib} from "./CallTermsLib.sol";
import {ICallAuction} from "./ICallAuction.sol";
import {ICallExplainer} from "./ICallExplainer.sol";
import {IHolds} from "./IHolds.sol";
import {RefusalLib} from "./RefusalLib.sol";

/// @title CallExplainer
/// @notice Finds everything that stands in the way of an order, and the most that would pass. `ICallExplainer` is the
/// specification.
/// @dev Promise: whoever is asked here gets a part of the gas, and what cannot be read counts as no answer, so that nothing
/// that a token or a registry does makes an explanation fail.
///
/// Each check stands here as it stands in `CallAuction.place`, and in `Holds.holdFor` behind it; a test places what is
/// said to pass, and is refused what is not.
contract CallExplainer is ICallExplainer {
    using CallTermsLib for ICallAuction.Terms;

    /// @dev Everything that is known of an order while it is explained.
    /// @param obstacles What was found, in a list with room for more
    /// @param count How many were found
    /// @param person Whose orders are counted
    /// @param price Money for a lot at the limit; 0 if there is no such step or ladder
    /// @param most The largest quantity that passes what has been judged so far
    struct Case {
        Obstacle[] obstacles;
        uint256 count;
        bytes32 id;
        address owner;
        ICallAuction.Side side;
        uint256 quantity;
        uint256 ladder;
        uint256 person;
        uint256 price;
        uint256 most;
    }

    uint256 private constant MAX_OBSTACLES = uint256(type(Code).max) + 1;

    /// @dev How often a quantity is lowered to what a token would let pass. Rules name the most for a person once, and a
    /// second time after that something stands in the way of every quantity.
    uint256 private constant ROUNDS = 4;

    /// @inheritdoc ICallExplainer
    ICallAuction public immutable callAuction;

    constructor(ICallAuction callAuction_) {
        callAuction = callAuction_;
    }

    /// @inheritdoc ICallExplainer
    function explain(
        ICallAuction.Terms calldata terms,
        address owner,
        ICallAuction.Side side,
        uint128 quantity,
        uint8 step,
        uint8 ladder
    ) external view returns (Obstacle[] memory obstacles, ITransferRules.Refusal[] memory refusals, uint256 most) {
        Case memory found;
        found.obstacles = new Obstacle[](MAX_OBSTACLES);
        (found.id, found.owner, found.side) = (terms.idOf(), owner, side);
        (found.quantity, found.ladder, found.most) = (quantity, ladder, type(uint128).max);
        _judgeTime(found, terms);
        _judgePlace(found, terms, step);
        uint256 fixed_ = found.count;
        _judgeSize(found, terms);
        fixed_ += _judgePerson(found, terms);
        if (found.person != 0) _judgeLimit(found, terms);
        if (found.price != 0) {
            if (side == ICallAuction.Side.Ask) {
                _judgeShares(found, terms);
            } else {
                _judgeMoney(found, terms);
                refusals = _judgeDelivery(found, terms);
            }
        }
        // What has nothing to do with the quantity stops every quantity.
        if (fixed_ == 0 && found.most >= _leastOf(terms)) most = found.most;
        obstacles = _cut(found);
    }

    // ---------------------------------------------------------------- the order itself

    /// @dev With the second from which, or until which, orders are taken; with 0 if the call was closed or cancelled.
    function _judgeTime(Case memory found, ICallAuction.Terms calldata terms) private view {
        ICallAuction.Stage stage = callAuction.callOf(found.id).stage;
        if (stage == ICallAuction.Stage.None) revert ICallAuction.CallAuction_UnknownCall(found.id);
        if (stage != ICallAuction.Stage.Open) {
            _add(found, Code.NotOpen, block.timestamp, 0);
        } else if (block.timestamp < terms.opensAt) {
            _add(found, Code.NotOpen, block.timestamp, terms.opensAt);
        } else if (block.timestamp > terms.closesAt) {
            _add(found, Code.NotOpen, block.timestamp, terms.closesAt);
        }
    }

    function _judgePlace(Case memory found, ICallAuction.Terms calldata terms, uint256 step) private pure {
        bool isBid = found.side == ICallAuction.Side.Bid;
        if (terms.kind != ICallAuction.Kind.Auction && (terms.kind == ICallAuction.Kind.Sale) != isBid) {
            _add(found, Code.WrongSide, uint256(found.side), uint256(terms.kind));
        }
        bool hasStep = step < terms.steps;
        if (!hasStep) _add(found, Code.UnknownStep, step, terms.steps);
        uint256 ladder = found.ladder;
        uint256 ladders = terms.ladders[1].currency == address(0) ? 1 : 2;
        if (ladder >= ladders) _add(found, Code.UnknownLadder, ladder, ladders);
        else if (hasStep) found.price = terms.priceAt(ladder, step);
    }

    /// @return added How many obstacles
    function _judgePerson(Case memory found, ICallAuction.Terms calldata terms) private view returns (uint256 added) {
        address owner = found.owner;
        address registry = terms.registry;
        bool isPrincipals = owner == terms.principal;
        if (registry == address(0)) {
            found.person = uint160(owner);
        } else {
            found.person = _personOf(registry, owner);
            if (found.person == 0) {
                _add(found, Code.UnknownPerson, uint160(owner), uint160(registry));
                return 1;
            }
            if (found.person == _personOf(registry, terms.principal)) isPrincipals = true;
        }
        if (!isPrincipals) return 0;
        _add(found, Code.PrincipalsPerson, uint160(owner), found.person);
        return 1;
    }

    function _judgeSize(Case memory found, ICallAuction.Terms calldata terms) private view {
        uint256 least = _leastOf(terms);
        if (found.quantity < least) _add(found, Code.TooSmall, found.quantity, least);
        if (found.price == 0) return;
        uint256 limit = CallTermsLib.MAX_MONEY;
        if (found.side == ICallAuction.Side.Bid) {
            limit -= callAuction.escrowOf(found.id, uint8(found.ladder)).refundable;
        }
        if (!terms.byAmount) {
            if (found.side == ICallAuction.Side.Bid) limit /= found.price;
            limit = FixedPointMathLib.min(limit, CallTermsLib.MAX_LOTS);
            limit = FixedPointMathLib.min(limit, CallTermsLib.MAX_SHARES / terms.lot);
        }
        _limit(found, Code.TooLarge, found.quantity, limit);
        found.most = FixedPointMathLib.min(found.most, limit);
    }

    /// @dev What a person may still order: up to the limit of the call, and to its right at the record.
    function _judgeLimit(Case memory found, ICallAuction.Terms calldata terms) private view {
        uint256 limit = terms.mostPerPerson;
        if (terms.recordId != 0) {
            uint256 shares = callAuction.entitledSharesOf(found.id, found.person);
            // Two factors of 96 and 64 bits.
            uint256 right = (shares * terms.entitledLots) / terms.entitledShares;
            if (limit == 0 || right < limit) limit = right;
        } else if (limit == 0) {
            return;
        }
        uint256 ordered = callAuction.orderedBy(found.id, found.side, found.person);
        _limit(found, Code.OverLimit, ordered + found.quantity, limit);
        found.most = FixedPointMathLib.min(found.most, FixedPointMathLib.zeroFloorSub(limit, ordered));
    }

    // ------------------------------------------------------------------ what a bid gives

    function _judgeMoney(Case memory found, ICallAuction.Terms calldata terms) private view {
        address currency = terms.ladders[found.ladder].currency;
        uint256 has = _ask(currency, abi.encodeCall(IERC20.balanceOf, (found.owner)));
        uint256 allows = _ask(currency, abi.encodeCall(IERC20.allowance, (found.owner, address(callAuction))));
        uint256 price = terms.byAmount ? 1 : found.price;
        _limit(found, Code.Balance, found.quantity * price, has);
        _limit(found, Code.Allowance, found.quantity * price, allows);
        found.most = FixedPointMathLib.min(found.most, FixedPointMathLib.min(has, allows) / price);
    }

    /// @dev Whether the token would let the owner receive what it bids for, and lowers the most until it would.
    function _judgeDelivery(
        Case memory found,
        ICallAuction.Terms calldata terms
    ) private view returns (ITransferRules.Refusal[] memory refusals) {
        uint256 shares = _sharesOf(found, terms, found.quantity);
        if (!_canReceive(terms.token, found.owner, shares)) {
            uint256 room;
            (room, refusals) = _roomFor(terms.token, found.owner, shares);
            _add(found, Code.Undeliverable, shares, room);
        }
        for (uint256 round = 0; round < ROUNDS; ++round) {
            shares = _sharesOf(found, terms, found.most);
            if (_canReceive(terms.token, found.owner, shares)) return refusals;
            (uint256 room, ) = _roomFor(terms.token, found.owner, shares);
            found.most = _quantityOf(found, terms, room);
            // What bids for nothing is no order.
            if (found.most == 0 || shares == 0) break;
        }
        found.most = 0;
    }

    function _sharesOf(
        Case memory found,
        ICallAuction.Terms calldata terms,
        uint256 quantity
    ) private pure returns (uint256) {
        return (terms.byAmount ? quantity / found.price : quantity) * terms.lot;
    }

    /// @dev The largest quantity for which no more than `shares` are delivered.
    function _quantityOf(
        Case memory found,
        ICallAuction.Terms calldata terms,
        uint256 shares
    ) private pure returns (uint256) {
        uint256 lots = shares / terms.lot;
        return terms.byAmount ? (lots + 1) * found.price - 1 : lots;
    }

    /// @dev As `CallAuction` asks before it takes an order.
    function _canReceive(address token, address owner, uint256 shares) private view returns (bool) {
        return _ask(token, abi.encodeCall(IERC7943Fungible.canTransfer, (address(0), owner, shares))) == 1;
    }

    /// @dev Why a token refuses, and how much the owner's person could still get if there is a most for each; else nothing.
    function _roomFor(
        address token,
        address owner,
        uint256 shares
    ) private view returns (uint256 room, ITransferRules.Refusal[] memory refusals) {
        (, refusals, ) = RefusalLib.askWhy(token, abi.encodeCall(IShareToken.explain, (address(0), owner, shares)));
        for (uint256 i = 0; i < refusals.length; ++i) {
            ITransferRules.Refusal memory refusal = refusals[i];
            if (refusal.code != ITransferRules.Code.MaxHolding) continue;
            room = FixedPointMathLib.zeroFloorSub(shares, refusal.value - refusal.limit);
        }
    }

    // ------------------------------------------------------------------ what an ask gives

    /// @dev Shares are held in their owner's wallet where the token has appointed `Holds`, and else in its care.
    function _judgeShares(Case memory found, ICallAuction.Terms calldata terms) private view {
        uint256 shares = found.quantity * terms.lot;
        IHolds holds = callAuction.holds();
        bool isInCustody = _ask(terms.token, abi.encodeCall(IShareToken.holdsContract, ())) != uint160(address(holds));
        uint256 free =
            isInCustody
                ? _ask(terms.token, abi.encodeCall(IERC20.balanceOf, (found.owner)))
                : _freeOf(terms.token, found.owner);
        _limit(found, Code.Balance, shares, free);
        uint256 most = FixedPointMathLib.min(found.most * terms.lot, free);
        if (isInCustody) {
            uint256 allows = _ask(terms.token, abi.encodeCall(IERC20.allowance, (found.owner, address(holds))));
            _limit(found, Code.Allowance, shares, allows);
            most = FixedPointMathLib.min(most, allows);
        }
        uint256 keepable = _keepable(found, terms, holds, isInCustody);
        if (isInCustody) {
            keepable = FixedPointMathLib.min(keepable, _movable(terms.token, found.owner, address(holds), shares));
            most = FixedPointMathLib.min(most, keepable);
            most = _movable(terms.token, found.owner, address(holds), most);
        }
        _limit(found, Code.NotKept, shares, keepable);
        found.most = FixedPointMathLib.min(most, keepable) / terms.lot;
    }

    /// @dev How much more of the owner's shares the auction may hold until `settleBy`.
    function _keepable(
        Case memory found,
        ICallAuction.Terms calldata terms,
        IHolds holds,
        bool isInCustody
    ) private view returns (uint256) {
        IHolds.Consent memory consent = holds.consentOf(address(callAuction), terms.token, found.owner);
        bool isModeChanged = consent.kept != 0 && consent.inCustody != isInCustody;
        uint256 successor = _ask(terms.token, abi.encodeCall(IShareToken.successorOf, (found.owner)));
        bool isLost = successor != 0 && successor != uint160(found.owner);
        if (consent.until < terms.settleBy || isModeChanged || isLost) return 0;
        // Never more kept than consented to.
        return uint256(consent.most) - consent.kept;
    }

    /// @dev Shares that are neither frozen nor held, of a wallet that may send.
    function _freeOf(address token, address owner) private view returns (uint256) {
        if (_ask(token, abi.encodeCall(IERC7943Fungible.canSend, (owner))) == 0) return 0;
        uint256 balance = _ask(token, abi.encodeCall(IERC20.balanceOf, (owner)));
        uint256 frozen = _ask(token, abi.encodeCall(IERC7943Fungible.getFrozenTokens, (owner)));
        return FixedPointMathLib.zeroFloorSub(balance, frozen);
    }

    /// @dev `shares`, or the most below it that a token would let its owner give to `Holds`.
    function _movable(address token, address owner, address holds, uint256 shares) private view returns (uint256) {
        for (uint256 round = 0; round < ROUNDS && shares != 0; ++round) {
            (bool refused, ITransferRules.Refusal[] memory refusals, uint256 most) = RefusalLib.ask(
                token,
                owner,
                holds,
                shares
            );
            if (!refused) return shares;
            shares = RefusalLib.lowered(shares, most, refusals);
        }
        return 0;
    }

    // ---------------------------------------------------------------------------- asking

    function _personOf(address registry, address wallet) private view returns (uint256) {
        return Investor.wrap(_ask(registry, abi.encodeCall(IInvestorRegistry.investorOf, (wallet)))).person();
    }

    function _ask(address callee, bytes memory question) private view returns (uint256 answer) {
        (, answer) = StaticCallLib.tryAsk(callee, question, RefusalLib.questionGas());
    }

    // ----------------------------------------------------------------------------- lists

    /// @dev An order is never of nothing.
    function _leastOf(ICallAuction.Terms calldata terms) private pure returns (uint256) {
        return FixedPointMathLib.max(terms.leastOrder, 1);
    }

    function _limit(Case memory found, Code code, uint256 value, uint256 limit) private pure {
        if (value > limit) _add(found, code, value, limit);
    }

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
