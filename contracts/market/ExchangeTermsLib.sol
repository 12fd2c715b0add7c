// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {LibRLP} from "solady/utils/LibRLP.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";
import {TokenRolesLib} from "../libraries/TokenRolesLib.sol";
import {IERC3643Token} from "../token/IERC3643Token.sol";
import {IExchangeTerms} from "./IExchangeTerms.sol";
import {IShareExchange} from "./IShareExchange.sol";

/// @title ExchangeTermsLib
/// @notice Keeps the terms of an exchange where they can be read for little, and asks tokens who speaks for them.
library ExchangeTermsLib {
    bytes32 private constant REQUEST_TYPEHASH = keccak256(
        "Request(uint256 id,address holder,uint256 shares,uint256 leastPaid,uint256 mostDue,uint256 nonce,"
        "uint256 validUntil,bytes note)"
    );

    uint256 private constant TERMS_BYTES = 0x2e0;

    /// @dev What a question about roles may use.
    uint256 private constant QUESTION_GAS = 500_000;

    // ---------------------------------------------------------------------- keeping

    /// @dev Has terms checked that came with the present call, whose arguments are those of `check`: they are passed on as
    /// they came, and so are errors.
    function check(IExchangeTerms checker) internal view {
        bytes4 selector = IExchangeTerms.check.selector;
        // The compiler would check and copy every word, for a thousand bytes of code.
        assembly ("memory-safe") {
            let question := mload(0x40)
            calldatacopy(question, 0, calldatasize())
            mstore(question, or(selector, shr(32, mload(add(question, 0x04)))))
            if iszero(staticcall(gas(), checker, question, calldatasize(), 0, 0)) {
                returndatacopy(question, 0, returndatasize())
                revert(question, returndatasize())
            }
        }
    }

    /// @dev The terms in memory, behind a word that is theirs too. The caller warrants that they were checked, or that
    /// nothing follows from them.
    function copy(IShareExchange.Terms calldata given) internal pure returns (IShareExchange.Terms memory terms) {
        uint256 size = TERMS_BYTES;
        // The compiler would write a check for each word, for two thousand bytes of code.
        assembly ("memory-safe") {
            terms := add(mload(0x40), 0x20)
            mstore(0x40, add(terms, size))
            calldatacopy(terms, given, size)
        }
    }

    /// @dev Keeps terms that came from `copy` as the code of a contract of their own: read at the price of one slot instead
    /// of thirteen. The caller creates nothing else, but for what its constructor does.
    function save(IShareExchange.Terms memory terms) internal {
        uint256 size = TERMS_BYTES;
        bytes memory data;
        assembly ("memory-safe") {
            data := sub(terms, 0x20)
            mstore(data, size)
        }
        // Where it is follows from the id.
        // slither-disable-next-line unused-return
        SSTORE2.write(data);
    }

    /// @dev Emits `Opened`, with terms that came from `copy`.
    function announce(IShareExchange.Terms memory terms, uint256 id, uint256 lockedShares) internal {
        (uint256 size, bytes32 topic, address token) = (TERMS_BYTES, IShareExchange.Opened.selector, terms.token);
        // In memory they lie as the event has them.
        assembly ("memory-safe") {
            let data := sub(terms, 0x20)
            mstore(data, lockedShares)
            log4(data, add(size, 0x20), topic, id, token, caller())
        }
    }

    /// @dev The terms of exchange `id` of this contract, every member one word, as in memory. Reverts if there is none.
    function load(uint256 id) internal view returns (IShareExchange.Terms memory terms) {
        (address place, uint256 size) = (placeOf(id), TERMS_BYTES);
        // The compiler's decoder would check each word again, for three times the gas. Only `save` writes there.
        assembly ("memory-safe") {
            // The code begins with a byte that stops whoever calls it.
            extcodecopy(place, terms, 1, size)
        }
        // No terms are for no shares.
        if (terms.per == 0) revert IShareExchange.ShareExchange_UnknownExchange(id);
    }

    /// @dev Where the terms of exchange `id` are: what this contract creates, but for the first, which its constructor does.
    function placeOf(uint256 id) internal view returns (address) {
        // A number of exchanges that nobody opens; else far ids would be those of other nonces.
        if (id == 0 || id > type(uint32).max) return address(0);
        unchecked {
            return LibRLP.computeAddress(address(this), id + 1);
        }
    }

    /// @dev Ends the call with an `Exchange`: its terms, and the rest of its members in their order.
    function answer(IShareExchange.Terms memory terms, uint256[8] memory rest) internal pure {
        uint256 size = TERMS_BYTES;
        // The compiler would check each word again, for seven hundred bytes of code.
        assembly ("memory-safe") {
            let result := mload(0x40)
            mcopy(result, terms, size)
            mcopy(add(result, size), rest, 0x100)
            return(result, add(size, 0x100))
        }
    }

    /// @dev `hashStruct` of EIP-712.
    function hash(IShareExchange.Request calldata request) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    REQUEST_TYPEHASH,
                    request.id,
                    request.holder,
                    request.shares,
                    request.leastPaid,
                    request.mostDue,
                    request.nonce,
                    request.validUntil,
                    keccak256(request.note)
                )
            );
    }

    // ------------------------------------------------------------------ price, roles

    function checkPrice(IShareExchange.Terms memory terms, uint256 price) internal pure {
        if (price < terms.leastPrice || price > terms.mostPrice) {
            revert IShareExchange.ShareExchange_PriceOutOfBounds(price, terms.leastPrice, terms.mostPrice);
        }
    }

    /// @dev Reverts unless `account` is the owner of `token`, or, where that is enough, one of its agents.
    function requireSpeaker(address token, address account, bool ownerOnly) internal view {
        bool speaks;
        if (ownerOnly) speaks = _says(token, Ownable.owner.selector, account, uint160(account));
        else (, speaks) = TokenRolesLib.isOwnerOrAgent(token, account);
        if (!speaks) revert IShareExchange.ShareExchange_NotOwnerOrAgent(account, token);
    }

    /// @dev Reverts unless this contract is an agent of `token`.
    function requireAgent(address token) internal view {
        bool isAgent = _says(token, IERC3643Token.isAgent.selector, address(this), 1);
        if (!isAgent) revert IShareExchange.ShareExchange_NotAgent(token);
    }

    /// @dev Whether a token answers `expected` to a question about an account; one without parameters ignores it.
    function _says(address token, bytes4 question, address account, uint256 expected) private view returns (bool) {
        (bool answered, uint256 said) = StaticCallLib.tryAsk(
            token,
            abi.encodeWithSelector(question, account),
            QUESTION_GAS
        );
        return answered && said == expected;
    }
}
