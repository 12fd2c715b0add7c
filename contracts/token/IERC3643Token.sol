// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IERC3643Token
/// @notice What ERC-3643 asks of a token beyond ERC-20 and beyond what `IERC7943Fungible` declares under the same
/// selectors (`forcedTransfer`, `getFrozenTokens`).
interface IERC3643Token {
    /// @notice Name, symbol, identity or version changed.
    event UpdatedTokenInformation(
        string indexed newName,
        string indexed newSymbol,
        uint8 newDecimals,
        string newVersion,
        address indexed newOnchainID
    );

    /// @notice The identity registry is now `identityRegistry`.
    event IdentityRegistryAdded(address indexed identityRegistry);

    /// @notice The compliance contract is now `compliance`.
    event ComplianceAdded(address indexed compliance);

    /// @notice `newWallet` took the place of `lostWallet`.
    event RecoverySuccess(address indexed lostWallet, address indexed newWallet, address indexed investorOnchainID);

    /// @notice A wallet was frozen or released by `owner`.
    event AddressFrozen(address indexed userAddress, bool indexed isFrozen, address indexed owner);

    /// @notice `amount` more of the wallet's shares are frozen.
    event TokensFrozen(address indexed userAddress, uint256 amount);

    /// @notice `amount` fewer of the wallet's shares are frozen.
    event TokensUnfrozen(address indexed userAddress, uint256 amount);

    // Not indexed, as ERC-3643 has it.
    // slither-disable-start unindexed-event-address

    /// @notice Holders can no longer transfer.
    event Paused(address userAddress);

    /// @notice Holders can transfer again.
    event Unpaused(address userAddress);

    // slither-disable-end unindexed-event-address

    /// @notice `agent` may act from now on.
    event AgentAdded(address indexed agent);

    /// @notice `agent` may no longer act.
    event AgentRemoved(address indexed agent);

    /// @notice Changes the name, and with it the domain of permits. Owner only.
    function setName(string calldata name) external;

    /// @notice Changes the symbol. Owner only.
    function setSymbol(string calldata symbol) external;

    /// @notice Changes the identity contract of the token. Owner only.
    function setOnchainID(address newOnchainID) external;

    /// @notice Stops transfers by holders. Agents only.
    function pause() external;

    /// @notice Allows transfers by holders again. Agents only.
    function unpause() external;

    /// @notice Freezes a wallet, or releases it. Agents only.
    function setAddressFrozen(address userAddress, bool freeze) external;

    /// @notice Freezes `amount` more shares of a wallet, within its balance. Agents only.
    function freezePartialTokens(address userAddress, uint256 amount) external;

    /// @notice Releases `amount` frozen shares of a wallet. Agents only.
    function unfreezePartialTokens(address userAddress, uint256 amount) external;

    /// @notice Replaces the identity registry; zero for none. Owner only. An answer of registry or rules that needs more
    /// than 8,000,000 gas is a refusal, by `canReceive` and `canTransfer` as by a movement.
    function setIdentityRegistry(address newRegistry) external;

    /// @notice Replaces the rules; zero makes the token open. Owner only. A compliance contract of ERC-3643 must let the
    /// token bind it; what the old rules say does not count.
    function setCompliance(address newRules) external;

    /// @notice Issues shares. Agents only. Asks the registry; of the rules, by the standard's text, nothing: who issues
    /// asks `canTransfer(0, to, amount)` of a compliance contract first if that is to bind. Rules of ours may cap the supply.
    /// Shares issued in the last second of a record earn at it, so whoever pays ahead trusts the agents.
    function mint(address to, uint256 amount) external;

    /// @notice Destroys shares, frozen ones last. Agents only. Income of closed records stays owed.
    function burn(address userAddress, uint256 amount) external;

    /// @notice Puts a new wallet in the place of a lost one, with shares, freezes and past income. Agents only. An ERC-3643
    /// registry must have made the token its agent, and must know both wallets by one identity: it registers the new one
    /// by `investorOnchainID` if need be, and forgets the lost one once the compliance contract has been told.
    /// A lost agent's role ends; it does not pass on. The owner's wallet cannot be lost, else an agent could end the
    /// ownership: the owner hands over first. Nor can the contract that may hold shares.
    /// No key of the holder is asked for: an agent can so give any wallet's shares and unpaid income to another wallet
    /// of the same person.
    function recoveryAddress(address lostWallet, address newWallet, address investorOnchainID) external returns (bool);

    /// @notice Transfers the caller's shares to many receivers.
    function batchTransfer(address[] calldata toList, uint256[] calldata amounts) external;

    /// @notice Many forced transfers. Agents only.
    function batchForcedTransfer(
        address[] calldata fromList,
        address[] calldata toList,
        uint256[] calldata amounts
    ) external;

    /// @notice Issues shares to many receivers, the supply being written once. Agents only.
    function batchMint(address[] calldata toList, uint256[] calldata amounts) external;

    /// @notice Destroys shares of many holders. Agents only.
    function batchBurn(address[] calldata userAddresses, uint256[] calldata amounts) external;

    /// @notice Freezes or releases many wallets. Agents only.
    function batchSetAddressFrozen(address[] calldata userAddresses, bool[] calldata freeze) external;

    /// @notice Freezes more shares of many wallets. Agents only.
    function batchFreezePartialTokens(address[] calldata userAddresses, uint256[] calldata amounts) external;

    /// @notice Releases shares of many wallets. Agents only.
    function batchUnfreezePartialTokens(address[] calldata userAddresses, uint256[] calldata amounts) external;

    /// @notice Lets `agent` act. Owner only; adding an agent again changes nothing.
    function addAgent(address agent) external;

    /// @notice Takes an agent's power. Owner only; removing one who is not an agent changes nothing.
    function removeAgent(address agent) external;

    /// @notice Whether `account` is an agent.
    function isAgent(address account) external view returns (bool);

    /// @notice The identity contract of the token.
    function onchainID() external view returns (address);

    /// @notice The version of this token's code.
    function version() external view returns (string memory);

    /// @notice The identity registry, zero for none.
    function identityRegistry() external view returns (address);

    /// @notice The rules contract, zero for an open token.
    function compliance() external view returns (address);

    /// @notice Whether transfers by holders are stopped.
    function paused() external view returns (bool);

    /// @notice Whether a wallet is frozen as a whole.
    function isFrozen(address userAddress) external view returns (bool);
}
