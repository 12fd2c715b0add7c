// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IIdentityRegistry} from "./IIdentityRegistry.sol";
import {IInvestorRegistry} from "./IInvestorRegistry.sol";
import {IPersonLedger} from "./IPersonLedger.sol";
import {IShareToken} from "../token/IShareToken.sol";
import {ITransferRules} from "./ITransferRules.sol";
import {Holding, PersonHoldingLib} from "./PersonHoldingLib.sol";
import {Investor, InvestorLib} from "./InvestorLib.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";

/// @title InvestorRegistry
/// @notice Who may hold the shares of an issuer. `IInvestorRegistry` is the specification.
/// @dev Promise: where persons are counted, a person's holding is the sum of the balances of its wallets, and a
/// person is counted once, in the country noted with the holding, while that sum is not zero. Every way in which
/// a wallet's balance or its person can change goes through `_leave` and `_join`.
contract InvestorRegistry is IInvestorRegistry, IPersonLedger, IIdentityRegistry, IERC165, Ownable2Step {
    // ------------------------------------------------------------------ constants

    uint256 private constant MAX_TOKENS = 32;

    /// @dev ISO 3166-1 numeric codes have three digits; rules keep a bit for each.
    uint256 private constant MAX_COUNTRY = 999;

    uint256 private constant QUESTION_GAS = 100_000;

    /// @dev Persons registered through ERC-3643's functions, which know none, are numbered from here.
    uint48 private constant FIRST_UNNUMBERED = 1 << 47;

    // -------------------------------------------------------------------- storage

    /// @dev A person's holding of one token; a struct, so that it has a place.
    struct Place {
        Holding holding;
    }

    /// @dev The persons of one token. A new count starts a new epoch, which forgets the old one.
    /// @param keeper The rules contract that keeps the count; zero if none does
    /// @param epoch How many counts have been started
    /// @param holders Persons with shares
    /// @param counting The rules contract for which a count is under way
    /// @param counted Shares counted so far
    /// @param last The last wallet counted
    struct Persons {
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

    /// @inheritdoc IInvestorRegistry
    mapping(address account => bool) public isAgent;

    /// @inheritdoc IInvestorRegistry
    mapping(address wallet => Investor) public investorOf;

    /// @inheritdoc IIdentityRegistry
    mapping(address wallet => address) public identity;

    /// @inheritdoc IInvestorRegistry
    mapping(address wallet => address) public successorOf;

    mapping(address token => Persons) private _persons;
    address[] private _tokens;
    uint48 private _unnumbered;

    // ---------------------------------------------------------------- construction

    constructor(address owner) Ownable(owner) {
        _setAgent(owner, true);
    }

    modifier onlyAgent() {
        if (!isAgent[msg.sender]) revert InvestorRegistry_NotAgent(msg.sender);
        _;
    }

    // ------------------------------------------------------------------ registering

    /// @inheritdoc IInvestorRegistry
    function register(address[] calldata wallets, Investor[] calldata investors) external onlyAgent {
        _requireSameLength(wallets.length, investors.length);
        for (uint256 i = 0; i < wallets.length; ++i) {
            _register(wallets[i], investors[i], address(0));
        }
    }

    /// @inheritdoc IIdentityRegistry
    function registerIdentity(address wallet, address identity_, uint16 country) external onlyAgent {
        _registerIdentity(wallet, identity_, country);
    }

    /// @inheritdoc IIdentityRegistry
    function batchRegisterIdentity(
        address[] calldata wallets,
        address[] calldata identities,
        uint16[] calldata countries
    ) external onlyAgent {
        _requireSameLength(wallets.length, identities.length);
        _requireSameLength(wallets.length, countries.length);
        for (uint256 i = 0; i < wallets.length; ++i) {
            _registerIdentity(wallets[i], identities[i], countries[i]);
        }
    }

    /// @inheritdoc IIdentityRegistry
    function deleteIdentity(address wallet) external onlyAgent {
        _requireKnown(wallet);
        if (investorOf[wallet].isLost()) revert InvestorRegistry_LostWallet(wallet, successorOf[wallet]);
        for (uint256 i = 0; i < _tokens.length; ++i) {
            uint256 balance = _countedShares(_tokens[i], wallet);
            if (balance != 0) {
                revert InvestorRegistry_HoldsShares(wallet, _tokens[i], balance);
            }
        }
        emit IdentityRemoved(wallet, identity[wallet]);
        emit InvestorRegistered(wallet, Investor.wrap(0));
        investorOf[wallet] = Investor.wrap(0);
        delete identity[wallet];
    }

    /// @inheritdoc IIdentityRegistry
    function updateCountry(address wallet, uint16 country) external onlyAgent {
        _requireKnown(wallet);
        _register(wallet, investorOf[wallet].withCountry(country), address(0));
        emit CountryUpdated(wallet, country);
    }

    /// @inheritdoc IIdentityRegistry
    function updateIdentity(address wallet, address identity_) external onlyAgent {
        _requireKnown(wallet);
        emit IdentityUpdated(identity[wallet], identity_);
        identity[wallet] = identity_;
    }

    function _registerIdentity(address wallet, address identity_, uint16 country) private {
        Investor known = investorOf[wallet];
        if (known.person() != 0) revert InvestorRegistry_KnownWallet(wallet, known.person());
        if (identity_ != address(0)) identity[wallet] = identity_;
        uint48 person = FIRST_UNNUMBERED + _unnumbered++;
        _register(wallet, InvestorLib.pack(person, country, 0, type(uint48).max), identity_);
    }

    /// @dev `identity_` is what the event names when the wallet is new.
    function _register(address wallet, Investor investor, address identity_) private {
        Investor before = investorOf[wallet];
        if (before.isLost()) revert InvestorRegistry_LostWallet(wallet, successorOf[wallet]);
        bool sound = wallet != address(0) && investor.person() != 0 && investor.country() <= MAX_COUNTRY;
        if (!sound || Investor.unwrap(investor) > InvestorLib.MAX) {
            revert InvestorRegistry_Malformed(wallet, Investor.unwrap(investor));
        }
        investorOf[wallet] = investor;
        if (before.person() != 0) _recount(wallet, before, investor);
        if (before.person() == 0) emit IdentityRegistered(wallet, identity_);
        emit InvestorRegistered(wallet, investor);
    }

    /// @dev Moves the shares of a wallet to another person, country or class in every counted token.
    function _recount(address wallet, Investor before, Investor investor) private {
        bool same = before.person() == investor.person() && before.country() == investor.country();
        if (same && before.class() == investor.class()) return;
        for (uint256 i = 0; i < _tokens.length; ++i) {
            uint256 balance = _countedShares(_tokens[i], wallet);
            if (balance == 0) continue;
            Persons storage persons = _persons[_tokens[i]];
            _leave(persons, _placeOf(persons, before), _tokens[i], wallet, balance);
            _join(persons, _placeOf(persons, investor), investor, balance);
        }
    }

    /// @dev Shares of a wallet that are in the count of its person.
    function _countedShares(address token, address wallet) private view returns (uint256) {
        Persons storage persons = _persons[token];
        // While a count is under way, wallets that it has not reached are not in it yet.
        bool counted = persons.keeper != address(0) || (persons.counting != address(0) && wallet <= persons.last);
        return counted ? IERC20(token).balanceOf(wallet) : 0;
    }

    // ---------------------------------------------------------------------- reading

    /// @inheritdoc IInvestorRegistry
    function investorsOf(address first, address second) external view returns (Investor, Investor) {
        return (investorOf[first], investorOf[second]);
    }

    /// @inheritdoc IIdentityRegistry
    function contains(address wallet) external view returns (bool) {
        return investorOf[wallet].person() != 0;
    }

    /// @inheritdoc IIdentityRegistry
    function isVerified(address wallet) external view returns (bool) {
        return investorOf[wallet].eligible();
    }

    /// @inheritdoc IIdentityRegistry
    function investorCountry(address wallet) external view returns (uint16) {
        return uint16(investorOf[wallet].country());
    }

    // ------------------------------------------------------------- counting persons

    /// @inheritdoc IInvestorRegistry
    function bindToken(address token) external onlyOwner {
        if (_persons[token].bound) return;
        if (_tokens.length == MAX_TOKENS) revert InvestorRegistry_TooManyTokens(MAX_TOKENS);
        _persons[token].bound = true;
        _tokens.push(token);
        emit TokenBound(token);
    }

    /// @inheritdoc IInvestorRegistry
    function tokens() external view returns (address[] memory) {
        return _tokens;
    }

    /// @inheritdoc IInvestorRegistry
    function holdingOf(address token, uint256 person) external view returns (uint256) {
        Persons storage persons = _persons[token];
        return persons.holdings[persons.epoch][person].holding.shares();
    }

    /// @inheritdoc IInvestorRegistry
    function holderCount(address token) external view returns (uint256) {
        return _persons[token].holders;
    }

    /// @inheritdoc IInvestorRegistry
    function holderCountIn(address token, uint256 country) external view returns (uint256) {
        return _sizeOf(_persons[token], _inCountry(country));
    }

    /// @inheritdoc IInvestorRegistry
    function holderCountOf(address token, uint256 class) external view returns (uint256) {
        return _sizeOf(_persons[token], _ofClass(class));
    }

    /// @inheritdoc IInvestorRegistry
    function holderCountOfIn(address token, uint256 class, uint256 country) external view returns (uint256) {
        return _sizeOf(_persons[token], _ofClassIn(class, country));
    }

    /// @inheritdoc IInvestorRegistry
    function countKeeper(address token) external view returns (address) {
        return _persons[token].keeper;
    }

    /// @inheritdoc IInvestorRegistry
    function count(address token, address[] calldata wallets) external onlyAgent {
        Persons storage persons = _persons[token];
        if (!persons.bound) revert InvestorRegistry_NotBound(token);
        address rules = IShareToken(token).compliance();
        if (persons.keeper == rules) return;
        if (!_counts(rules)) revert InvestorRegistry_NotCounting(token, rules);
        if (persons.counting != rules) {
            // The holdings of an earlier count may be out of date: they are forgotten.
            (persons.counting, persons.counted, persons.last) = (rules, 0, address(0));
            (persons.keeper, persons.holders) = (address(0), 0);
            ++persons.epoch;
        }

        for (uint256 i = 0; i < wallets.length; ++i) {
            address wallet = wallets[i];
            if (wallet <= persons.last) revert InvestorRegistry_NotAscending(persons.last, wallet);
            persons.last = wallet;
            uint256 balance = IERC20(token).balanceOf(wallet);
            if (balance == 0) continue;
            _requireKnown(wallet);
            _join(persons, _placeOf(persons, investorOf[wallet]), investorOf[wallet], balance);
            persons.counted += uint96(balance);
        }
        if (persons.counted == IERC20(token).totalSupply()) {
            (persons.keeper, persons.counting) = (rules, address(0));
            emit CountKept(token, rules, persons.holders);
        }
    }

    /// @inheritdoc IPersonLedger
    function move(
        address token,
        address from,
        address to,
        uint256 amount
    ) external returns (Investor taker, uint256 giverHolding, uint256 takerHolding, bool newHolder) {
        Persons storage persons = _persons[token];
        // Only a rules contract that the token named can have become the keeper.
        if (persons.keeper != msg.sender) revert InvestorRegistry_NotCounted(token, msg.sender);
        mapping(uint256 person => Place) storage holdings = persons.holdings[persons.epoch];
        Investor giver = investorOf[from];
        taker = investorOf[to];
        if (from != address(0)) giverHolding = _leave(persons, holdings[giver.person()], token, from, amount);
        if (to != address(0)) (takerHolding, newHolder) = _join(persons, holdings[taker.person()], taker, amount);
        // Shares that move between two wallets of one person come back in `_join`.
        if (giver.person() == taker.person()) (giverHolding, newHolder) = (takerHolding, false);
    }

    /// @inheritdoc IPersonLedger
    function sizes(
        address token,
        uint256 country,
        uint256 class
    ) public view returns (uint256 holders, uint256 inCountry, uint256 ofClass, uint256 ofClassInCountry) {
        Persons storage persons = _persons[token];
        holders = persons.holders;
        inCountry = _sizeOf(persons, _inCountry(country));
        ofClass = _sizeOf(persons, _ofClass(class));
        ofClassInCountry = _sizeOf(persons, _ofClassIn(class, country));
    }

    /// @inheritdoc IPersonLedger
    function preview(
        address token,
        address from,
        address to,
        uint256 amount
    ) external view returns (Outcome memory outcome) {
        Persons storage persons = _persons[token];
        (outcome.giver, outcome.taker) = (investorOf[from], investorOf[to]);
        Holding giver = _placeOf(persons, outcome.giver).holding;
        Holding taker = _placeOf(persons, outcome.taker).holding;
        if (outcome.giver.person() == outcome.taker.person()) {
            (outcome.giverHolding, outcome.takerHolding) = (giver.shares(), taker.shares());
            return outcome;
        }
        outcome.giverHolding = giver.shares() > amount ? giver.shares() - amount : 0;
        // More than anybody can hold is as good as any larger amount, and does not overflow.
        outcome.takerHolding = taker.shares() + (amount > type(uint128).max ? type(uint128).max : amount);
        outcome.newHolder = taker.shares() == 0 && amount != 0;
        if (!outcome.newHolder) return outcome;

        bool leaves = giver.shares() != 0 && outcome.giverHolding == 0;
        bool fromCountry = leaves && giver.group() & type(uint16).max == outcome.taker.country();
        bool fromClass = leaves && giver.group() >> 16 == outcome.taker.class();
        (outcome.holders, outcome.holdersInCountry, outcome.holdersOfClass, outcome.holdersOfClassInCountry) = sizes(
            token,
            outcome.taker.country(),
            outcome.taker.class()
        );
        if (!leaves) ++outcome.holders;
        if (!fromCountry) ++outcome.holdersInCountry;
        if (!fromClass) ++outcome.holdersOfClass;
        if (!fromCountry || !fromClass) ++outcome.holdersOfClassInCountry;
    }

    /// @inheritdoc IPersonLedger
    function recover(address token, address lost, address successor) external {
        Persons storage persons = _persons[token];
        bool speaks = msg.sender == token || (persons.bound && msg.sender == IShareToken(token).compliance());
        if (!persons.bound || !speaks) revert InvestorRegistry_NotRules(msg.sender, token);
        // A count under way could miss the shares that move, or count them twice: it starts again.
        if (persons.counting != address(0)) persons.counting = address(0);
        Investor investor = investorOf[lost];
        Investor present = investorOf[successor];
        if (present.isLost()) revert InvestorRegistry_LostWallet(successor, successorOf[successor]);
        if (present.person() != 0 && present.person() != investor.person()) {
            revert InvestorRegistry_OtherPerson(successor, present.person(), investor.person());
        }
        // Another asset of the same issuer may have reported the loss before, naming another successor.
        if (investor.isLost()) {
            address successor_ = successorOf[lost];
            while (investorOf[successor_].isLost()) successor_ = successorOf[successor_];
            investor = investorOf[successor_];
        } else {
            successorOf[lost] = successor;
            investorOf[lost] = investor.asLost();
            emit WalletRecovered(lost, successor, investor.person());
            emit InvestorRegistered(lost, investor.asLost());
        }
        if (present.person() == 0 && investor.person() != 0) {
            identity[successor] = identity[lost];
            _register(successor, investor, identity[lost]);
        }
    }

    /// @inheritdoc IPersonLedger
    function handOver(address token, address newRules) external {
        Persons storage persons = _persons[token];
        // A count that is not finished cannot be handed on: movements that it would miss may follow.
        if (persons.counting == msg.sender) persons.counting = address(0);
        if (persons.keeper != msg.sender) return;
        // Under rules that count nobody here, holdings would be out of date before anyone noticed.
        persons.keeper = _counts(newRules) ? newRules : address(0);
        emit CountKept(token, persons.keeper, persons.holders);
    }

    /// @dev Whether rules say that they keep the count in this registry. Rules that fail say nothing.
    function _counts(address rules) private view returns (bool) {
        // No answer is zero.
        // slither-disable-next-line unused-return
        (, uint256 answer) = StaticCallLib.tryAsk(rules, abi.encodeCall(ITransferRules.countsIn, ()), QUESTION_GAS);
        return answer == uint160(address(this));
    }

    function _placeOf(Persons storage persons, Investor investor) private view returns (Place storage) {
        return persons.holdings[persons.epoch][investor.person()];
    }

    /// @dev An amount over the person's holding is over the wallet's balance: the token would say so later.
    function _leave(
        Persons storage persons,
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
            --persons.holders;
            _resize(persons, holding.group(), false);
        }
    }

    function _join(
        Persons storage persons,
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
            if (entered) ++persons.holders;
            else _resize(persons, holding.group(), false);
            _resize(persons, investor.group(), true);
        }
    }

    /// @dev Adds one person to, or takes one from, the groups of a country and a class.
    function _resize(Persons storage persons, uint256 countryAndClass, bool grow) private {
        (uint256 country, uint256 class) = (countryAndClass & type(uint16).max, countryAndClass >> 16);
        mapping(uint256 group => uint256) storage all = persons.groups[persons.epoch];
        uint256[3] memory groups = [_inCountry(country), _ofClass(class), _ofClassIn(class, country)];
        for (uint256 i = 0; i < 3; ++i) {
            if (grow) ++all[groups[i]];
            else --all[groups[i]];
        }
    }

    function _sizeOf(Persons storage persons, uint256 group) private view returns (uint256) {
        return persons.groups[persons.epoch][group];
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

    // ------------------------------------------------------------------------ roles

    /// @inheritdoc IInvestorRegistry
    function addAgent(address agent) external onlyOwner {
        _setAgent(agent, true);
    }

    /// @inheritdoc IInvestorRegistry
    function removeAgent(address agent) external onlyOwner {
        _setAgent(agent, false);
    }

    /// @dev Kept from `Ownable` only to refuse it.
    function renounceOwnership() public view override onlyOwner {
        revert InvestorRegistry_OwnerRequired();
    }

    function _setAgent(address agent, bool on) private {
        if (isAgent[agent] == on) return;
        isAgent[agent] = on;
        if (on) emit AgentAdded(agent);
        else emit AgentRemoved(agent);
    }

    function _requireKnown(address wallet) private view {
        if (investorOf[wallet].person() == 0) revert InvestorRegistry_UnknownWallet(wallet);
    }

    function _requireSameLength(uint256 wallets, uint256 values) private pure {
        if (wallets != values) revert InvestorRegistry_LengthMismatch(wallets, values);
    }

    // ---------------------------------------------------------------- ERC-3643 parts

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == type(IPersonLedger).interfaceId;
    }

    /// @inheritdoc IIdentityRegistry
    function identityStorage() external view returns (address) {
        return address(this);
    }

    /// @inheritdoc IIdentityRegistry
    function issuersRegistry() external pure returns (address) {
        return address(0);
    }

    /// @inheritdoc IIdentityRegistry
    function topicsRegistry() external pure returns (address) {
        return address(0);
    }

    /// @inheritdoc IIdentityRegistry
    function setIdentityRegistryStorage(address) external pure {
        revert InvestorRegistry_NoClaims();
    }

    /// @inheritdoc IIdentityRegistry
    function setClaimTopicsRegistry(address) external pure {
        revert InvestorRegistry_NoClaims();
    }

    /// @inheritdoc IIdentityRegistry
    function setTrustedIssuersRegistry(address) external pure {
        revert InvestorRegistry_NoClaims();
    }
}
