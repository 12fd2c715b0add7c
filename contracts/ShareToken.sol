// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {EIP712} from "solady/utils/EIP712.sol";
import {IIdentityRegistry} from "./interfaces/IIdentityRegistry.sol";
import {IRecordToken} from "./interfaces/IRecordToken.sol";
import {IShareToken} from "./interfaces/IShareToken.sol";
import {ITransferRules} from "./interfaces/ITransferRules.sol";
import {Account, AccountLib} from "./libraries/AccountLib.sol";
import {History} from "./libraries/History.sol";
import {Ledger, LedgerLib} from "./libraries/LedgerLib.sol";

/// @title ShareToken
/// @notice Shares of one asset. `IShareToken` is the specification.
/// @dev Promise: balances move in `_move`, `_create` and `_destroy` only, each of which brings the
/// accounts it writes up to date with the closed records first; an ordinary transfer reads one slot
/// of the ledger and writes two accounts.
contract ShareToken is IShareToken, IERC20Metadata, IERC20Permit, IERC20Errors, Ownable2Step, EIP712 {
    using History for History.Past;

    // ------------------------------------------------------------------ constants

    uint8 private constant MAX_DECIMALS = 18;
    uint256 private constant MAX_SUPPLY = AccountLib.MAX_BALANCE;
    bytes32 private constant PERMIT_TYPEHASH = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );

    /// @inheritdoc IERC20Metadata
    uint8 public immutable decimals;

    // -------------------------------------------------------------------- storage

    struct Holder {
        Account account;
        History.Past past;
    }

    Ledger private _ledger;

    /// @dev The supply is kept like a balance, with a history of its own.
    Holder private _supply;

    mapping(address account => Holder) private _holders;
    mapping(address owner => mapping(address spender => uint256)) private _allowances;

    /// @inheritdoc IERC20Permit
    mapping(address owner => uint256) public nonces;

    /// @inheritdoc IShareToken
    mapping(address account => bool) public isAgent;

    /// @dev Ascending; record `id` is at index `id - 1`.
    uint48[] private _recordTimes;

    /// @inheritdoc IShareToken
    address public identityRegistry;

    /// @inheritdoc IERC20Metadata
    string public name;

    /// @inheritdoc IERC20Metadata
    string public symbol;

    // ---------------------------------------------------------------- construction

    constructor(Terms memory terms) Ownable(terms.owner) {
        if (terms.decimals > MAX_DECIMALS) revert ShareToken_TooManyDecimals(terms.decimals, MAX_DECIMALS);
        name = terms.name;
        symbol = terms.symbol;
        decimals = terms.decimals;
        _ledger = Ledger.wrap(0).withRecords({closed: 0, next: LedgerLib.NO_RECORD});
        _setAgent(terms.owner, true);
        if (terms.rules != address(0)) _setRules(terms.rules);
        if (terms.registry != address(0)) _setRegistry(terms.registry);
    }

    modifier onlyAgent() {
        if (!isAgent[msg.sender]) revert ShareToken_NotAgent(msg.sender);
        _;
    }

    // ----------------------------------------------------------------------- ERC-20

    /// @inheritdoc IERC20
    function totalSupply() external view returns (uint256) {
        return _supply.account.balance();
    }

    /// @inheritdoc IERC20
    function balanceOf(address account) external view returns (uint256) {
        return _holders[account].account.balance();
    }

    /// @inheritdoc IERC20
    function allowance(address owner, address spender) external view returns (uint256) {
        return _allowances[owner][spender];
    }

    /// @inheritdoc IERC20
    function approve(address spender, uint256 amount) external returns (bool) {
        _approve(msg.sender, spender, amount);
        return true;
    }

    /// @inheritdoc IERC20
    function transfer(address to, uint256 amount) external returns (bool) {
        _transfer(msg.sender, msg.sender, to, amount);
        return true;
    }

    /// @inheritdoc IERC20
    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        // Else anyone could announce an issue of nothing.
        if (from == address(0)) revert ERC20InvalidSender(from);
        _spendAllowance(from, msg.sender, amount);
        _transfer(msg.sender, from, to, amount);
        return true;
    }

    /// @inheritdoc IShareToken
    function batchTransfer(address[] calldata receivers, uint256[] calldata amounts) external {
        _requireSameLength(receivers.length, amounts.length);
        for (uint256 i = 0; i < receivers.length; ++i) {
            _transfer(msg.sender, msg.sender, receivers[i], amounts[i]);
        }
    }

    // ---------------------------------------------------------------------- ERC-2612

    /// @inheritdoc IERC20Permit
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        if (block.timestamp > deadline) revert ERC2612ExpiredSignature(deadline);
        bytes32 structHash = keccak256(abi.encode(PERMIT_TYPEHASH, owner, spender, value, nonces[owner]++, deadline));
        bool signed = SignatureChecker.isValidSignatureNow(
            owner,
            _hashTypedData(structHash),
            abi.encodePacked(r, s, v)
        );
        if (!signed) revert ERC2612InvalidSigner(owner);
        _approve(owner, spender, value);
    }

    /// @inheritdoc IERC20Permit
    // solhint-disable-next-line func-name-mixedcase
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparator();
    }

    // ----------------------------------------------------------------- record dates

    /// @inheritdoc IShareToken
    function scheduleRecord(uint48 closesAt) external onlyAgent returns (uint256 recordId) {
        Ledger ledger = _closeRecords();
        uint256 count = _recordTimes.length;
        if (closesAt < block.timestamp) revert ShareToken_RecordInThePast(closesAt, block.timestamp);
        if (closesAt == LedgerLib.NO_RECORD) revert ShareToken_RecordTooLate(closesAt, LedgerLib.NO_RECORD - 1);
        if (count != 0 && closesAt <= _recordTimes[count - 1]) {
            revert ShareToken_RecordNotLater(closesAt, _recordTimes[count - 1]);
        }

        _recordTimes.push(closesAt);
        recordId = count + 1;
        if (ledger.nextRecordAt() == LedgerLib.NO_RECORD) _ledger = ledger.withRecords(count, closesAt);
        emit RecordScheduled(recordId, closesAt);
    }

    /// @inheritdoc IShareToken
    function recordCount() external view returns (uint256) {
        return _recordTimes.length;
    }

    /// @inheritdoc IRecordToken
    function recordTime(uint256 recordId) public view returns (uint48) {
        uint256 count = _recordTimes.length;
        if (recordId == 0 || recordId > count) revert ShareToken_UnknownRecord(recordId, count);
        return _recordTimes[recordId - 1];
    }

    /// @inheritdoc IRecordToken
    function balanceOfAt(address account, uint256 recordId) external view returns (uint256) {
        return _balanceAt(_holders[account], recordId);
    }

    /// @inheritdoc IRecordToken
    function totalSupplyAt(uint256 recordId) external view returns (uint256) {
        return _balanceAt(_supply, recordId);
    }

    /// @inheritdoc IShareToken
    function successorOf(address account) external pure returns (address) {
        return account;
    }

    // ---------------------------------------------------------------------- issuing

    /// @inheritdoc IShareToken
    function mint(address to, uint256 amount) external onlyAgent {
        Ledger ledger = _closeRecords();
        _growSupply(amount, ledger.closedRecords());
        _create(to, amount, ledger);
    }

    /// @inheritdoc IShareToken
    function batchMint(address[] calldata receivers, uint256[] calldata amounts) external onlyAgent {
        _requireSameLength(receivers.length, amounts.length);
        Ledger ledger = _closeRecords();
        _growSupply(_sum(amounts), ledger.closedRecords());
        for (uint256 i = 0; i < receivers.length; ++i) {
            _create(receivers[i], amounts[i], ledger);
        }
    }

    /// @inheritdoc IShareToken
    function burn(address from, uint256 amount) external onlyAgent {
        Ledger ledger = _closeRecords();
        if (ledger.guarded()) _authorize(ledger, msg.sender, from, address(0), amount);
        _destroy(from, amount, ledger.closedRecords());
    }

    // ------------------------------------------------------------------------- roles

    /// @inheritdoc IShareToken
    function addAgent(address agent) external onlyOwner {
        if (agent == address(0)) revert ShareToken_InvalidAgent(agent);
        _setAgent(agent, true);
    }

    /// @inheritdoc IShareToken
    function removeAgent(address agent) external onlyOwner {
        _setAgent(agent, false);
    }

    /// @inheritdoc IShareToken
    function setCompliance(address newRules) external onlyOwner {
        _setRules(newRules);
    }

    /// @inheritdoc IShareToken
    function compliance() external view returns (address) {
        return _ledger.rules();
    }

    /// @inheritdoc IShareToken
    function setIdentityRegistry(address newRegistry) external onlyOwner {
        _setRegistry(newRegistry);
    }

    /// @dev Kept from `Ownable` only to refuse it.
    function renounceOwnership() public view override onlyOwner {
        revert ShareToken_OwnerRequired();
    }

    // ---------------------------------------------------------------- moving shares

    /// @dev The rhythm of every movement: close records, ask the rules, move, tell.
    function _transfer(address spender, address from, address to, uint256 amount) private {
        // Shares sent to their own contract could never be sent on, yet would earn income.
        if (to == address(0) || to == address(this)) revert ERC20InvalidReceiver(to);
        Ledger ledger = _closeRecords();
        if (ledger.guarded()) _authorize(ledger, spender, from, to, amount);
        _move(from, to, amount, ledger.closedRecords());
    }

    function _move(address from, address to, uint256 amount, uint256 closed) private {
        Holder storage giver = _holders[from];
        Account account = giver.account;
        if (account.balance() < amount) revert ERC20InsufficientBalance(from, account.balance(), amount);
        // To oneself, or of nothing, is exactly an event.
        if (from != to && amount != 0) {
            giver.account = giver.past.upTo(account, closed).minus(amount);
            Holder storage receiver = _holders[to];
            receiver.account = receiver.past.upTo(receiver.account, closed).plus(amount);
        }
        emit Transfer(from, to, amount);
    }

    function _create(address to, uint256 amount, Ledger ledger) private {
        if (to == address(0) || to == address(this)) revert ERC20InvalidReceiver(to);
        if (ledger.guarded()) _authorize(ledger, msg.sender, address(0), to, amount);
        if (amount != 0) {
            Holder storage receiver = _holders[to];
            receiver.account = receiver.past.upTo(receiver.account, ledger.closedRecords()).plus(amount);
        }
        emit Transfer(address(0), to, amount);
    }

    function _destroy(address from, uint256 amount, uint256 closed) private {
        Holder storage giver = _holders[from];
        Account account = giver.account;
        if (account.balance() < amount) revert ERC20InsufficientBalance(from, account.balance(), amount);
        if (amount != 0) {
            giver.account = giver.past.upTo(account, closed).minus(amount);
            _supply.account = _supply.past.upTo(_supply.account, closed).minus(amount);
        }
        emit Transfer(from, address(0), amount);
    }

    function _growSupply(uint256 amount, uint256 closed) private {
        Account supply = _supply.account;
        if (amount > MAX_SUPPLY - supply.balance()) {
            revert ShareToken_SupplyTooLarge(supply.balance(), amount, MAX_SUPPLY);
        }
        _supply.account = _supply.past.upTo(supply, closed).plus(amount);
    }

    function _authorize(Ledger ledger, address spender, address from, address to, uint256 amount) private {
        if (to != address(0) && ledger.has(LedgerLib.FLAG_REGISTRY)) {
            if (!IIdentityRegistry(identityRegistry).isVerified(to)) revert ShareToken_NotVerified(to);
        }
        address rules = ledger.rules();
        if (rules != address(0)) ITransferRules(rules).authorize(spender, from, to, amount);
    }

    // ----------------------------------------------------------------------- records

    /// @dev The ledger with every record counted whose second is over. Costs one read while none is.
    function _closeRecords() private returns (Ledger ledger) {
        ledger = _ledger;
        if (block.timestamp > ledger.nextRecordAt()) {
            uint256 closed = _countClosed(ledger.closedRecords());
            uint256 next = closed == _recordTimes.length ? LedgerLib.NO_RECORD : _recordTimes[closed];
            ledger = ledger.withRecords(closed, next);
            _ledger = ledger;
        }
    }

    /// @dev Binary search, so that a token left alone through hundreds of records still moves cheaply.
    function _countClosed(uint256 alreadyClosed) private view returns (uint256 low) {
        low = alreadyClosed;
        uint256 high = _recordTimes.length;
        while (low < high) {
            uint256 middle = (low + high) >> 1;
            if (_recordTimes[middle] < block.timestamp) low = middle + 1;
            else high = middle;
        }
    }

    function _balanceAt(Holder storage holder, uint256 recordId) private view returns (uint256) {
        Account account = holder.account;
        if (recordId == 0 || (account.since() < recordId && !_countedOrNext(recordId))) {
            uint48 closesAt = recordTime(recordId);
            if (block.timestamp <= closesAt) revert ShareToken_RecordOpen(recordId, closesAt, block.timestamp);
        }
        return holder.past.balanceAt(account, recordId);
    }

    /// @dev Whether the ledger's slot alone proves that the record has closed: it was counted, or it is the
    /// next to be counted and its second is over.
    function _countedOrNext(uint256 recordId) private view returns (bool) {
        Ledger ledger = _ledger;
        uint256 closed = ledger.closedRecords();
        return recordId <= closed || (recordId == closed + 1 && block.timestamp > ledger.nextRecordAt());
    }

    // ----------------------------------------------------------- allowances and roles

    function _approve(address owner, address spender, uint256 amount) private {
        if (spender == address(0)) revert ERC20InvalidSpender(spender);
        _allowances[owner][spender] = amount;
        emit Approval(owner, spender, amount);
    }

    function _spendAllowance(address owner, address spender, uint256 amount) private {
        uint256 allowed = _allowances[owner][spender];
        // By custom an unlimited allowance stays unlimited.
        if (allowed == type(uint256).max) return;
        if (allowed < amount) revert ERC20InsufficientAllowance(spender, allowed, amount);
        unchecked {
            // `amount <= allowed` was just checked.
            _allowances[owner][spender] = allowed - amount;
        }
    }

    function _setAgent(address agent, bool on) private {
        if (isAgent[agent] == on) return;
        isAgent[agent] = on;
        if (on) emit AgentAdded(agent);
        else emit AgentRemoved(agent);
    }

    function _setRules(address newRules) private {
        _ledger = _ledger.withRules(newRules);
        emit ComplianceAdded(newRules);
    }

    function _setRegistry(address newRegistry) private {
        identityRegistry = newRegistry;
        _ledger = _ledger.with(LedgerLib.FLAG_REGISTRY, newRegistry != address(0));
        emit IdentityRegistryAdded(newRegistry);
    }

    /// @dev The sum, or the largest number if it is larger: no supply can grow by either.
    function _sum(uint256[] calldata amounts) private pure returns (uint256 total) {
        for (uint256 i = 0; i < amounts.length; ++i) {
            if (amounts[i] > type(uint256).max - total) return type(uint256).max;
            total += amounts[i];
        }
    }

    function _requireSameLength(uint256 receivers, uint256 amounts) private pure {
        if (receivers != amounts) revert ShareToken_LengthMismatch(receivers, amounts);
    }

    function _domainNameAndVersion() internal view override returns (string memory, string memory) {
        return (name, "1");
    }

    function _domainNameAndVersionMayChange() internal pure override returns (bool) {
        return true;
    }
}
