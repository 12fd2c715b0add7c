// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {ITransferRules} from "../compliance/ITransferRules.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";
import {IERC7943Fungible} from "../token/IERC7943Fungible.sol";
import {IShareToken} from "../token/IShareToken.sol";

/// @title RefusalLib
/// @notice Asks a token whether it would refuse a transfer that this contract makes, and why.
/// @dev A share token explains. A token of ERC-7943 says yes or no. Any other ERC-20 says nothing, and then nothing is
/// known against the transfer.
library RefusalLib {
    /// @dev Whether `token` would refuse, why if it can say so, and the most that it would let pass.
    function ask(
        address token,
        address from,
        address to,
        uint256 amount
    ) internal view returns (bool refused, ITransferRules.Refusal[] memory refusals, uint256 most) {
        bool explained;
        (explained, refusals, most) = askWhy(token, abi.encodeCall(IShareToken.explain, (from, to, amount)));
        if (explained) {
            refused = refusals.length != 0;
        } else {
            refused = _denies(token, abi.encodeCall(IERC7943Fungible.canTransfer, (from, to, amount)));
            most = refused ? 0 : type(uint256).max;
        }
        // A frozen wallet spends nobody's allowance: an agent can freeze this contract's address.
        if (_denies(token, abi.encodeCall(IERC7943Fungible.canSend, (address(this))))) {
            (refused, most) = (true, 0);
        }
    }

    /// @dev What to try instead of an amount that was refused: the most that the token names; or if the sender was left
    /// with less than the least holding, what leaves it that. Any other refusal stands for smaller amounts too.
    function lowered(
        uint256 amount,
        uint256 most,
        ITransferRules.Refusal[] memory refusals
    ) internal pure returns (uint256) {
        if (most < amount) return most;
        for (uint256 i = 0; i < refusals.length; ++i) {
            if (refusals[i].code != ITransferRules.Code.MinHoldingGiver) continue;
            uint256 missing = FixedPointMathLib.zeroFloorSub(refusals[i].limit, refusals[i].value);
            return FixedPointMathLib.zeroFloorSub(amount, missing);
        }
        return 0;
    }

    /// @dev What one question may use: a quarter of what is left. So a dozen that burn all they get leave enough to go on
    /// with; and a token of ours, whose rules have 8,000,000, gets as much of an ordinary call.
    function questionGas() internal view returns (uint256) {
        return gasleft() / 4;
    }

    /// @dev Whether a token answers a question with no. One that does not know the question does not.
    function _denies(address token, bytes memory question) private view returns (bool) {
        (bool answered, uint256 answer) = StaticCallLib.tryAsk(token, question, questionGas());
        return answered && answer == 0;
    }

    /// @dev What a token answers to `explain`, if it can be read: decoded by hand, since a malformed answer would make the
    /// compiler's decoder revert. Copies no more than as many refusals as there are codes.
    function askWhy(
        address token,
        bytes memory question
    ) internal view returns (bool sound, ITransferRules.Refusal[] memory refusals, uint256 most) {
        uint256 codes = uint256(type(ITransferRules.Code).max);
        // The place of the list, the most that would pass, the length of the list, and three words for each refusal.
        uint256[] memory words = new uint256[](3 + 3 * codes);
        uint256 gasLimit = questionGas();
        uint256 size;
        assembly ("memory-safe") {
            let room := shl(5, mload(words))
            if staticcall(gasLimit, token, add(question, 0x20), mload(question), add(words, 0x20), room) {
                size := returndatasize()
            }
        }
        uint256 count = words[2];
        if (words[0] != 0x40 || count > codes || size < 0x60 * (count + 1)) return (false, refusals, 0);
        refusals = new ITransferRules.Refusal[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 at_ = 3 * (i + 1);
            if (words[at_] > codes) return (false, refusals, 0);
            refusals[i] = ITransferRules.Refusal(ITransferRules.Code(words[at_]), words[at_ + 1], words[at_ + 2]);
        }
        return (true, refusals, words[1]);
    }
}
