// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Investor} from "./InvestorLib.sol";

/// @title IInvestorRegistry
/// @notice Who may hold the shares of an issuer: one packed slot per wallet, several wallets per person.
///
/// It answers the questions that ERC-3643 puts to an identity registry, so a tool written for that standard
/// can read it. In place of claims it stores the result of the issuer's checks, with an expiry that takes
/// effect by itself. Where an asset's rules count persons, it also keeps how much each person holds.
interface IInvestorRegistry {
    /// @notice A wallet was registered, or what is known of its person changed. See `Investor` for the packing.
    event InvestorRegistered(address indexed wallet, Investor investor);

    /// @notice ERC-3643: a wallet was registered.
    event IdentityRegistered(address indexed investorAddress, address indexed identity);

    /// @notice ERC-3643: a wallet was removed.
    event IdentityRemoved(address indexed investorAddress, address indexed identity);

    /// @notice ERC-3643: a wallet's identity contract changed.
    event IdentityUpdated(address indexed oldIdentity, address indexed newIdentity);

    /// @notice ERC-3643: a wallet's country changed.
    event CountryUpdated(address indexed investorAddress, uint16 indexed country);

    /// @notice `agent` may from now on keep the register (ERC-3643).
    event AgentAdded(address indexed agent);

    /// @notice `agent` may no longer keep the register (ERC-3643).
    event AgentRemoved(address indexed agent);

    /// @notice `token` is an asset of this issuer: its persons can be counted, and it may report losses.
    event TokenBound(address indexed token);

    /// @notice `token` is none of this issuer's assets any more: its count is forgotten.
    event TokenUnbound(address indexed token);

    /// @notice In the asset `token` alone, `successor` took the place of the lost wallet `lost`. `person` is both's.
    event LossReported(address indexed token, address indexed lost, address indexed successor, uint256 person);

    /// @notice For all assets, `successor` took the place of the lost wallet `lost`.
    event WalletRecovered(address indexed lost, address indexed successor, uint256 indexed person);

    /// @notice The wallet `lost` was not lost after all: it is as it was before `successor` took its place.
    event LossUndone(address indexed lost, address indexed successor, uint256 indexed person);

    /// @notice From now on `rules` keeps the count of the persons that hold `token`.
    event CountKept(address indexed token, address indexed rules, uint256 holders);

    /// @notice Thrown when a function for agents is called by someone else.
    error InvestorRegistry_NotAgent(address caller);

    /// @notice Thrown when a wallet is not registered.
    error InvestorRegistry_UnknownWallet(address wallet);

    /// @notice Thrown when a wallet is registered already.
    error InvestorRegistry_KnownWallet(address wallet, uint256 person);

    /// @notice Thrown when a registration lacks a wallet or a person, or has bits where none belong.
    error InvestorRegistry_Malformed(address wallet, uint256 investor);

    /// @notice Thrown when a wallet that was lost would be changed, removed, given a role or put in another's place.
    error InvestorRegistry_LostWallet(address wallet, address successor);

    /// @notice Thrown when the loss of a wallet would be undone that is not confirmed as lost.
    error InvestorRegistry_NotLost(address wallet);

    /// @notice Thrown when a wallet would take its own place.
    error InvestorRegistry_OwnSuccessor(address wallet);

    /// @notice Thrown when the wallet of the owner, or of who is offered the ownership, would be confirmed as lost.
    error InvestorRegistry_OwnersWallet(address wallet);

    /// @notice Thrown when a loss would give shares of one person to another.
    /// @param wallet The wallet that would take a place; or a lost one that would be registered as somebody else's
    /// @param given The number of its person
    /// @param expected The number of the lost wallet's person today
    error InvestorRegistry_OtherPerson(address wallet, uint256 given, uint256 expected);

    /// @notice Thrown when the arguments of a batch differ in length.
    error InvestorRegistry_LengthMismatch(uint256 wallets, uint256 values);

    /// @notice Thrown when `caller` is not the rules contract that the bound token names.
    error InvestorRegistry_NotRules(address caller, address token);

    /// @notice Thrown when a token that is not bound would be counted, or would report.
    error InvestorRegistry_NotBound(address token);

    /// @notice Thrown when more tokens would be bound than a registration could afford to look through.
    error InvestorRegistry_TooManyTokens(uint256 limit);

