// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IInvestorRegistry} from "./IInvestorRegistry.sol";
import {ILockUps} from "./ILockUps.sol";
import {IPersonLedger} from "./IPersonLedger.sol";
import {IShareToken} from "../token/IShareToken.sol";
import {ITransferRules} from "./ITransferRules.sol";
import {Investor} from "./InvestorLib.sol";

/// @title TransferRules
/// @notice Any subset of the usual rules for shares that not everybody may hold.
/// @dev Promise: the settings are part of the code, so reading them costs nothing and nobody can change them. Other
/// settings are another contract, which the token's owner puts in force with `setCompliance`. The contract keeps no
/// state: persons and their holdings are the registry's, lots are `LockUps`'s.
///
/// A transfer is refused by the first broken rule in the order of `Code`; `_judge` is that order, for the transfer
/// and for `explain` alike: the transfer gives it no list to fill, so that it reverts at the first.
contract TransferRules is ITransferRules, IERC165 {
    // ------------------------------------------------------------------- settings

    /// @notice What a list of countries means.
    enum Countries {
        Any,
        Only,
        AllBut
    }

    /// @notice The rules. Zero switches a rule off, except where it says otherwise.
    /// @param registry The registry of investors
    /// @param lockUps The keeper of lots; needed if and only if there is a lock-up
    /// @param eligible Whether the receiver must be registered and eligible now; rules about persons need it
    /// @param listed How to read `countries`
    /// @param listedUntil Last second at which the list is in force; 0 for ever
    /// @param countries Bit `c % 256` of word `c / 256` is the country with ISO 3166-1 numeric code `c`, below 1,000; 0
    /// is no country: who is of none is never welcome while a list is in force, of either kind
    /// @param classes Bit `k` lets investors of class `k` receive; zero lets all
    /// @param opensAt First second of the transfer window
    /// @param closesAt Last second of the transfer window; 0 for ever
    /// @param maxHolders Most persons that may hold
    /// @param maxHoldersInCountry Most persons of one country that may hold
    /// @param limitedClass The class that the next two limits count
    /// @param maxHoldersOfClass Most persons of that class that may hold
    /// @param maxHoldersOfClassInCountry Most persons of that class and of one country that may hold
    /// @param maxHolding Most shares that one person may hold
    /// @param minHolding Fewest shares that one person may hold, if any
    /// @param lockUp Seconds for which acquired shares cannot be sold
    /// @param supplyCap Most shares that may be issued
    struct Settings {
        address registry;
        address lockUps;
        bool eligible;
        Countries listed;
        uint48 listedUntil;
        uint256[4] countries;
        uint256 classes;
        uint48 opensAt;
        uint48 closesAt;
        uint32 maxHolders;
        uint32 maxHoldersInCountry;
        uint8 limitedClass;
        uint32 maxHoldersOfClass;
        uint32 maxHoldersOfClassInCountry;
        uint96 maxHolding;
        uint96 minHolding;
        uint48 lockUp;
        uint96 supplyCap;
    }

    /// @notice The settings of these rules, for ever.
    event RulesSet(Settings settings);

    /// @notice Thrown when there is no registry to read.
    error TransferRules_NoRegistry();

    /// @notice Thrown when the registry does not answer.
    error TransferRules_RegistryFailed(address registry);

    /// @notice Thrown when a lock-up lacks a keeper of lots, or a keeper of lots lacks a lock-up.
    error TransferRules_LockUpMismatch(uint256 lockUp, address lockUps);

    /// @notice Thrown when persons would be counted though receivers need not be known.
    error TransferRules_EligibilityRequired();

    /// @notice Thrown when a limit contradicts another one.
    error TransferRules_Contradiction(uint256 lower, uint256 upper);

    address private immutable _registry;
    address private immutable _lockUps;
    bool private immutable _eligible;
    bool private immutable _counting;
    bool private immutable _sized;
    uint256 private immutable _listedUntil;
    uint256 private immutable _welcome0;
    uint256 private immutable _welcome1;
    uint256 private immutable _welcome2;
    uint256 private immutable _welcome3;
    uint256 private immutable _classes;
    uint256 private immutable _opensAt;
    uint256 private immutable _closesAt;
    uint256 private immutable _maxHolders;
    uint256 private immutable _maxHoldersInCountry;
    uint256 private immutable _limitedClass;
    uint256 private immutable _maxHoldersOfClass;
    uint256 private immutable _maxHoldersOfClassInCountry;
    uint256 private immutable _maxHolding;
    uint256 private immutable _minHolding;
    uint256 private immutable _lockUp;
    uint256 private immutable _supplyCap;

    constructor(Settings memory settings) {
        _requireSound(settings);
        _registry = settings.registry;
        _lockUps = settings.lockUps;
        _eligible = settings.eligible;
        // From here on there is one kind of list: the welcome ones. All are, if there is no list.
        uint256 inverted = settings.listed == Countries.AllBut ? type(uint256).max : 0;
        bool listing = settings.listed != Countries.Any;
        _listedUntil =
            !listing
                ? 0
                : settings.listedUntil == 0
                    ? type(uint48).max
                    : settings.listedUntil;
        // Country 0 is unknown, and no list can welcome it.
        _welcome0 = (settings.countries[0] ^ inverted) & ~uint256(1);
        _welcome1 = settings.countries[1] ^ inverted;
        _welcome2 = settings.countries[2] ^ inverted;
        _welcome3 = settings.countries[3] ^ inverted;
        _classes = settings.classes == 0 ? type(uint256).max : settings.classes;
        _opensAt = settings.opensAt;
        _closesAt = settings.closesAt == 0 ? type(uint48).max : settings.closesAt;
        // A limit that is off is larger than anything it could be compared with.
        _maxHolders = _orNone(settings.maxHolders);
        _maxHoldersInCountry = _orNone(settings.maxHoldersInCountry);
        _limitedClass = settings.limitedClass;
        _maxHoldersOfClass = _orNone(settings.maxHoldersOfClass);
        _maxHoldersOfClassInCountry = _orNone(settings.maxHoldersOfClassInCountry);
        _maxHolding = _orNone(settings.maxHolding);
        _minHolding = settings.minHolding;
        _lockUp = settings.lockUp;
        _supplyCap = _orNone(settings.supplyCap);
        bool sized =
            settings.maxHolders != 0 ||
                settings.maxHoldersInCountry != 0 ||
                settings.maxHoldersOfClass != 0 ||
                settings.maxHoldersOfClassInCountry != 0;
        bool counting = sized || settings.maxHolding != 0 || settings.minHolding != 0;
        if (counting && !settings.eligible) revert TransferRules_EligibilityRequired();
        _sized = sized;
        _counting = counting;
        emit RulesSet(settings);
    }

    function _requireSound(Settings memory settings) private pure {
        if (settings.registry == address(0)) revert TransferRules_NoRegistry();
        if ((settings.lockUp == 0) != (settings.lockUps == address(0))) {
            revert TransferRules_LockUpMismatch(settings.lockUp, settings.lockUps);
        }
        if (settings.maxHolding != 0 && settings.minHolding > settings.maxHolding) {
            revert TransferRules_Contradiction(settings.minHolding, settings.maxHolding);
        }
        if (settings.closesAt != 0 && settings.opensAt > settings.closesAt) {
            revert TransferRules_Contradiction(settings.opensAt, settings.closesAt);
        }
    }

    // -------------------------------------------------------------------- movements

    /// @inheritdoc ITransferRules
    function authorize(address from, address to, uint256 amount) external returns (bool) {
        if (_counting) _authorizeCounting(from, to, amount);
        else _judge(_firstReverts(), _investorOf(to), 0, 0, _noSizes());
        if (_lockUp == 0) return true;
        _judgeLots(_firstReverts(), 0, msg.sender, from, amount);
        if (from != to) ILockUps(_lockUps).acquired(msg.sender, to, amount, _lockUp);
        return true;
    }

    function _authorizeCounting(address from, address to, uint256 amount) private {
        (Investor taker, uint256 giverHolding, uint256 takerHolding, bool newHolder) = IPersonLedger(_registry).move(
            msg.sender,
            from,
            to,
            amount
        );
        uint256[] memory sizes = _sized && newHolder ? _sizesOf(taker) : _noSizes();
        _judge(_firstReverts(), taker, giverHolding, takerHolding, sizes);
    }

    /// @dev How many persons hold, in the order of `Code`, now that `taker` is booked as one of them.
    function _sizesOf(Investor taker) private view returns (uint256[] memory sizes) {
        sizes = new uint256[](4);
        (sizes[0], sizes[1], sizes[2], sizes[3]) = IPersonLedger(_registry).sizes(
            msg.sender,
            taker.country(),
            taker.class()
        );
    }

    /// @dev The registry's answer about one wallet. Written out, since every transfer asks.
    function _investorOf(address wallet) private view returns (Investor investor) {
        address source = _registry;
        bytes4 selector = IInvestorRegistry.investorOf.selector;
        bool answered;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            // The compiler does not warrant that the upper bits of an address are clean.
            mstore(0x04, shr(96, shl(96, wallet)))
            answered := and(gt(returndatasize(), 0x1f), staticcall(gas(), source, 0x00, 0x24, 0x00, 0x20))
            investor := mload(0x00)
        }
        if (!answered) revert TransferRules_RegistryFailed(source);
    }

    /// @inheritdoc ITransferRules
    function book(address from, address to, uint256 amount, uint256 supply) external {
        if (to != address(0) && _eligible) {
            Investor taker = _investorOf(to);
            if (!taker.eligible()) {
                revert TransferRules_Refused(Code.NotEligible, taker.eligibleUntil(), block.timestamp);
            }
        }
        if (from == address(0) && supply > _supplyCap) {
            revert TransferRules_Refused(Code.SupplyCap, supply, _supplyCap);
        }
        // An order by an agent is counted, not judged.
        // slither-disable-next-line unused-return
        if (_counting) IPersonLedger(_registry).move(msg.sender, from, to, amount);
        if (_lockUp == 0 || from == to) return;
        if (from != address(0)) {
            uint256 balance = IERC20(msg.sender).balanceOf(from);
            ILockUps(_lockUps).reduced(msg.sender, from, balance > amount ? balance - amount : 0);
        }
        if (to != address(0)) ILockUps(_lockUps).acquired(msg.sender, to, amount, _lockUp);
    }

    /// @inheritdoc ITransferRules
    function recover(address lost, address successor) external {
        IPersonLedger(_registry).recover(msg.sender, lost, successor);
        if (_lockUp != 0) ILockUps(_lockUps).recovered(msg.sender, lost, successor);
    }

    /// @inheritdoc ITransferRules
    function replacedBy(address newRules) external {
        if (_counting) IPersonLedger(_registry).handOver(msg.sender, newRules);
    }

    // ------------------------------------------------------------------------ views

    /// @inheritdoc ITransferRules
    function explain(
        address token,
        address from,
        address to,
        uint256 amount
    ) external view returns (Refusal[] memory refusals, uint256 most) {
        refusals = new Refusal[](uint256(type(Code).max));
        uint256 count = _preview(refusals, token, from, to, amount);
        assembly ("memory-safe") {
            // Shortens the list to what was found.
            mstore(refusals, count)
        }
        most = _most(token, from, to);
    }

    /// @inheritdoc ITransferRules
    function canTransfer(address token, address from, address to, uint256 amount) external view returns (bool) {
        return _preview(new Refusal[](1), token, from, to, amount) == 0;
    }

    /// @inheritdoc ITransferRules
    function registry() external view returns (address) {
        return _eligible ? _registry : address(0);
    }

    /// @inheritdoc ITransferRules
    function countsIn() external view returns (address) {
        return _counting ? _registry : address(0);
    }

    /// @notice The fewest shares that one person may hold, if any; 0 for no least. Other rules need not know this.
    function leastHolding() external view returns (uint256) {
        return _minHolding;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == type(ITransferRules).interfaceId;
    }

    // ---------------------------------------------------------------------- judging

    // Every function below that takes `list` writes the rules it finds broken to it, behind `count` that are there
    // already, and returns how many there are then. What the list has no place for is counted only; but a list without
    // any place is an order: the first broken rule reverts. An order that breaks no rule needs no memory.

    /// @dev Broken rules of a movement, in the order of `Code` but for the lots, which come last.
    /// @param giverHolding Shares of the sender's person after the movement
    /// @param takerHolding Shares of the receiver's person after the movement
    /// @param sizes How many persons hold after it, in the order of `Code`; empty unless limits and a new holder ask
    function _judge(
        Refusal[] memory list,
        Investor taker,
        uint256 giverHolding,
        uint256 takerHolding,
        uint256[] memory sizes
    ) private view returns (uint256 count) {
        count = _judgeTaker(list, taker);
        if (!_counting) return count;
        if (sizes.length != 0) count = _judgeSizes(list, count, taker, sizes);
        count = _limit(list, count, Code.MaxHolding, takerHolding, _maxHolding);
        if (giverHolding < _minHolding && giverHolding != 0) {
            count = _refuse(list, count, Code.MinHoldingGiver, giverHolding, _minHolding);
        }
        if (takerHolding < _minHolding && takerHolding != 0) {
            count = _refuse(list, count, Code.MinHoldingTaker, takerHolding, _minHolding);
        }
    }

    /// @dev Whether an investor may receive now, whoever sends and how much.
    function _judgeTaker(Refusal[] memory list, Investor taker) private view returns (uint256 count) {
        if (_eligible && !taker.eligible()) {
            count = _refuse(list, count, Code.NotEligible, taker.eligibleUntil(), block.timestamp);
        }
        if (!_welcomes(taker.country())) count = _refuse(list, count, Code.Country, taker.country(), 0);
        if ((_classes >> taker.class()) & 1 == 0) count = _refuse(list, count, Code.Class, taker.class(), _classes);
        if (block.timestamp < _opensAt) count = _refuse(list, count, Code.WindowClosed, block.timestamp, _opensAt);
        if (block.timestamp > _closesAt) count = _refuse(list, count, Code.WindowClosed, block.timestamp, _closesAt);
    }

    function _judgeSizes(
        Refusal[] memory list,
        uint256 count,
        Investor taker,
        uint256[] memory sizes
    ) private view returns (uint256) {
        count = _limit(list, count, Code.MaxHolders, sizes[0], _maxHolders);
        count = _limit(list, count, Code.MaxHoldersInCountry, sizes[1], _maxHoldersInCountry);
        if (taker.class() != _limitedClass) return count;
        count = _limit(list, count, Code.MaxHoldersOfClass, sizes[2], _maxHoldersOfClass);
        return _limit(list, count, Code.MaxHoldersOfClassInCountry, sizes[3], _maxHoldersOfClassInCountry);
    }

    /// @dev An amount over the balance is the balance's refusal, not the lock-up's.
    function _judgeLots(
        Refusal[] memory list,
        uint256 count,
        address token,
        address from,
        uint256 amount
    ) private view returns (uint256) {
        uint256 free = _freeOf(token, from);
        if (amount <= free || amount > IERC20(token).balanceOf(from)) return count;
        return _refuse(list, count, Code.LockedUp, amount, free);
    }

    function _preview(
        Refusal[] memory list,
        address token,
        address from,
        address to,
        uint256 amount
    ) private view returns (uint256 count) {
        if (_counting) count = _judge(list, IPersonLedger(_registry).preview(token, from, to, amount));
        else count = _judge(list, _investorOf(to), 0, 0, _noSizes());
        if (_lockUp != 0) count = _judgeLots(list, count, token, from, amount);
    }

    /// @dev Broken rules of what a movement would lead to.
    function _judge(Refusal[] memory list, IPersonLedger.Outcome memory outcome) private view returns (uint256) {
        uint256[] memory sizes = _noSizes();
        if (_sized && outcome.newHolder) {
            sizes = new uint256[](4);
            (sizes[0], sizes[1]) = (outcome.holders, outcome.holdersInCountry);
            (sizes[2], sizes[3]) = (outcome.holdersOfClass, outcome.holdersOfClassInCountry);
        }
        return _judge(list, outcome.taker, outcome.giverHolding, outcome.takerHolding, sizes);
    }

    /// @dev The list of an order.
    // solhint-disable-next-line no-empty-blocks
    function _firstReverts() private pure returns (Refusal[] memory) {}

    // solhint-disable-next-line no-empty-blocks
    function _noSizes() private pure returns (uint256[] memory) {}

    /// @dev The most that these rules would let pass between two wallets: what is neither locked nor frozen, cut down
    /// to what the persons' limits leave. Zero if a rule that has nothing to do with the amount stands in the way.
    function _most(address token, address from, address to) private view returns (uint256 most) {
        most = IERC20(token).balanceOf(from);
        most -= _min(most, IShareToken(token).getFrozenTokens(from));
        if (_lockUp != 0) most = _min(most, _freeOf(token, from));
        IPersonLedger.Outcome memory idle = IPersonLedger(_registry).preview(token, from, to, 0);
        bool samePerson = idle.giver.person() == idle.taker.person();
        if (_counting && !samePerson) {
            most = _min(most, idle.takerHolding < _maxHolding ? _maxHolding - idle.takerHolding : 0);
            uint256 rest = idle.giverHolding - _min(most, idle.giverHolding);
            // A rest below the minimum is not allowed: leave the minimum.
            if (rest != 0 && rest < _minHolding) {
                most = idle.giverHolding > _minHolding ? idle.giverHolding - _minHolding : 0;
            }
        }
        if (most == 0) return 0;
        return _judge(new Refusal[](1), IPersonLedger(_registry).preview(token, from, to, most)) == 0 ? most : 0;
    }

    function _freeOf(address token, address from) private view returns (uint256) {
        // When the next are released does not matter here.
        // slither-disable-next-line unused-return
        (uint256 locked, ) = ILockUps(_lockUps).locked(token, from);
        uint256 balance = IERC20(token).balanceOf(from);
        return balance > locked ? balance - locked : 0;
    }

    function _welcomes(uint256 country) private view returns (bool) {
        uint256 word =
            country < 512 ? (country < 256 ? _welcome0 : _welcome1) : (country < 768 ? _welcome2 : _welcome3);
        return (word >> (country & 0xff)) & 1 != 0 || block.timestamp > _listedUntil;
    }

    function _limit(
        Refusal[] memory list,
        uint256 count,
        Code code,
        uint256 value,
        uint256 limit
    ) private pure returns (uint256) {
        return value > limit ? _refuse(list, count, code, value, limit) : count;
    }

    function _refuse(
        Refusal[] memory list,
        uint256 count,
        Code code,
        uint256 value,
        uint256 limit
    ) private pure returns (uint256) {
        if (list.length == 0) revert TransferRules_Refused(code, value, limit);
        if (count < list.length) list[count] = Refusal(code, value, limit);
        return count + 1;
    }

    function _orNone(uint256 limit) private pure returns (uint256) {
        return limit == 0 ? type(uint256).max : limit;
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
