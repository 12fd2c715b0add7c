// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {EIP712} from "solady/utils/EIP712.sol";
import {Documents} from "./Documents.sol";
import {ShareLedger} from "./ShareLedger.sol";
import {IERC3643Token} from "./IERC3643Token.sol";
import {IERC7943Fungible} from "./IERC7943Fungible.sol";
import {IRecordHoldings} from "./IRecordHoldings.sol";
import {IRecordToken} from "./IRecordToken.sol";
import {IShareToken} from "./IShareToken.sol";
import {IIdentityRegistry} from "../compliance/IIdentityRegistry.sol";
import {ITransferRules} from "../compliance/ITransferRules.sol";
import {Account, AccountLib} from "./AccountLib.sol";
import {FrozenShares} from "./FrozenSharesLib.sol";
import {ComplianceLib} from "../compliance/ComplianceLib.sol";
import {Ledger, LedgerLib} from "./LedgerLib.sol";
import {SignatureLib} from "../libraries/SignatureLib.sol";

/// @title ShareToken
/// @notice Shares of one asset, to ERC-3643 and ERC-7943 at once. `IShareToken` is the specification.
/// @dev Which check stands in the way of which movement:
///
///                     pause   frozen or lost   frozen amount   receiver eligible   rules
///     transfer         yes      both             yes             yes                yes
///     transferFrom     yes      both, spender    yes             yes                yes
///     mint             no       receiver         -               yes                supply cap
///     forcedTransfer   no       receiver         taken last      yes                no
///     burn             no       no               taken last      -                  no
///     recovery         no       receiver lost    moves along     same person        no
contract ShareToken is ShareLedger, Documents, IERC20Metadata, IERC20Permit, EIP712 {
    // ------------------------------------------------------------------ constants

    uint8 private constant MAX_DECIMALS = 18;
    bytes32 private constant PERMIT_TYPEHASH = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );

    /// @inheritdoc IERC3643Token
    // solhint-disable-next-line const-name-snakecase
    string public constant version = "1";

    /// @inheritdoc IERC20Metadata
    uint8 public immutable decimals;

    // -------------------------------------------------------------------- storage

    mapping(address account => FrozenShares) private _frozen;
    mapping(address lost => address) private _successors;

    /// @inheritdoc IERC20Permit
    mapping(address owner => uint256) public nonces;

    /// @inheritdoc IERC3643Token
    mapping(address account => bool) public isAgent;

    /// @inheritdoc IERC3643Token
    address public identityRegistry;

    /// @inheritdoc IERC3643Token
    address public onchainID;

    /// @inheritdoc IShareToken
    address public holdsContract;

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
        for (uint256 i = 0; i < terms.agents.length; ++i) {
            _addAgent(terms.agents[i]);
        }
        if (terms.registry != address(0)) _setRegistry(terms.registry);
        if (terms.rules != address(0)) _setRules(terms.rules);
    }

    modifier onlyAgent() {
        _requireAgent();
        _;
    }

    // ----------------------------------------------------------------------- ERC-20

    /// @inheritdoc IERC20
    // Ending the call with the answer is what is meant.
    // slither-disable-next-line incorrect-return
    function transfer(address to, uint256 amount) external returns (bool) {
        _transfer(_ledger, msg.sender, to, amount);
        // The answer is true, from scratch memory: the compiler's way costs every transfer sixty gas more.
        assembly ("memory-safe") {
            mstore(0x00, 1)
            return(0x00, 0x20)
        }
    }

    /// @inheritdoc IERC20
    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        // Else anyone could announce an issue of nothing.
        if (from == address(0)) revert ERC20InvalidSender(from);
        _spendAllowance(from, msg.sender, amount);
        Ledger ledger = _ledger;
        if (ledger.has(LedgerLib.FLAG_FREEZES) && _isBlocked(msg.sender)) {
            revert ShareToken_SpenderBlocked(msg.sender);
        }
        _transfer(ledger, from, to, amount);
        return true;
    }

    /// @inheritdoc IERC3643Token
    function batchTransfer(address[] calldata toList, uint256[] calldata amounts) external {
        _forEach(toList, amounts, _give);
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
        bool signed = SignatureLib.isOf(owner, _hashTypedData(structHash), abi.encodePacked(r, s, v));
        if (!signed) revert ERC2612InvalidSigner(owner);
        _approve(owner, spender, value);
    }

    /// @inheritdoc IERC20Permit
    // solhint-disable-next-line func-name-mixedcase
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparator();
    }

    // ---------------------------------------------------------- record dates, income

    /// @inheritdoc IShareToken
    function scheduleRecord(uint48 closesAt) external onlyAgent returns (uint256 recordId) {
        return _scheduleRecord(closesAt);
    }

    /// @inheritdoc IShareToken
    function cancelRecords(uint256 firstId) external onlyOwner {
        _cancelRecords(firstId);
    }

    /// @inheritdoc IShareToken
    function successorOf(address account) public view returns (address) {
        while (_holders[account].account.has(AccountLib.FLAG_LOST)) account = _successors[account];
        return account;
    }

    /// @inheritdoc IShareToken
    function claimantOf(address account) external view returns (address) {
        return _claimantOf(account, incomeHeldWhileIneligible());
    }

    /// @inheritdoc IRecordHoldings
    function incomeHeldWhileIneligible() public view returns (bool) {
        return _ledger.has(LedgerLib.FLAG_HOLDS_INCOME);
    }

    /// @inheritdoc IRecordHoldings
    // Ending the call with the answer is what is meant.
    // slither-disable-next-line incorrect-return
    function holdingsAt(
        address account,
        uint256[] calldata recordIds,
        bool eligibleOnly
    ) external view returns (address claimant, uint256[] memory balances) {
        Holder storage holder = _holders[account];
        Account state = holder.account;
        claimant = account;
        // The common case asks no more: an ordinary wallet.
        if (eligibleOnly || state.anyFlag(state)) claimant = _claimantOf(account, eligibleOnly);
        _answerHoldings(claimant, holder.past, state, recordIds);
        // Not reached; for the compiler.
        return (claimant, balances);
    }

    /// @dev Who is to be paid what `account` is owed. This is the only place that decides it.
    function _claimantOf(address account, bool eligibleOnly) private view returns (address claimant) {
        claimant = successorOf(account);
        bool isHeld =
            _holders[claimant].account.has(AccountLib.FLAG_FROZEN) ||
                (eligibleOnly && !ComplianceLib.mayReceive(_ledger, identityRegistry, claimant));
        if (isHeld) claimant = address(0);
    }

    /// @inheritdoc IShareToken
    function setIncomeHeld(bool whileIneligible) external onlyOwner {
        _ledger = _ledger.with(LedgerLib.FLAG_HOLDS_INCOME, whileIneligible);
        emit IncomeHeldSet(whileIneligible);
    }

    // ------------------------------------------------------------- orders by agents

    /// @inheritdoc IERC3643Token
    function mint(address to, uint256 amount) external onlyAgent {
        Ledger ledger = _closeRecords();
        _growSupply(amount, ledger.closedRecords());
        _issue(to, amount, ledger);
    }

    /// @inheritdoc IERC3643Token
    function batchMint(address[] calldata toList, uint256[] calldata amounts) external onlyAgent {
        _requireSameLength(toList.length, amounts.length);
        Ledger ledger = _closeRecords();
        _growSupply(_sum(amounts), ledger.closedRecords());
        for (uint256 i = 0; i < toList.length; ++i) {
            _issue(toList[i], amounts[i], ledger);
        }
    }

    /// @inheritdoc IERC3643Token
    function burn(address userAddress, uint256 amount) external onlyAgent {
        _burn(userAddress, amount);
    }

    /// @inheritdoc IERC3643Token
    function batchBurn(address[] calldata userAddresses, uint256[] calldata amounts) external onlyAgent {
        _forEach(userAddresses, amounts, _burn);
    }

    /// @inheritdoc IERC7943Fungible
    function forcedTransfer(address from, address to, uint256 amount) external onlyAgent returns (bool) {
        _force(from, to, amount);
        return true;
    }

    /// @inheritdoc IERC3643Token
    function batchForcedTransfer(
        address[] calldata fromList,
        address[] calldata toList,
        uint256[] calldata amounts
    ) external onlyAgent {
        _requireSameLength(fromList.length, amounts.length);
        _requireSameLength(toList.length, amounts.length);
        for (uint256 i = 0; i < fromList.length; ++i) {
            _force(fromList[i], toList[i], amounts[i]);
        }
    }

    /// @inheritdoc IERC3643Token
    // Whatever the rules do while they are told, the lost wallet's balance is read after it.
    // slither-disable-next-line reentrancy-no-eth
    function recoveryAddress(
        address lostWallet,
        address newWallet,
        address investorOnchainID
    ) external onlyAgent returns (bool) {
        Account lost = _holders[lostWallet].account;
        bool impossible =
            lostWallet == newWallet ||
                lostWallet == address(0) ||
                newWallet == address(0) ||
                newWallet == address(this) ||
                lostWallet == owner() ||
                lostWallet == holdsContract ||
                lost.has(AccountLib.FLAG_LOST) ||
                _has(newWallet, AccountLib.FLAG_LOST);
        if (impossible) revert ShareToken_InvalidRecovery(lostWallet, newWallet);

        Ledger ledger = _closeRecords();
        address forgetful = ComplianceLib.recover(ledger, identityRegistry, lostWallet, newWallet, investorOnchainID);
        // Read anew: the rules may have let the wallet receive meanwhile.
        lost = _holders[lostWallet].account;
        _ledger = _ledger.with(LedgerLib.FLAG_FREEZES, true);
        _setAgent(lostWallet, false);
        _moveFreezes(lostWallet, newWallet, lost.has(AccountLib.FLAG_FROZEN));
        _move(lostWallet, newWallet, lost.balance(), ledger, false);
        _setFlag(lostWallet, AccountLib.FLAG_LOST, true);
        _successors[lostWallet] = newWallet;
        emit RecoverySuccess(lostWallet, newWallet, investorOnchainID);
        ComplianceLib.report(ledger, lostWallet, newWallet, lost.balance());
        if (forgetful != address(0)) IIdentityRegistry(forgetful).deleteIdentity(lostWallet);
        return true;
    }

    /// @inheritdoc IERC3643Token
    function pause() external onlyAgent {
        _ledger = _ledger.with(LedgerLib.FLAG_PAUSED, true);
        emit Paused(msg.sender);
    }

    /// @inheritdoc IERC3643Token
    function unpause() external onlyAgent {
        _ledger = _ledger.with(LedgerLib.FLAG_PAUSED, false);
        emit Unpaused(msg.sender);
    }

    // --------------------------------------------------------------------- freezing

    /// @inheritdoc IERC3643Token
    function setAddressFrozen(address userAddress, bool freeze) external onlyAgent {
        _setAddressFrozen(userAddress, freeze);
    }

    /// @inheritdoc IERC3643Token
    function batchSetAddressFrozen(address[] calldata userAddresses, bool[] calldata freeze) external onlyAgent {
        _requireSameLength(userAddresses.length, freeze.length);
        for (uint256 i = 0; i < userAddresses.length; ++i) {
            _setAddressFrozen(userAddresses[i], freeze[i]);
        }
    }

    /// @inheritdoc IERC7943Fungible
    function setFrozenTokens(address account, uint256 amount) external onlyAgent returns (bool) {
        FrozenShares frozen = _frozen[account];
        _setFrozen(account, frozen, frozen.withOrdered(amount));
        return true;
    }

    /// @inheritdoc IERC3643Token
    function freezePartialTokens(address userAddress, uint256 amount) external onlyAgent {
        _freezeMore(userAddress, amount);
    }

    /// @inheritdoc IERC3643Token
    function batchFreezePartialTokens(address[] calldata userAddresses, uint256[] calldata amounts) external onlyAgent {
        _forEach(userAddresses, amounts, _freezeMore);
    }

    /// @inheritdoc IERC3643Token
    function unfreezePartialTokens(address userAddress, uint256 amount) external onlyAgent {
        _freezeLess(userAddress, amount);
    }

    /// @inheritdoc IERC3643Token
    function batchUnfreezePartialTokens(
        address[] calldata userAddresses,
        uint256[] calldata amounts
    ) external onlyAgent {
        _forEach(userAddresses, amounts, _freezeLess);
    }

    // --------------------------------------------------------------------------- holds

    /// @inheritdoc IShareToken
    function hold(address account, uint256 amount) external {
        _requireHoldsContract();
        if (_isBlocked(account)) revert ERC7943CannotSend(account);
        FrozenShares frozen = _frozen[account];
        uint256 unfrozen = frozen.free(_balanceOf(account));
        if (amount > unfrozen) revert ERC7943InsufficientUnfrozenBalance(account, amount, unfrozen);
        _setFrozen(account, frozen, frozen.withHeld(frozen.held() + amount));
    }

    /// @inheritdoc IShareToken
    function deliver(address from, address to, uint256 amount) external {
        _letGo(from, amount);
        _transfer(_ledger, from, to, amount);
    }

    /// @inheritdoc IShareToken
    function release(address account, uint256 amount) external {
        _letGo(account, amount);
    }

    // ---------------------------------------------------------------- orders by the owner

    /// @inheritdoc IShareToken
    // Zero is none.
    // slither-disable-next-line missing-zero-check
    function setHoldsContract(address newHoldsContract) external onlyOwner {
        _requireNotLost(newHoldsContract);
        holdsContract = newHoldsContract;
        emit HoldsContractSet(newHoldsContract);
    }

    /// @inheritdoc IERC3643Token
    function addAgent(address agent) external onlyOwner {
        _addAgent(agent);
    }

    /// @inheritdoc IERC3643Token
    function removeAgent(address agent) external onlyOwner {
        _setAgent(agent, false);
    }

    /// @inheritdoc IERC3643Token
    function setCompliance(address newRules) external onlyOwner {
        _setRules(newRules);
    }

    /// @inheritdoc IERC3643Token
    function setIdentityRegistry(address newRegistry) external onlyOwner {
        _setRegistry(newRegistry);
    }

    /// @inheritdoc IERC3643Token
    function setName(string calldata newName) external onlyOwner {
        name = newName;
        _announceInformation();
        emit IERC5267.EIP712DomainChanged();
    }

    /// @inheritdoc IERC3643Token
    function setSymbol(string calldata newSymbol) external onlyOwner {
        symbol = newSymbol;
        _announceInformation();
    }

    /// @inheritdoc IERC3643Token
    // Zero is none.
    // slither-disable-next-line missing-zero-check
    function setOnchainID(address newOnchainID) external onlyOwner {
        onchainID = newOnchainID;
        _announceInformation();
    }

    /// @dev Kept from `Ownable` only to refuse it.
    function renounceOwnership() public view override onlyOwner {
        revert ShareToken_OwnerRequired();
    }

    // ------------------------------------------------------------------------ views

    /// @inheritdoc IERC3643Token
    function compliance() external view returns (address) {
        return _ledger.rules();
    }

    /// @inheritdoc IERC3643Token
    function paused() external view returns (bool) {
        return _ledger.has(LedgerLib.FLAG_PAUSED);
    }

    /// @inheritdoc IERC3643Token
    function isFrozen(address userAddress) external view returns (bool) {
        return _has(userAddress, AccountLib.FLAG_FROZEN);
    }

    /// @inheritdoc IERC7943Fungible
    function getFrozenTokens(address account) external view returns (uint256) {
        return _frozen[account].total();
    }

    /// @inheritdoc IShareToken
    function heldOf(address account) external view returns (uint256) {
        return _frozen[account].held();
    }

    /// @inheritdoc IERC7943Fungible
    function canSend(address account) public view returns (bool) {
        return !_isBlocked(account);
    }

    /// @inheritdoc IERC7943Fungible
    function canReceive(address account) public view returns (bool) {
        if (account == address(0) || account == address(this) || _isBlocked(account)) return false;
        return ComplianceLib.mayReceive(_ledger, identityRegistry, account);
    }

    /// @inheritdoc IERC7943Fungible
    function canTransfer(address from, address to, uint256 amount) external view returns (bool) {
        if (_ledger.has(LedgerLib.FLAG_PAUSED) || !canSend(from) || !canReceive(to)) return false;
        // An amount over the balance is the balance's refusal, not the freeze's.
        uint256 balance = _balanceOf(from);
        if (amount <= balance && amount > _unfrozen(from, balance)) return false;
        return ComplianceLib.allows(_ledger, from, to, amount);
    }

    /// @inheritdoc IShareToken
    function explain(
        address from,
        address to,
        uint256 amount
    ) external view returns (ITransferRules.Refusal[] memory refusals, uint256 most) {
        uint256 balance = _balanceOf(from);
        uint256 unfrozen = _unfrozen(from, balance);
        ITransferRules.Refusal[] memory own = new ITransferRules.Refusal[](5);
        uint256 count = 0;
        if (_ledger.has(LedgerLib.FLAG_PAUSED)) own[count++].code = ITransferRules.Code.Paused;
        if (_isBlocked(from)) own[count++].code = ITransferRules.Code.SenderBlocked;
        if (_isBlocked(to) || to == address(0) || to == address(this)) {
            own[count++].code = ITransferRules.Code.ReceiverBlocked;
        }
        bool stuck = count != 0;
        if (amount <= balance && amount > unfrozen) {
            own[count++] = ITransferRules.Refusal(ITransferRules.Code.AmountFrozen, amount, unfrozen);
        }
        if (_ledger.has(LedgerLib.FLAG_REGISTRY) && !ComplianceLib.isVerified(identityRegistry, to)) {
            own[count++].code = ITransferRules.Code.NotEligible;
            stuck = true;
        }
        (refusals, most) = ComplianceLib.explain(_ledger, from, to, amount, own, count);
        if (stuck) most = 0;
        if (most > unfrozen) most = unfrozen;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return
            interfaceId == type(IERC165).interfaceId ||
            interfaceId == type(IERC7943Fungible).interfaceId ||
            interfaceId == type(IERC20).interfaceId ||
            interfaceId == type(IERC20Permit).interfaceId ||
            interfaceId == type(IRecordToken).interfaceId;
    }

    // ---------------------------------------------------------------- moving shares

    function _give(address to, uint256 amount) private {
        _transfer(_ledger, msg.sender, to, amount);
    }

    /// @dev The rhythm of a transfer: close records, ask the rules, move, tell.
    function _transfer(Ledger ledger, address from, address to, uint256 amount) private {
        if (ledger.recordDue()) ledger = _closeDue(ledger);
        if (ledger.guarded()) return _transferGuarded(ledger, from, to, amount);
        _move(from, to, amount, ledger, true);
    }

    function _transferGuarded(Ledger ledger, address from, address to, uint256 amount) private {
        // Else rules would be asked about a burn. That the token itself is barred is found when shares move.
        if (to == address(0)) revert ERC20InvalidReceiver(to);
        // The common case of a guarded token: one call to rules of ours. An answer of false is refused below.
        if (ledger.asksOnlyOurRules() && ITransferRules(ledger.rules()).authorize(from, to, amount)) {
            return _move(from, to, amount, ledger, true);
        }
        if (ledger.has(LedgerLib.FLAG_PAUSED)) revert ShareToken_Paused();
        if (ledger.has(LedgerLib.FLAG_REGISTRY)) ComplianceLib.requireVerified(identityRegistry, to);
        ComplianceLib.authorize(ledger, from, to, amount);
        _move(from, to, amount, ledger, true);
        ComplianceLib.report(ledger, from, to, amount);
    }

    // Whatever the rules do while they are asked, balances are read after it.
    // slither-disable-next-line reentrancy-no-eth
    function _issue(address to, uint256 amount, Ledger ledger) private {
        _requireReceiver(to);
        if (ledger.has(LedgerLib.FLAG_REGISTRY)) ComplianceLib.requireVerified(identityRegistry, to);
        if (ledger.guarded()) ComplianceLib.book(ledger, address(0), to, amount, _supply.account.balance());
        _create(to, amount, ledger.closedRecords());
        if (ledger.guarded()) ComplianceLib.report(ledger, address(0), to, amount);
    }

    // Whatever the rules do while they are asked, balances are read after it.
    // slither-disable-next-line reentrancy-no-eth
    function _burn(address from, uint256 amount) private {
        Ledger ledger = _closeRecords();
        _requireBalance(from, amount);
        if (ledger.guarded()) ComplianceLib.book(ledger, from, address(0), amount, 0);
        _takeFrozen(from, amount);
        _destroy(from, amount, ledger.closedRecords());
        if (ledger.guarded()) ComplianceLib.report(ledger, from, address(0), amount);
    }

    // Whatever the rules do while they are asked, balances are read after it.
    // slither-disable-next-line reentrancy-no-eth
    function _force(address from, address to, uint256 amount) private {
        _requireReceiver(to);
        Ledger ledger = _closeRecords();
        _requireBalance(from, amount);
        if (ledger.has(LedgerLib.FLAG_REGISTRY)) ComplianceLib.requireVerified(identityRegistry, to);
        if (ledger.guarded()) ComplianceLib.book(ledger, from, to, amount, 0);
        // What stays with its holder stays frozen.
        if (from != to) _takeFrozen(from, amount);
        _move(from, to, amount, ledger, false);
        emit ForcedTransfer(from, to, amount);
        if (ledger.guarded()) ComplianceLib.report(ledger, from, to, amount);
    }

    function _requireReceiver(address to) private view {
        if (to == address(0) || to == address(this)) revert ERC20InvalidReceiver(to);
        if (_isBlocked(to)) revert ERC7943CannotReceive(to);
    }

    function _requireBalance(address from, uint256 amount) private view {
        uint256 balance = _balanceOf(from);
        if (amount > balance) revert ERC20InsufficientBalance(from, balance, amount);
    }

    function _requireFree(
        address from,
        Account source,
        address to,
        Account target,
        uint256 amount
    ) internal view override {
        if (target.has(AccountLib.FLAG_BARRED)) revert ERC20InvalidReceiver(to);
        uint256 blocked = AccountLib.FLAG_FROZEN | AccountLib.FLAG_LOST;
        if (source.has(blocked)) revert ERC7943CannotSend(from);
        if (target.has(blocked)) revert ERC7943CannotReceive(to);
        if (!source.has(AccountLib.FLAG_PARTLY_FROZEN)) return;
        uint256 unfrozen = _unfrozen(from, source.balance());
        if (amount <= source.balance() && amount > unfrozen) {
            revert ERC7943InsufficientUnfrozenBalance(from, amount, unfrozen);
        }
    }

    // --------------------------------------------------------------- freezing inside

    function _isBlocked(address account) private view returns (bool) {
        return _has(account, AccountLib.FLAG_FROZEN | AccountLib.FLAG_LOST);
    }

    function _unfrozen(address account, uint256 balance) private view returns (uint256) {
        return _frozen[account].free(balance);
    }

    /// @dev Before shares are taken by order: what the unfrozen part does not cover is released.
    function _takeFrozen(address account, uint256 amount) private {
        FrozenShares frozen = _frozen[account];
        uint256 balance = _balanceOf(account);
        if (amount > frozen.free(balance)) _setFrozen(account, frozen, frozen.taken(balance, amount));
    }

    function _moveFreezes(address lost, address successor, bool frozen) private {
        FrozenShares gone = _frozen[lost];
        if (gone.total() != 0) {
            FrozenShares present = _frozen[successor];
            _setFrozen(successor, present, present.plus(gone));
            _setFrozen(lost, gone, FrozenShares.wrap(0));
        }
        if (frozen) _setAddressFrozen(successor, true);
    }

    function _freezeMore(address account, uint256 amount) private {
        uint256 balance = _balanceOf(account);
        FrozenShares frozen = _frozen[account];
        uint256 present = frozen.total();
        if (present > balance || amount > balance - present) {
            revert ShareToken_FreezeExceedsBalance(account, present, balance);
        }
        _setFrozen(account, frozen, frozen.withOrdered(frozen.ordered() + amount));
    }

    function _freezeLess(address account, uint256 amount) private {
        FrozenShares frozen = _frozen[account];
        uint256 ordered = frozen.ordered();
        if (amount > ordered) revert ShareToken_UnfreezeExceedsFrozen(account, amount, ordered);
        _setFrozen(account, frozen, frozen.withOrdered(ordered - amount));
    }

    /// @dev What is held of an account, less an amount.
    function _letGo(address account, uint256 amount) private {
        _requireHoldsContract();
        FrozenShares frozen = _frozen[account];
        uint256 held = frozen.held();
        if (amount > held) revert ShareToken_HoldExceeded(account, amount, held);
        _setFrozen(account, frozen, frozen.withHeld(held - amount));
    }

    function _setFrozen(address account, FrozenShares before, FrozenShares frozen) private {
        _frozen[account] = frozen;
        uint256 amount = frozen.total();
        _setFlag(account, AccountLib.FLAG_PARTLY_FROZEN, amount != 0);
        if (frozen.holdsOther(before)) {
            emit HeldSet(account, frozen.held());
            if (frozen.ordered() == before.ordered()) return;
        }
        uint256 present = before.total();
        emit Frozen(account, amount);
        if (amount > present) emit TokensFrozen(account, amount - present);
        if (amount < present) emit TokensUnfrozen(account, present - amount);
    }

    function _setAddressFrozen(address account, bool freeze) private {
        _setFlag(account, AccountLib.FLAG_FROZEN, freeze);
        if (freeze) _ledger = _ledger.with(LedgerLib.FLAG_FREEZES, true);
        emit AddressFrozen(account, freeze, msg.sender);
    }

    function _setFlag(address account, uint256 flag, bool on) private {
        Holder storage holder = _holders[account];
        holder.account = holder.account.with(flag, on);
    }

    // ------------------------------------------------------------------ roles inside

    /// @dev Once for all orders by agents: a copy in each would not fit.
    function _requireAgent() private view {
        if (!isAgent[msg.sender]) revert ShareToken_NotAgent(msg.sender);
    }

    function _requireHoldsContract() private view {
        if (msg.sender != holdsContract) revert ShareToken_NotHoldsContract(msg.sender);
    }

    /// @dev Where a role is given: whoever is lost has lost its key to somebody. Taking the role where a wallet is
    /// recovered from, and refusing it here, spares every order the question.
    function _requireNotLost(address account) private view {
        if (_has(account, AccountLib.FLAG_LOST)) revert ShareToken_HasSuccessor(account);
    }

    /// @dev Also of who accepts, should its wallet be lost meanwhile.
    function _transferOwnership(address newOwner) internal override {
        _requireNotLost(newOwner);
        super._transferOwnership(newOwner);
    }

    function _addAgent(address agent) private {
        if (agent == address(0)) revert ShareToken_InvalidAgent(agent);
        _requireNotLost(agent);
        _setAgent(agent, true);
    }

    function _setAgent(address agent, bool on) private {
        if (isAgent[agent] == on) return;
        isAgent[agent] = on;
        if (on) emit AgentAdded(agent);
        else emit AgentRemoved(agent);
    }

    // The ledger is read anew after the calls.
    // slither-disable-next-line reentrancy-no-eth
    function _setRules(address newRules) private {
        bool ours = ComplianceLib.replaceRules(_ledger, newRules);
        // Read anew: the old rules may have called back.
        Ledger ledger = _ledger.withRules(newRules).with(LedgerLib.FLAG_OUR_RULES, ours);
        _ledger = ComplianceLib.withRegistry(ledger, identityRegistry);
        emit ComplianceAdded(newRules);
    }

    function _setRegistry(address newRegistry) private {
        identityRegistry = newRegistry;
        _ledger = ComplianceLib.withRegistry(_ledger, newRegistry);
        emit IdentityRegistryAdded(newRegistry);
    }

    function _announceInformation() private {
        emit UpdatedTokenInformation(name, symbol, decimals, version, onchainID);
    }

    /// @dev The same order for many, each with its amount.
    function _forEach(
        address[] calldata accounts,
        uint256[] calldata amounts,
        function(address, uint256) internal order
    ) private {
        _requireSameLength(accounts.length, amounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) {
            order(accounts[i], amounts[i]);
        }
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
        return (name, version);
    }

    function _domainNameAndVersionMayChange() internal pure override returns (bool) {
        return true;
    }
}
