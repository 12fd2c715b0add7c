// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITransferRules} from "../compliance/ITransferRules.sol";
import {IShareToken} from "../token/IShareToken.sol";

/// @title FreeSharesLib
/// @notice Whether a holder could give shares away at all, were there somebody who may have them.
library FreeSharesLib {
    /// @dev A pause, a blocked sender, a frozen amount and a lock-up stop whoever gives. All other codes are about who
    /// receives, or about who is left: that a holder is not eligible any more is why it wants to leave.
    uint256 private constant STOPS =
        (1 << uint256(ITransferRules.Code.Paused)) |
            (1 << uint256(ITransferRules.Code.SenderBlocked)) |
            (1 << uint256(ITransferRules.Code.AmountFrozen)) |
            (1 << uint256(ITransferRules.Code.LockedUp));

    /// @dev The first of them that `token` names for a transfer by `holder` to itself; none if it names none. A token that
    /// does not explain is not known to let anything go.
    function stopOf(
        address token,
        address holder,
        uint256 shares
    ) internal view returns (ITransferRules.Code code, uint256 value, uint256 limit) {
        bytes memory question = abi.encodeCall(IShareToken.explain, (holder, holder, shares));
        uint256 stops = STOPS;
        uint256 found = uint256(ITransferRules.Code.RulesFailed);
        // Read where it comes: the compiler's decoder would copy each refusal twice.
        assembly ("memory-safe") {
            let answered := staticcall(gas(), token, add(question, 0x20), mload(question), 0, 0)
            if and(answered, gt(returndatasize(), 0x5f)) {
                let words := mload(0x40)
                returndatacopy(words, 0, returndatasize())
                found := 0
                // The place of the list, the most that would pass, and the length of the list come first.
                let refusal := add(words, 0x60)
                let end := add(refusal, mul(0x60, mload(add(words, 0x40))))
                for {} lt(refusal, end) {
                    refusal := add(refusal, 0x60)
                } {
                    if and(1, shr(mload(refusal), stops)) {
                        found := mload(refusal)
                        value := mload(add(refusal, 0x20))
                        limit := mload(add(refusal, 0x40))
                        break
                    }
                }
            }
        }
        code = ITransferRules.Code(found);
    }
}
