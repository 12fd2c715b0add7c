// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title TokenRolesLib
/// @notice Asks any token the optional questions about people: who speaks for it, and who succeeds whom.
/// @dev Tokens that do not know a question are ordinary; no answer here can make a payment revert.
library TokenRolesLib {
    bytes4 private constant IS_AGENT = bytes4(keccak256("isAgent(address)"));
    bytes4 private constant OWNER = bytes4(keccak256("owner()"));
    bytes4 private constant CLAIMANT_OF = bytes4(keccak256("claimantOf(address)"));
    bytes4 private constant SUCCESSOR_OF = bytes4(keccak256("successorOf(address)"));

    /// @dev Whether `token` names people who speak for it, agents (ERC-3643) or an owner (ERC-173), and whether
    /// `account` is one of them.
    function isOwnerOrAgent(address token, address account) internal view returns (bool named, bool speaks) {
        (bool knowsAgents, uint256 isAgent) = _ask(token, IS_AGENT, account);
        (bool knowsOwner, uint256 owner) = _ask(token, OWNER, account);
        named = knowsAgents || knowsOwner;
        speaks = (knowsAgents && isAgent == 1) || (knowsOwner && owner == uint256(uint160(account)));
    }

    /// @dev Who is to be paid what `account` is owed: zero while that is held; its successor if the token knows
    /// successors only; `account` itself if it knows neither.
    function claimantOf(address token, address account) internal view returns (address) {
        (bool known, uint256 answer) = _ask(token, CLAIMANT_OF, account);
        if (!known) {
            (known, answer) = _ask(token, SUCCESSOR_OF, account);
            known = known && answer != 0;
        }
        return known && answer <= type(uint160).max ? address(uint160(answer)) : account;
    }

    /// @dev Asks about `account`; a function without parameters ignores it. Written out so that one word at
    /// most is copied, whatever the token returns.
    function _ask(address token, bytes4 selector, address account) private view returns (bool known, uint256 answer) {
        assembly ("memory-safe") {
            mstore(0x00, selector)
            // The compiler does not warrant that the upper bits of an address are clean.
            mstore(0x04, shr(96, shl(96, account)))
            known := and(gt(returndatasize(), 0x1f), staticcall(gas(), token, 0x00, 0x24, 0x00, 0x20))
            answer := mload(0x00)
        }
    }
}
