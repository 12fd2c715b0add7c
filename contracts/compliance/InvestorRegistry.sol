// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IIdentityRegistry} from "./IIdentityRegistry.sol";
import {IInvestorRegistry} from "./IInvestorRegistry.sol";
import {IPersonLedger} from "./IPersonLedger.sol";
import {IShareToken} from "../token/IShareToken.sol";
import {Investor, InvestorLib} from "./InvestorLib.sol";
import {PersonCount, PersonCountLib} from "./PersonCountLib.sol";

/// @title InvestorRegistry
/// @notice Who may hold the shares of an issuer. `IInvestorRegistry` is the specification.
/// @dev Promise: only agents change what is known of a wallet, and only the owner says who is an agent and which tokens
/// are bound. What an asset reports of its own, movements and losses, changes the count of that asset and nothing else.
/// A wallet that was lost is nobody who may act here.
///
/// This contract keeps roles, registrations and losses. How persons are counted is told in `PersonCountLib`: every way
/// in which a wallet's balance or its person can change goes through it.
contract InvestorRegistry is IInvestorRegistry, IPersonLedger, IIdentityRegistry, IERC165, Ownable2Step {
    using PersonCountLib for PersonCount;

    // ------------------------------------------------------------------ constants

    uint256 private constant MAX_TOKENS = 32;

    /// @dev ISO 3166-1 numeric codes have three digits; rules keep a bit for each.
    uint256 private constant MAX_COUNTRY = 999;

    /// @dev Persons registered through ERC-3643's functions, which know none, are numbered from here.
    uint48 private constant FIRST_UNNUMBERED = 1 << 47;

    // -------------------------------------------------------------------- storage

    /// @inheritdoc IInvestorRegistry
    mapping(address account => bool) public isAgent;

    /// @inheritdoc IInvestorRegistry
    mapping(address wallet => Investor) public investorOf;

    /// @inheritdoc IIdentityRegistry
    mapping(address wallet => address) public identity;

    /// @inheritdoc IInvestorRegistry
    mapping(address wallet => address) public successorOf;

    mapping(address token => PersonCount) private _counts;
    address[] private _tokens;
    uint48 private _unnumbered;

    // ---------------------------------------------------------------- construction

    /// @param owner Who appoints agents and binds tokens; no agent by that alone
    /// @param agents Who may keep the register from the start
    constructor(address owner, address[] memory agents) Ownable(owner) {
        for (uint256 i = 0; i < agents.length; ++i) {
            _setAgent(agents[i], true);
        }
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
        _requireNotLost(wallet);
        for (uint256 i = 0; i < _tokens.length; ++i) {
            uint256 balance = _counts[_tokens[i]].countedShares(_tokens[i], wallet);
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
        _requireNotLost(wallet);
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
        bool sound = wallet != address(0) && investor.person() != 0 && investor.country() <= MAX_COUNTRY;
        if (!sound || Investor.unwrap(investor) > InvestorLib.MAX) {
            revert InvestorRegistry_Malformed(wallet, Investor.unwrap(investor));
        }
        if (before.isLost()) {
            // It stays lost: its shares may follow their person to another number, and to nobody else.
            _requirePerson(wallet, investor.person(), _presentPerson(wallet));
            investor = investor.asLost();
        }
        investorOf[wallet] = investor;
        if (before.person() != 0) _recount(wallet, before, investor);
        if (before.person() == 0) emit IdentityRegistered(wallet, identity_);
        emit InvestorRegistered(wallet, investor);
    }

    /// @dev Moves the shares of a wallet to another person, country or class in every counted token.
    function _recount(address wallet, Investor before, Investor investor) private {
        if (before.person() == investor.person() && before.group() == investor.group()) return;
        for (uint256 i = 0; i < _tokens.length; ++i) {
            _counts[_tokens[i]].reassign(_tokens[i], wallet, before, investor);
        }
    }

    // ----------------------------------------------------------------------- losses

    /// @inheritdoc IPersonLedger
    function recover(address token, address lost, address successor) external {
        PersonCount storage persons = _counts[token];
        if (!persons.bound) revert InvestorRegistry_NotBound(token);
        if (msg.sender != token && msg.sender != IShareToken(token).compliance()) {
            revert InvestorRegistry_NotRules(msg.sender, token);
        }
        _requireSuccessor(lost, successor, _presentPerson(lost));
        Investor investor = investorOf[successor];
        persons.restart();
        // The shares of a person move: no count changes. Only a lost wallet can still be of the number that its person
        // had before, and then its shares come to the present one.
        bool renumbered = investorOf[lost].person() != investor.person();
        if (renumbered && persons.keeper == msg.sender) persons.reassign(token, lost, investorOf[lost], investor);
        emit LossReported(token, lost, successor, investor.person());
    }

    /// @inheritdoc IInvestorRegistry
    function confirmLoss(address lost, address successor) external onlyAgent {
        Investor investor = investorOf[lost];
        _requireNotLost(lost);
        _requireSuccessor(lost, successor, investor.person());
        if (lost == owner() || lost == pendingOwner()) revert InvestorRegistry_OwnersWallet(lost);
        successorOf[lost] = successor;
        investorOf[lost] = investor.asLost();
        _setAgent(lost, false);
        emit WalletRecovered(lost, successor, investor.person());
        emit InvestorRegistered(lost, investor.asLost());
    }

    /// @inheritdoc IInvestorRegistry
    function undoLoss(address lost) external onlyAgent {
        Investor investor = investorOf[lost];
        if (!investor.isLost()) revert InvestorRegistry_NotLost(lost);
        emit LossUndone(lost, successorOf[lost], investor.person());
        delete successorOf[lost];
        investorOf[lost] = investor.asFound();
        emit InvestorRegistered(lost, investor.asFound());
    }

    /// @dev Before `successor` takes the place of `lost`, whose person is `person` today.
    function _requireSuccessor(address lost, address successor, uint256 person) private view {
        if (lost == successor) revert InvestorRegistry_OwnSuccessor(lost);
        _requireKnown(lost);
        _requireKnown(successor);
        _requireNotLost(successor);
        _requirePerson(successor, investorOf[successor].person(), person);
    }

    /// @dev The number of the person behind a wallet today: a lost wallet's is that of who took its place. This ends,
    /// since a wallet that is lost can take no place, and one that took a place becomes lost only by naming another.
    function _presentPerson(address wallet) private view returns (uint256) {
        while (investorOf[wallet].isLost()) wallet = successorOf[wallet];
        return investorOf[wallet].person();
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
        if (_counts[token].bound) return;
        if (_tokens.length == MAX_TOKENS) revert InvestorRegistry_TooManyTokens(MAX_TOKENS);
        _counts[token].bound = true;
        _tokens.push(token);
        emit TokenBound(token);
    }

    /// @inheritdoc IInvestorRegistry
    function unbindToken(address token) external onlyOwner {
        PersonCount storage persons = _counts[token];
        if (!persons.bound) return;
        persons.bound = false;
        persons.forget();
        uint256 index = 0;
        while (_tokens[index] != token) ++index;
        _tokens[index] = _tokens[_tokens.length - 1];
        _tokens.pop();
        emit TokenUnbound(token);
    }

    /// @inheritdoc IInvestorRegistry
    function tokens() external view returns (address[] memory) {
        return _tokens;
    }

    /// @inheritdoc IInvestorRegistry
    function holdingOf(address token, uint256 person) external view returns (uint256) {
        PersonCount storage persons = _counts[token];
        return persons.holdings[persons.epoch][person].holding.shares();
    }

    /// @inheritdoc IInvestorRegistry
    function holderCount(address token) external view returns (uint256) {
        return _counts[token].holders;
    }

    /// @inheritdoc IInvestorRegistry
    function holderCountIn(address token, uint256 country) external view returns (uint256 holders) {
        (, holders, , ) = _counts[token].sizes(country, 0);
    }

    /// @inheritdoc IInvestorRegistry
    function holderCountOf(address token, uint256 class) external view returns (uint256 holders) {
        (, , holders, ) = _counts[token].sizes(0, class);
    }

    /// @inheritdoc IInvestorRegistry
    function holderCountOfIn(address token, uint256 class, uint256 country) external view returns (uint256 holders) {
        (, , , holders) = _counts[token].sizes(country, class);
    }

    /// @inheritdoc IInvestorRegistry
    function countKeeper(address token) external view returns (address) {
        return _counts[token].keeper;
    }

    /// @inheritdoc IInvestorRegistry
    function count(address token, address[] calldata wallets) external onlyAgent {
        PersonCount storage persons = _counts[token];
        if (!persons.bound) revert InvestorRegistry_NotBound(token);
        address rules = IShareToken(token).compliance();
        if (persons.keeper == rules) return;
        if (!PersonCountLib.countsHere(rules)) revert InvestorRegistry_NotCounting(token, rules);
        persons.begin(rules);
        for (uint256 i = 0; i < wallets.length; ++i) {
            uint256 balance = IERC20(token).balanceOf(wallets[i]);
            if (balance != 0) _requireKnown(wallets[i]);
            persons.add(wallets[i], investorOf[wallets[i]], balance);
        }
        persons.conclude(token);
    }

    /// @inheritdoc IPersonLedger
    function move(
        address token,
        address from,
        address to,
        uint256 amount
    ) external returns (Investor, uint256, uint256, bool) {
        return _counts[token].move(investorOf, token, from, to, amount);
    }

    /// @inheritdoc IPersonLedger
    function sizes(
        address token,
        uint256 country,
        uint256 class
    ) external view returns (uint256 holders, uint256 inCountry, uint256 ofClass, uint256 ofClassInCountry) {
        return _counts[token].sizes(country, class);
    }

    /// @inheritdoc IPersonLedger
    function preview(
        address token,
        address from,
        address to,
        uint256 amount
    ) external view returns (Outcome memory outcome) {
        return _counts[token].preview(investorOf[from], investorOf[to], amount);
    }

    /// @inheritdoc IPersonLedger
    function handOver(address token, address newRules) external {
        _counts[token].handOver(token, newRules);
    }

    // ------------------------------------------------------------------------ roles

    /// @inheritdoc IInvestorRegistry
    function addAgent(address agent) external onlyOwner {
        _requireNotLost(agent);
        _setAgent(agent, true);
    }

    /// @inheritdoc IInvestorRegistry
    function removeAgent(address agent) external onlyOwner {
        _setAgent(agent, false);
    }

    /// @dev A lost wallet cannot come to own the register. One that is offered the ownership cannot be confirmed lost.
    function transferOwnership(address newOwner) public override onlyOwner {
        _requireNotLost(newOwner);
        super.transferOwnership(newOwner);
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

    function _requireNotLost(address wallet) private view {
        if (investorOf[wallet].isLost()) revert InvestorRegistry_LostWallet(wallet, successorOf[wallet]);
    }

    function _requirePerson(address wallet, uint256 given, uint256 expected) private pure {
        if (given != expected) revert InvestorRegistry_OtherPerson(wallet, given, expected);
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
