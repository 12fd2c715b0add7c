// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IDocuments} from "./IDocuments.sol";

/// @title Documents
/// @notice Legal papers and metadata, set by the owner. `IDocuments` is the specification.
abstract contract Documents is IDocuments, Ownable2Step {
    struct Document {
        string uri;
        bytes32 documentHash;
        uint64 timestamp;
        uint64 index;
    }

    mapping(bytes32 name => Document) private _documents;
    bytes32[] private _names;

    /// @inheritdoc IDocuments
    string public contractURI;

    /// @inheritdoc IDocuments
    function setDocument(bytes32 name, string calldata uri, bytes32 documentHash) external onlyOwner {
        if (bytes(uri).length == 0) revert Documents_Empty(name);
        Document storage document = _documents[name];
        if (document.timestamp == 0) {
            document.index = uint64(_names.length);
            _names.push(name);
        }
        (document.uri, document.documentHash, document.timestamp) = (uri, documentHash, uint64(block.timestamp));
        emit DocumentUpdated(name, uri, documentHash);
    }

    /// @inheritdoc IDocuments
    function removeDocument(bytes32 name) external onlyOwner {
        Document memory document = _documents[name];
        if (document.timestamp == 0) revert Documents_Unknown(name);
        // The last name takes the place of the one that goes.
        bytes32 last = _names[_names.length - 1];
        _names[document.index] = last;
        _documents[last].index = document.index;
        _names.pop();
        delete _documents[name];
        emit DocumentRemoved(name, document.uri, document.documentHash);
    }

    /// @inheritdoc IDocuments
    function getDocument(bytes32 name) external view returns (string memory, bytes32, uint256) {
        Document storage document = _documents[name];
        return (document.uri, document.documentHash, document.timestamp);
    }

    /// @inheritdoc IDocuments
    function getAllDocuments() external view returns (bytes32[] memory) {
        return _names;
    }

    /// @inheritdoc IDocuments
    function setContractURI(string calldata uri) external onlyOwner {
        contractURI = uri;
        emit ContractURIUpdated();
    }
}
