// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IHoldings} from "../interfaces/IHoldings.sol";
import {IRecordToken} from "../interfaces/IRecordToken.sol";
import {Authority} from "./Authority.sol";
import {Question} from "./Question.sol";

/// @title Holdings
/// @notice Asks a share token whom to pay for an account, and for how many shares at which record.
library Holdings {
    uint256 private constant QUESTION_GAS = 100_000;

    /// @notice Thrown when a token that promised to answer `holdingsAt` does not, or not as the interface says.
    error Holdings_Unreadable(address token, address account);

    /// @dev Whether one question to `token` is enough (`IHoldings`).
    function suffice(address token) internal view returns (bool) {
        (, uint256 answer) = Question.ask(token, abi.encodeCall(IHoldings.holdingsSuffice, ()), QUESTION_GAS);
        return answer == 1;
    }

    /// @dev In one question. Written out because the answer, read where it arrives, is the array already.
    function inOne(
        address token,
        address account,
        uint256[] memory recordIds
    ) internal view returns (address claimant, uint256[] memory balances) {
        bytes4 selector = IHoldings.holdingsAt.selector;
        bool sound;
        assembly ("memory-safe") {
            let data := mload(0x40)
            let count := mload(recordIds)
            let arraySize := shl(5, add(count, 1))
            let answerSize := add(0x40, arraySize)
            mstore(data, selector)
            // The compiler does not warrant that the upper bits of an address are clean.
            mstore(add(data, 0x04), shr(96, shl(96, account)))
            mstore(add(data, 0x24), 0x40)
            mcopy(add(data, 0x44), recordIds, arraySize)
            sound := staticcall(gas(), token, data, add(0x44, arraySize), data, answerSize)
            claimant := mload(data)
            balances := add(data, 0x40)
            // A claimant, and an array as long as the question's where the ABI puts it.
            sound := and(sound, iszero(lt(returndatasize(), answerSize)))
            sound := and(sound, iszero(shr(160, claimant)))
            sound := and(sound, eq(mload(add(data, 0x20)), 0x40))
            sound := and(sound, eq(mload(balances), count))
            mstore(0x40, add(data, answerSize))
        }
        if (!sound) revert Holdings_Unreadable(token, account);
    }

    /// @dev In as many questions as an ordinary token needs.
    function oneByOne(
        address token,
        address account,
        uint256[] memory recordIds
    ) internal view returns (address claimant, uint256[] memory balances) {
        claimant = Authority.claimantOf(token, account);
        balances = new uint256[](recordIds.length);
        for (uint256 i = 0; i < recordIds.length; ++i) {
            balances[i] = IRecordToken(token).balanceOfAt(account, recordIds[i]);
        }
    }
}
