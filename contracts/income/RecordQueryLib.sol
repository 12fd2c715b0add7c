// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IRecordRanges} from "./IRecordRanges.sol";
import {IRecordHoldings} from "../token/IRecordHoldings.sol";
import {IRecordToken} from "../token/IRecordToken.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";
import {TokenRolesLib} from "../libraries/TokenRolesLib.sol";

/// @title RecordQueryLib
/// @notice Asks a share token whom to pay for an account, and for how many shares at which record.
library RecordQueryLib {
    uint256 private constant QUESTION_GAS = 100_000;

    /// @notice Thrown when a token that promised to answer `holdingsAt` does not, or not as the interface says.
    error RecordQuery_Unreadable(address token, address account);

    /// @dev Whether `token` answers `holdingsAt`, which it says by answering this question with 0 or 1; and whether
    /// income of what is declared now is held while its holder is not eligible, which it says by answering 1.
    function holdingTerms(address token) internal view returns (bool offered, bool eligibleOnly) {
        bytes4 selector = IRecordHoldings.incomeHeldWhileIneligible.selector;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            let answered := staticcall(QUESTION_GAS, token, 0x00, 0x04, 0x00, 0x20)
            let answer := mload(0x00)
            offered := and(and(answered, gt(returndatasize(), 0x1f)), lt(answer, 2))
            eligibleOnly := and(offered, answer)
        }
    }

    /// @dev Whether `token` names itself a contract of ranges (`IRecordRanges`, by ERC-165).
    function hasRanges(address token) internal view returns (bool) {
        bytes memory question = abi.encodeCall(IERC165.supportsInterface, (type(IRecordRanges).interfaceId));
        (, uint256 answer) = StaticCallLib.tryAsk(token, question, QUESTION_GAS);
        return answer == 1;
    }

    /// @dev All shares at a record, or the token's own error. Written out, since a range asks this a hundred times.
    function supplyAt(address token, uint256 recordId) internal view returns (uint256 supply) {
        bytes4 selector = IRecordToken.totalSupplyAt.selector;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            mstore(0x04, recordId)
            if iszero(staticcall(gas(), shr(96, shl(96, token)), 0x00, 0x24, 0x00, 0x20)) {
                let reason := mload(0x40)
                returndatacopy(reason, 0x00, returndatasize())
                revert(reason, returndatasize())
            }
            if lt(returndatasize(), 0x20) {
                revert(0x00, 0x00)
            }
            supply := mload(0x00)
        }
    }

    /// @dev Memory for `count` record ids, amidst that for a question about them and for its answer: four words before
    /// the array, and behind it three and as many as there are ids. Not cleared.
    function allocate(uint256 count) internal pure returns (uint256[] memory recordIds) {
        assembly ("memory-safe") {
            recordIds := add(mload(0x40), 0x80)
            mstore(recordIds, count)
            mstore(0x40, add(recordIds, add(0x80, shl(6, count))))
        }
    }

    /// @dev The same record ids, in such memory.
    function allocateCopy(uint256[] memory given) internal pure returns (uint256[] memory recordIds) {
        recordIds = allocate(given.length);
        assembly ("memory-safe") {
            mcopy(add(recordIds, 0x20), add(given, 0x20), shl(5, mload(given)))
        }
    }

    /// @dev In one question, written out around `recordIds`, which `allocate` has given. The balances are read where they
    /// arrive, and stay until the next question.
    function inOne(
        address token,
        address account,
        uint256[] memory recordIds,
        bool eligibleOnly
    ) internal view returns (address claimant, uint256[] memory balances) {
        uint256 selector = uint32(IRecordHoldings.holdingsAt.selector);
        bool sound;
        assembly ("memory-safe") {
            let count := mload(recordIds)
            let answerSize := add(0x60, shl(5, count))
            let answer := add(recordIds, sub(answerSize, 0x40))
            mstore(sub(recordIds, 0x80), selector)
            // The compiler does not warrant that the upper bits of an address, or of a flag, are clean.
            mstore(sub(recordIds, 0x60), shr(96, shl(96, account)))
            mstore(sub(recordIds, 0x40), 0x60)
            mstore(sub(recordIds, 0x20), iszero(iszero(eligibleOnly)))
            sound := staticcall(gas(), token, sub(recordIds, 0x64), add(answerSize, 0x24), answer, answerSize)
            claimant := mload(answer)
            balances := add(answer, 0x40)
            // A claimant, and an array as long as the question's where the ABI puts it.
            let wrong := or(shr(160, claimant), xor(mload(add(answer, 0x20)), 0x40))
            wrong := or(wrong, or(xor(mload(balances), count), lt(returndatasize(), answerSize)))
            sound := and(sound, iszero(wrong))
        }
        if (!sound) revert RecordQuery_Unreadable(token, account);
    }

    /// @dev In as many questions as an ordinary token needs, which decides by itself whose income is held.
    function oneByOne(
        address token,
        address account,
        uint256[] memory recordIds
    ) internal view returns (address claimant, uint256[] memory balances) {
        claimant = TokenRolesLib.claimantOf(token, account);
        balances = new uint256[](recordIds.length);
        for (uint256 i = 0; i < recordIds.length; ++i) {
            balances[i] = IRecordToken(token).balanceOfAt(account, recordIds[i]);
        }
    }
}
