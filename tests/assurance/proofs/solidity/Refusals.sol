// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {VM} from "./Vm.sol";

/// @title Refusals
/// @notice How a fact says that a contract refuses a caller: what facts about access share.
abstract contract Refusals {
    address internal constant OWNER = address(0x0a11ce);
    address internal constant AGENT = address(0xa6e47);

    /// @dev The contract that is called.
    function _subject() internal view virtual returns (address);

    /// @dev Anyone but the owner is refused.
    function _onlyOwner(address caller, bytes memory data) internal {
        VM.assume(caller != OWNER);
        _refusedWith(Ownable.OwnableUnauthorizedAccount.selector, caller, data);
    }

    /// @dev For who it is, and for no other reason.
    function _refusedWith(bytes4 selector, address caller, bytes memory data) internal {
        VM.prank(caller);
        (bool done, bytes memory reason) = _subject().call(data);
        assert(!done && keccak256(reason) == keccak256(abi.encodeWithSelector(selector, caller)));
    }

    function _refused(address caller, bytes memory data) internal {
        VM.prank(caller);
        (bool done, ) = _subject().call(data);
        assert(!done);
    }

    function _one(address account) internal pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = account;
    }
}
