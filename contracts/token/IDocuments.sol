// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IDocuments
/// @notice Legal papers and metadata of an asset: ERC-1643 and ERC-7572.
interface IDocuments {
    /// @notice ERC-1643: a document was added or replaced.
    event DocumentUpdated(bytes32 indexed name, string uri, bytes32 documentHash);

    /// @notice ERC-1643: a document was removed.
    event DocumentRemoved(bytes32 indexed name, string uri, bytes32 documentHash);

    /// @notice ERC-7572: the metadata of the contract changed.
    event ContractURIUpdated();

    /// @notice Thrown when there is no document of this name.
    error Documents_Unknown(bytes32 name);

    /// @notice Thrown when a document has no address to be found at.
    error Documents_Empty(bytes32 name);

    /// @notice Adds or replaces a document. Owner only.
    /// @param documentHash Hash of the content, zero if unknown
    function setDocument(bytes32 name, string calldata uri, bytes32 documentHash) external;

    /// @notice Removes a document. Owner only.
    function removeDocument(bytes32 name) external;

    /// @notice A document: where it is, the hash of its content, and when it was last set. Empty if unknown.
    function getDocument(
        bytes32 name
    ) external view returns (string memory uri, bytes32 documentHash, uint256 timestamp);

    /// @notice The names of all documents.
    function getAllDocuments() external view returns (bytes32[] memory);

    /// @notice Replaces the address of the contract's metadata. Owner only.
    function setContractURI(string calldata uri) external;

    /// @notice ERC-7572: where the contract's metadata is.
    function contractURI() external view returns (string memory);
}