    /// @notice Thrown when holders would be counted for rules that do not keep the count here.
    error InvestorRegistry_NotCounting(address token, address rules);

    /// @notice Thrown when rules that count were put in force without `count`ing the holders first.
    error InvestorRegistry_NotCounted(address token, address rules);

    /// @notice Thrown when wallets to count are not in ascending order, so that none is counted twice.
    error InvestorRegistry_NotAscending(address previous, address wallet);

    /// @notice Thrown when a wallet that still holds shares of a counted token would be removed.
    error InvestorRegistry_HoldsShares(address wallet, address token, uint256 balance);

    /// @notice Thrown for the parts of ERC-3643 that have no meaning here: there are no claims to trust.
    error InvestorRegistry_NoClaims();

    /// @notice Thrown when the owner tries to leave: nobody could appoint agents after that.
    error InvestorRegistry_OwnerRequired();

    /// @notice Registers wallets, or changes what is known of them. Agents only. A lost wallet stays lost, and can be
    /// registered as the person of the wallet that took its place only: so its shares follow their person to another
    /// number.
    /// @param investors What is known, packed as `Investor` says, for the wallet at the same position
    function register(address[] calldata wallets, Investor[] calldata investors) external;

    /// @notice What is known of the person behind `wallet`; zero if it is not registered.
    function investorOf(address wallet) external view returns (Investor);

    /// @notice What is known of two wallets at once.
    function investorsOf(address first, address second) external view returns (Investor, Investor);

    /// @notice Who took the place of a lost wallet; zero if it is not confirmed as lost.
    function successorOf(address wallet) external view returns (address);

    /// @notice Confirms for all assets that `successor` takes the place of the lost wallet `lost`, of the same person.
    /// Agents only. From now on `lost` cannot receive shares, be removed, or be an agent or the owner here; where it
    /// still holds shares it can send them, until that asset recovers it. Not for the wallet of the owner, or of who is
    /// offered the ownership.
    /// @dev A loss that an asset reports binds that asset only (`LossReported`): an agent of one asset says nothing
    /// about the others.
    function confirmLoss(address lost, address successor) external;

    /// @notice Undoes `confirmLoss`: what was known of `lost` is known again, its eligibility included. Agents only. A
    /// role that it lost is not given back, and what assets recovered stays where it is.
    function undoLoss(address lost) external;

    /// @notice Lets the persons of `token` be counted, and lets it report losses. Owner only.
    function bindToken(address token) external;

    /// @notice Ends that: `token` reports nothing any more, and its count, finished or under way, is forgotten. Owner
    /// only. The asset has no say. Under rules that count here none of its shares moves, and no wallet of it can be
    /// recovered under any rules that use this registry, until its owner puts others in force, or it is bound again
    /// and counted anew.
    function unbindToken(address token) external;

    /// @notice The tokens bound so far.
    function tokens() external view returns (address[] memory);

    /// @notice How much a person holds of a token over all wallets, where persons are counted.
    function holdingOf(address token, uint256 person) external view returns (uint256);

    /// @notice How many persons hold a token, where persons are counted.
    function holderCount(address token) external view returns (uint256);

    /// @notice How many persons counted in `country` hold a token, where persons are counted.
    function holderCountIn(address token, uint256 country) external view returns (uint256);

    /// @notice How many persons of `class` hold a token, where persons are counted.
    function holderCountOf(address token, uint256 class) external view returns (uint256);

    /// @notice How many persons of `class` counted in `country` hold a token, where persons are counted.
    function holderCountOfIn(address token, uint256 class, uint256 country) external view returns (uint256);

    /// @notice The rules contract that keeps the count of a token; zero if none does.
    function countKeeper(address token) external view returns (address);

    /// @notice Counts the persons behind a page of wallets, in ascending order of address. When all shares are
    /// counted, the token's present rules keep the count; until then they refuse every movement. Needed once when
    /// a token comes under rules that count; with no shares in existence an empty page will do. Agents only.
    function count(address token, address[] calldata wallets) external;

    /// @notice Lets `agent` keep the register. Owner only. Not a lost wallet.
    function addAgent(address agent) external;

    /// @notice Takes an agent's power. Owner only.
    function removeAgent(address agent) external;

    /// @notice Whether `account` may keep the register.
    function isAgent(address account) external view returns (bool);
}
