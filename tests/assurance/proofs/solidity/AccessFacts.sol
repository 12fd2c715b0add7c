// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ShareToken} from "../../../../contracts/token/ShareToken.sol";
import {IShareToken} from "../../../../contracts/token/IShareToken.sol";
import {Refusals} from "./Refusals.sol";
import {VM} from "./Vm.sol";

/// @title AccessFacts
/// @notice Who may call what of the share token: for every caller and all arguments. Each check's notice is its
/// sentence. (Law 23)
contract AccessFacts is Refusals {
    ShareToken private token;

    /// @dev The owner is no agent, and the agent not the owner.
    function setUp() public {
        token = new ShareToken(
            IShareToken.Terms("Harbour Street 12", "HARB", 0, OWNER, address(0), address(0), _one(AGENT))
        );
    }

    function _subject() internal view override returns (address) {
        return address(token);
    }

    /// @dev Anyone but an agent is refused.
    function _onlyAgent(address caller, bytes memory data) private {
        VM.assume(caller != AGENT);
        _refusedWith(IShareToken.ShareToken_NotAgent.selector, caller, data);
    }

    function _one(uint256 amount) private pure returns (uint256[] memory list) {
        list = new uint256[](1);
        list[0] = amount;
    }

    // ------------------------------------------------------------------------- agents

    /// @notice Only an agent may call scheduleRecord.
    function check_only_agent_schedule_record(address caller, uint48 a) public {
        _onlyAgent(caller, abi.encodeCall(token.scheduleRecord, (a)));
    }

    /// @notice Only an agent may call mint.
    function check_only_agent_mint(address caller, address a, uint256 b) public {
        _onlyAgent(caller, abi.encodeCall(token.mint, (a, b)));
    }

    /// @notice Only an agent may call batchMint.
    function check_only_agent_batch_mint(address caller, address a, uint256 b) public {
        _onlyAgent(caller, abi.encodeCall(token.batchMint, (_one(a), _one(b))));
    }

    /// @notice Only an agent may call burn.
    function check_only_agent_burn(address caller, address a, uint256 b) public {
        _onlyAgent(caller, abi.encodeCall(token.burn, (a, b)));
    }

    /// @notice Only an agent may call batchBurn.
    function check_only_agent_batch_burn(address caller, address a, uint256 b) public {
        _onlyAgent(caller, abi.encodeCall(token.batchBurn, (_one(a), _one(b))));
    }

    /// @notice Only an agent may call forcedTransfer.
    function check_only_agent_forced_transfer(address caller, address a, address b, uint256 c) public {
        _onlyAgent(caller, abi.encodeCall(token.forcedTransfer, (a, b, c)));
    }

    /// @notice Only an agent may call batchForcedTransfer.
    function check_only_agent_batch_forced_transfer(address caller, address a, address b, uint256 c) public {
        _onlyAgent(caller, abi.encodeCall(token.batchForcedTransfer, (_one(a), _one(b), _one(c))));
    }

    /// @notice Only an agent may call recoveryAddress.
    function check_only_agent_recovery_address(address caller, address a, address b, address c) public {
        _onlyAgent(caller, abi.encodeCall(token.recoveryAddress, (a, b, c)));
    }

    /// @notice Only an agent may call pause.
    function check_only_agent_pause(address caller) public {
        _onlyAgent(caller, abi.encodeCall(token.pause, ()));
    }

    /// @notice Only an agent may call unpause.
    function check_only_agent_unpause(address caller) public {
        _onlyAgent(caller, abi.encodeCall(token.unpause, ()));
    }

    /// @notice Only an agent may call setAddressFrozen.
    function check_only_agent_set_address_frozen(address caller, address a, bool b) public {
        _onlyAgent(caller, abi.encodeCall(token.setAddressFrozen, (a, b)));
    }

    /// @notice Only an agent may call batchSetAddressFrozen.
    function check_only_agent_batch_set_address_frozen(address caller, address a, bool b) public {
        bool[] memory flags = new bool[](1);
        flags[0] = b;
        _onlyAgent(caller, abi.encodeCall(token.batchSetAddressFrozen, (_one(a), flags)));
    }

    /// @notice Only an agent may call setFrozenTokens.
    function check_only_agent_set_frozen_tokens(address caller, address a, uint256 b) public {
        _onlyAgent(caller, abi.encodeCall(token.setFrozenTokens, (a, b)));
    }

    /// @notice Only an agent may call freezePartialTokens.
    function check_only_agent_freeze_partial_tokens(address caller, address a, uint256 b) public {
        _onlyAgent(caller, abi.encodeCall(token.freezePartialTokens, (a, b)));
    }

    /// @notice Only an agent may call batchFreezePartialTokens.
    function check_only_agent_batch_freeze_partial_tokens(address caller, address a, uint256 b) public {
        _onlyAgent(caller, abi.encodeCall(token.batchFreezePartialTokens, (_one(a), _one(b))));
    }

    /// @notice Only an agent may call unfreezePartialTokens.
    function check_only_agent_unfreeze_partial_tokens(address caller, address a, uint256 b) public {
        _onlyAgent(caller, abi.encodeCall(token.unfreezePartialTokens, (a, b)));
    }

    /// @notice Only an agent may call batchUnfreezePartialTokens.
    function check_only_agent_batch_unfreeze_partial_tokens(address caller, address a, uint256 b) public {
        _onlyAgent(caller, abi.encodeCall(token.batchUnfreezePartialTokens, (_one(a), _one(b))));
    }
    // ---------------------------------------------------------------------- the owner

    /// @notice Only the owner may call setIncomeHeld.
    function check_only_owner_set_income_waits(address caller, bool a) public {
        _onlyOwner(caller, abi.encodeCall(token.setIncomeHeld, (a)));
    }

    /// @notice Only the owner may call addAgent.
    function check_only_owner_add_agent(address caller, address a) public {
        _onlyOwner(caller, abi.encodeCall(token.addAgent, (a)));
    }

    /// @notice Only the owner may call removeAgent.
    function check_only_owner_remove_agent(address caller, address a) public {
        _onlyOwner(caller, abi.encodeCall(token.removeAgent, (a)));
    }

    /// @notice Only the owner may call setCompliance.
    function check_only_owner_set_compliance(address caller, address a) public {
        _onlyOwner(caller, abi.encodeCall(token.setCompliance, (a)));
    }

    /// @notice Only the owner may call setIdentityRegistry.
    function check_only_owner_set_identity_registry(address caller, address a) public {
        _onlyOwner(caller, abi.encodeCall(token.setIdentityRegistry, (a)));
    }

    /// @notice Only the owner may call setName.
    function check_only_owner_set_name(address caller) public {
        _onlyOwner(caller, abi.encodeCall(token.setName, ("x")));
    }

    /// @notice Only the owner may call setSymbol.
    function check_only_owner_set_symbol(address caller) public {
        _onlyOwner(caller, abi.encodeCall(token.setSymbol, ("x")));
    }

    /// @notice Only the owner may call setOnchainID.
    function check_only_owner_set_onchain_id(address caller, address a) public {
        _onlyOwner(caller, abi.encodeCall(token.setOnchainID, (a)));
    }

    /// @notice Only the owner may call transferOwnership.
    function check_only_owner_transfer_ownership(address caller, address a) public {
        _onlyOwner(caller, abi.encodeCall(token.transferOwnership, (a)));
    }

    /// @notice Only the owner may call setDocument.
    function check_only_owner_set_document(address caller, bytes32 a, bytes32 b) public {
        _onlyOwner(caller, abi.encodeCall(token.setDocument, (a, "uri", b)));
    }

    /// @notice Only the owner may call removeDocument.
    function check_only_owner_remove_document(address caller, bytes32 a) public {
        _onlyOwner(caller, abi.encodeCall(token.removeDocument, (a)));
    }

    /// @notice Only the owner may call setContractURI.
    function check_only_owner_set_contract_uri(address caller) public {
        _onlyOwner(caller, abi.encodeCall(token.setContractURI, ("uri")));
    }

    /// @notice Nobody, the owner included, can leave the token without an owner.
    function check_nobody_renounces_ownership(address caller) public {
        _refused(caller, abi.encodeCall(token.renounceOwnership, ()));
    }

    // ---------------------------------------------------------------------- controls

    /// @notice False: only an agent may approve a spender.
    function check_control_only_agents_approve(address caller, address spender, uint256 amount) public {
        _onlyAgent(caller, abi.encodeCall(token.approve, (spender, amount)));
    }
}
