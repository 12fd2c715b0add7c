// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {InvestorRegistry} from "../../../../contracts/compliance/InvestorRegistry.sol";
import {IInvestorRegistry} from "../../../../contracts/compliance/IInvestorRegistry.sol";
import {Investor} from "../../../../contracts/compliance/InvestorLib.sol";
import {Refusals} from "./Refusals.sol";
import {VM} from "./Vm.sol";

/// @title RegistryAccessFacts
/// @notice Who may call what of the registry: for every caller and all arguments. Each check's notice is its sentence. (Law 23)
contract RegistryAccessFacts is Refusals {
    InvestorRegistry private registry;

    /// @dev The owner is no agent, and the agent not the owner.
    function setUp() public {
        address[] memory agents = new address[](1);
        agents[0] = AGENT;
        registry = new InvestorRegistry(OWNER, agents);
    }

    function _subject() internal view override returns (address) {
        return address(registry);
    }

    function _onlyAgent(address caller, bytes memory data) private {
        VM.assume(caller != AGENT);
        _refusedWith(IInvestorRegistry.InvestorRegistry_NotAgent.selector, caller, data);
    }

    /// @notice Only an agent of the registry may call register.
    function check_registry_only_agent_register(address caller, address a, uint256 b) public {
        Investor[] memory investors = new Investor[](1);
        investors[0] = Investor.wrap(b);
        _onlyAgent(caller, abi.encodeCall(registry.register, (_one(a), investors)));
    }

    /// @notice Only an agent of the registry may call registerIdentity.
    function check_registry_only_agent_register_identity(address caller, address a, address b, uint16 c) public {
        _onlyAgent(caller, abi.encodeCall(registry.registerIdentity, (a, b, c)));
    }

    /// @notice Only an agent of the registry may call batchRegisterIdentity.
    function check_registry_only_agent_batch_register_identity(address caller, address a, address b, uint16 c) public {
        uint16[] memory countries = new uint16[](1);
        countries[0] = c;
        _onlyAgent(caller, abi.encodeCall(registry.batchRegisterIdentity, (_one(a), _one(b), countries)));
    }

    /// @notice Only an agent of the registry may call deleteIdentity.
    function check_registry_only_agent_delete_identity(address caller, address a) public {
        _onlyAgent(caller, abi.encodeCall(registry.deleteIdentity, (a)));
    }

    /// @notice Only an agent of the registry may call updateCountry.
    function check_registry_only_agent_update_country(address caller, address a, uint16 b) public {
        _onlyAgent(caller, abi.encodeCall(registry.updateCountry, (a, b)));
    }

    /// @notice Only an agent of the registry may call updateIdentity.
    function check_registry_only_agent_update_identity(address caller, address a, address b) public {
        _onlyAgent(caller, abi.encodeCall(registry.updateIdentity, (a, b)));
    }

    /// @notice Only an agent of the registry may call confirmLoss.
    function check_registry_only_agent_confirm_loss(address caller, address a, address b) public {
        _onlyAgent(caller, abi.encodeCall(registry.confirmLoss, (a, b)));
    }

    /// @notice Only an agent of the registry may call undoLoss.
    function check_registry_only_agent_undo_loss(address caller, address a) public {
        _onlyAgent(caller, abi.encodeCall(registry.undoLoss, (a)));
    }

    /// @notice Only an agent of the registry may call count.
    function check_registry_only_agent_count(address caller, address a, address b) public {
        _onlyAgent(caller, abi.encodeCall(registry.count, (a, _one(b))));
    }

    /// @notice Only the registry's owner may call bindToken.
    function check_registry_only_owner_bind_token(address caller, address a) public {
        _onlyOwner(caller, abi.encodeCall(registry.bindToken, (a)));
    }

    /// @notice Only the registry's owner may call unbindToken.
    function check_registry_only_owner_unbind_token(address caller, address a) public {
        _onlyOwner(caller, abi.encodeCall(registry.unbindToken, (a)));
    }

    /// @notice Only the registry's owner may call addAgent.
    function check_registry_only_owner_add_agent(address caller, address a) public {
        _onlyOwner(caller, abi.encodeCall(registry.addAgent, (a)));
    }

    /// @notice Only the registry's owner may call removeAgent.
    function check_registry_only_owner_remove_agent(address caller, address a) public {
        _onlyOwner(caller, abi.encodeCall(registry.removeAgent, (a)));
    }

    /// @notice Only the registry's owner may call transferOwnership.
    function check_registry_only_owner_transfer_ownership(address caller, address a) public {
        _onlyOwner(caller, abi.encodeCall(registry.transferOwnership, (a)));
    }

    /// @notice Nobody, the owner included, can leave the registry without an owner.
    function check_registry_keeps_its_owner(address caller) public {
        _refused(caller, abi.encodeCall(registry.renounceOwnership, ()));
    }
}
