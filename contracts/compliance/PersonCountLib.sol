// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IInvestorRegistry} from "./IInvestorRegistry.sol";
import {IPersonLedger} from "./IPersonLedger.sol";
import {ITransferRules} from "./ITransferRules.sol";
import {Holding, PersonHoldingLib} from "./PersonHoldingLib.sol";
import {Investor} from "./InvestorLib.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";

/// @dev A person's holding of one token; a struct, so that it has a place.
struct Place {
    Holding holding;
}

/// @dev The count of one token's persons.
/// @param keeper The rules contract that keeps the count; zero if none does
/// @param epoch How many counts have been started
/// @param holders Persons with shares
/// @param counting The rules contract for which a count is under way; zero if none is
/// @param counted Shares counted so far
/// @param last The last wallet counted
/// @param bound Whether the token may be counted, and may report losses
/// @param holdings Of each person, by epoch
/// @param groups How many persons hold, by epoch, in each country, class, and both
struct PersonCount {
    address keeper;
    uint32 epoch;
    uint32 holders;
    address counting;
    uint96 counted;
    address last;
    bool bound;
    mapping(uint256 epoch => mapping(uint256 person => Place)) holdings;
    mapping(uint256 epoch => mapping(uint256 group => uint256)) groups;
}

/// @title PersonCountLib
/// @notice How much each person holds of a token over all wallets, and how many persons hold it: in all, in a country,
/// of a class, and of both.
/// @dev Promise: while there is a keeper, a person's holding is the sum of the balances of its wallets, and a person is
/// counted once, in the country and class noted with the holding, while that sum is not zero. Every change goes
/// through `_leave` and `_join`.
///
/// How a count lives. The registry does not see balances change: the token's rules tell it, movement by movement.
/// So a count is right only while the rules that tell have told everything. These rules are the count's *keeper*,
/// and nobody else may write. A keeper is made in two ways. Either agents `count` the wallets that hold, page by page
/// in ascending order, until all shares are counted; meanwhile no movement passes, since the rules find that they are
/// not the keeper yet, and what is counted stays true. Or the keeper, when the token replaces it, *hands over* to the
/// new rules, if these count here too: no movement lies between. Rules that count nothing here end the count, because
/// they will not tell. A count under way starts again when shares may have moved unseen: when the rules change, and
/// when a recovery moves shares between two wallets, of which the page may have passed one. Each start begins an
/// *epoch*: holdings and groups are kept by epoch, so what an earlier count wrote is forgotten without being erased.
library PersonCountLib {
    uint256 private constant QUESTION_GAS = 100_000;

    // ------------------------------------------------------------ beginning and end

    /// @dev Begins a count for `rules`, unless it is under way. The holdings of an earlier count may be out of date:
    /// they are forgotten.
    function begin(PersonCount storage self, address rules) internal {
        if (self.counting == rules) return;
        forget(self);
        self.counting = rules;
    }

    /// @dev Ends a count and forgets it.
    function forget(PersonCount storage self) internal {
        (self.keeper, self.holders) = (address(0), 0);
        (self.counting, self.counted, self.last) = (address(0), 0, address(0));
        ++self.epoch;
    }

    /// @dev Counts one more wallet, of a known person. Zero shares count nobody.
    function add(PersonCount storage self, address wallet, Investor investor, uint256 balance) internal {
        if (wallet <= self.last) revert IInvestorRegistry.InvestorRegistry_NotAscending(self.last, wallet);
        self.last = wallet;
        _join(self, placeOf(self, investor), investor, balance);
        // The token bounds its supply to so many bits.
        self.counted += uint96(balance);
    }

    /// @dev After a page: if all shares are counted, the rules for which they were become the keeper.
    function conclude(PersonCount storage self, address token) internal {
        if (self.counted != IERC20(token).totalSupply()) return;
        (self.keeper, self.counting) = (self.counting, address(0));
        emit IInvestorRegistry.CountKept(token, self.keeper, self.holders);
    }

    /// @dev A count under way could miss shares that move, or count them twice: it starts again.
    function restart(PersonCount storage self) internal {
        if (self.counting != address(0)) self.counting = address(0);
    }

    /// @dev The keeper hands over to `newRules` if they count in this registry, or else ends the count. Nobody else's
    /// word has an effect.
    function handOver(PersonCount storage self, address token, address newRules) internal {
        // A count that is not finished cannot be handed on: movements that it would miss may follow.
        if (self.counting == msg.sender) self.counting = address(0);
        if (self.keeper != msg.sender) return;
        // Under rules that count nobody here, holdings would be out of date before anyone noticed.
        self.keeper = countsHere(newRules) ? newRules : address(0);
        emit IInvestorRegistry.CountKept(token, self.keeper, self.holders);
    }

    /// @dev Whether rules say that they keep the count in this registry. Rules that fail say nothing.
    function countsHere(address rules) internal view returns (bool) {
        // No answer is zero.
        // slither-disable-next-line unused-return
        (, uint256 answer) = StaticCallLib.tryAsk(rules, abi.encodeCall(ITransferRules.countsIn, ()), QUESTION_GAS);
        return answer == uint160(address(this));
    }

    // -------------------------------------------------------------------- movements

    /// @dev Books a movement of `token`; zero stands for issuing and burning. The keeper only.
    /// @param investors What is known of each wallet
    function move(
        PersonCount storage self,
        mapping(address wallet => Investor) storage investors,
        address token,
        address from,
        address to,
        uint256 amount
    ) internal returns (Investor taker, uint256 giverHolding, uint256 takerHolding, bool newHolder) {
        // Only a rules contract that the token named can have become the keeper.
        if (self.keeper != msg.sender) _refuseMovement(self, token);
        mapping(uint256 person => Place) storage holdings = self.holdings[self.epoch];
        Investor giver = investors[from];
        taker = investors[to];
        if (from != address(0)) giverHolding = _leave(self, holdings[giver.person()], token, from, amount);
        if (to != address(0)) (takerHolding, newHolder) = _join(self, holdings[taker.person()], taker, amount);
        // Shares that move between two wallets of one person come back in `_join`.
        if (giver.person() == taker.person()) (giverHolding, newHolder) = (takerHolding, false);
    }

    /// @dev Books that the shares of `wallet` are another person's, or those of one in another country or class.
    function reassign(
        PersonCount storage self,
        address token,
        address wallet,
        Investor before,
        Investor investor
    ) internal {
        uint256 balance = countedShares(self, token, wallet);
        if (balance == 0) return;
        _leave(self, placeOf(self, before), token, wallet, balance);
        _join(self, placeOf(self, investor), investor, balance);
    }

    /// @dev Shares of a wallet that are in the count of its person.
    function countedShares(PersonCount storage self, address token, address wallet) internal view returns (uint256) {
        // While a count is under way, wallets that it has not reached are not in it yet.
        bool counted = self.keeper != address(0) || (self.counting != address(0) && wallet <= self.last);
        return counted ? IERC20(token).balanceOf(wallet) : 0;
    }

    /// @dev What a movement would lead to, if `giver` and `taker` are known of the two wallets.
    function preview(
        PersonCount storage self,
        Investor giver,
        Investor taker,
        uint256 amount
    ) internal view returns (IPersonLedger.Outcome memory outcome) {
        (outcome.giver, outcome.taker) = (giver, taker);
        Holding given = placeOf(self, giver).holding;
        Holding taken = placeOf(self, taker).holding;
        if (giver.person() == taker.person()) {
            (outcome.giverHolding, outcome.takerHolding) = (given.shares(), taken.shares());
            return outcome;
        }
        outcome.giverHolding = given.shares() > amount ? given.shares() - amount : 0;
        // More than anybody can hold is as good as any larger amount, and does not overflow.
        outcome.takerHolding = taken.shares() + (amount > type(uint128).max ? type(uint128).max : amount);
        outcome.newHolder = taken.shares() == 0 && amount != 0;
        if (outcome.newHolder) _previewSizes(self, outcome, given);
    }

    /// @dev The groups that a new holder joins, less whom it takes the place of.
    function _previewSizes(PersonCount storage self, IPersonLedger.Outcome memory outcome, Holding given) private view {
        (uint256 country, uint256 class) = (outcome.taker.country(), outcome.taker.class());
        bool leaves = given.shares() != 0 && outcome.giverHolding == 0;
        bool fromCountry = leaves && given.group() & type(uint16).max == country;
        bool fromClass = leaves && given.group() >> 16 == class;
        (outcome.holders, outcome.holdersInCountry, outcome.holdersOfClass, outcome.holdersOfClassInCountry) = sizes(
            self,
            country,
            class
        );
        if (!leaves) ++outcome.holders;
        if (!fromCountry) ++outcome.holdersInCountry;
        if (!fromClass) ++outcome.holdersOfClass;
        if (!fromCountry || !fromClass) ++outcome.holdersOfClassInCountry;
    }

    // ----------------------------------------------------------------------- groups

    /// @dev How many persons hold: all, those of a country, of a class, and of both.
    function sizes(
        PersonCount storage self,
        uint256 country,
        uint256 class
    ) internal view returns (uint256 holders, uint256 inCountry, uint256 ofClass, uint256 ofClassInCountry) {
        mapping(uint256 group => uint256) storage all = self.groups[self.epoch];
        holders = self.holders;
        inCountry = all[_inCountry(country)];
        ofClass = all[_ofClass(class)];
        ofClassInCountry = all[_ofClassIn(class, country)];
    }

    /// @dev Where the holding of a person is kept.
    function placeOf(PersonCount storage self, Investor investor) internal view returns (Place storage) {
        return self.holdings[self.epoch][investor.person()];
    }

    /// @dev An amount over the person's holding is over the wallet's balance: the token would say so later.
    function _leave(
        PersonCount storage self,
        Place storage place,
        address token,
        address wallet,
        uint256 amount
    ) private returns (uint256 left) {
        Holding holding = place.holding;
        left = holding.shares();
        if (amount > left) {
            revert IERC20Errors.ERC20InsufficientBalance(wallet, IERC20(token).balanceOf(wallet), amount);
        }
        if (amount == 0) return left;
        unchecked {
            // `amount <= left` was just checked.
            left -= amount;
        }
        place.holding = PersonHoldingLib.pack(left, holding.group());
        if (left == 0) {
            --self.holders;
            _resize(self, holding.group(), false);
        }
    }

    function _join(
        PersonCount storage self,
        Place storage place,
        Investor investor,
        uint256 amount
    ) private returns (uint256 total, bool entered) {
        Holding holding = place.holding;
        total = holding.shares() + amount;
        if (amount == 0) return (total, false);
        entered = total == amount;
        place.holding = PersonHoldingLib.pack(total, investor.group());
        // A person is counted under what was last noted for any of its wallets that took shares.
        if (entered || holding.group() != investor.group()) {
            if (entered) ++self.holders;
            else _resize(self, holding.group(), false);
            _resize(self, investor.group(), true);
        }
    }

    /// @dev Adds one person to, or takes one from, the groups of a country and a class.
    function _resize(PersonCount storage self, uint256 countryAndClass, bool grow) private {
        (uint256 country, uint256 class) = (countryAndClass & type(uint16).max, countryAndClass >> 16);
        mapping(uint256 group => uint256) storage all = self.groups[self.epoch];
        uint256[3] memory groups = [_inCountry(country), _ofClass(class), _ofClassIn(class, country)];
        for (uint256 i = 0; i < 3; ++i) {
            if (grow) ++all[groups[i]];
            else --all[groups[i]];
        }
    }

    function _refuseMovement(PersonCount storage self, address token) private view {
        if (!self.bound) revert IInvestorRegistry.InvestorRegistry_NotBound(token);
        revert IInvestorRegistry.InvestorRegistry_NotCounted(token, msg.sender);
    }

    function _inCountry(uint256 country) private pure returns (uint256) {
        return (1 << 32) | country;
    }

    function _ofClass(uint256 class) private pure returns (uint256) {
        return (2 << 32) | (class << 16);
    }

    function _ofClassIn(uint256 class, uint256 country) private pure returns (uint256) {
        return (3 << 32) | (class << 16) | country;
    }
}
