// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {WithholdingPolicy} from "../../../../contracts/tax/WithholdingPolicy.sol";
import {IWithholdingPolicy} from "../../../../contracts/tax/IWithholdingPolicy.sol";
import {Refusals} from "./Refusals.sol";
import {VM} from "./Vm.sol";

/// @title PolicyAccessFacts
/// @notice Who may call what of the withholding policy: for every caller and all arguments. Each check's notice is its sentence. (Law 23)
contract PolicyAccessFacts is Refusals {
    WithholdingPolicy private policy;

    function setUp() public {
        IWithholdingPolicy.Rate[] memory rates = new IWithholdingPolicy.Rate[](5);
        for (uint8 kind = 0; kind < 5; ++kind) {
            rates[kind] = IWithholdingPolicy.Rate({country: 0, class: 255, kind: kind, basisPoints: 2_500});
        }
        policy = new WithholdingPolicy(OWNER, address(0), address(0xc011ec), rates);
        VM.prank(OWNER);
        policy.addAgent(AGENT);
    }

    function _subject() internal view override returns (address) {
        return address(policy);
    }

    /// @dev Of this contract the owner may do what agents may.
    function _onlyAgent(address caller, bytes memory data) private {
        VM.assume(caller != AGENT && caller != OWNER);
        _refusedWith(IWithholdingPolicy.WithholdingPolicy_NotAgent.selector, caller, data);
    }

    /// @notice Only an agent of the policy, or its owner, may call certify.
    function check_policy_only_agent_certify(address caller, address a, bytes32 b) public {
        IWithholdingPolicy.Certificate[] memory certificates = new IWithholdingPolicy.Certificate[](1);
        certificates[0].documentHash = b;
        _onlyAgent(caller, abi.encodeCall(policy.certify, (_one(a), certificates)));
    }

    /// @notice Only an agent of the policy, or its owner, may call revoke.
    function check_policy_only_agent_revoke(address caller, address a, uint256 b) public {
        _onlyAgent(caller, abi.encodeCall(policy.revoke, (a, b)));
    }

    /// @notice Only the policy's owner may call setRates.
    function check_policy_only_owner_set_rates(address caller, uint48 a) public {
        _onlyOwner(caller, abi.encodeCall(policy.setRates, (new IWithholdingPolicy.Rate[](0), a)));
    }

    /// @notice Only the policy's owner may call addAgent.
    function check_policy_only_owner_add_agent(address caller, address a) public {
        _onlyOwner(caller, abi.encodeCall(policy.addAgent, (a)));
    }

    /// @notice Only the policy's owner may call removeAgent.
    function check_policy_only_owner_remove_agent(address caller, address a) public {
        _onlyOwner(caller, abi.encodeCall(policy.removeAgent, (a)));
    }

    /// @notice Only the policy's owner may call transferOwnership.
    function check_policy_only_owner_transfer_ownership(address caller, address a) public {
        _onlyOwner(caller, abi.encodeCall(policy.transferOwnership, (a)));
    }

    /// @notice Nobody, the owner included, can leave the policy without an owner.
    function check_policy_keeps_its_owner(address caller) public {
        _refused(caller, abi.encodeCall(policy.renounceOwnership, ()));
    }
}
