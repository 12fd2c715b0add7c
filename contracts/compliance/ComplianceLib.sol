// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {ICompliance} from "./ICompliance.sol";
import {IERC7943Fungible} from "../token/IERC7943Fungible.sol";
import {IIdentityRegistry} from "./IIdentityRegistry.sol";
import {IPersonLedger} from "./IPersonLedger.sol";
import {ITransferRules} from "./ITransferRules.sol";
import {Ledger, LedgerLib} from "../token/LedgerLib.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";

/// @title ComplianceLib
/// @notice A token's conversation with its rules and its registry: ours, in one call, or those of an existing
/// ERC-3643 deployment, in the calls that standard prescribes.
/// @dev Questions (`view`) never revert, whatever the callee does, and leave gas for the answer. Orders revert if the
/// callee does. The owner can always replace the callee: `replaceRules` ignores what the old rules say.
library ComplianceLib {
    /// @dev What a question may use. Ours need a fraction; enough is left for the caller by the rule of 1/64.
    uint256 private constant QUESTION_GAS = 2_000_000;

    // ----------------------------------------------------------------------- orders

    /// @dev Before a transfer that a holder or spender asked for.
    function authorize(Ledger ledger, address from, address to, uint256 amount) internal {
        address rules = ledger.rules();
        if (rules == address(0)) return;
        bool allowed =
            ledger.has(LedgerLib.FLAG_OUR_RULES)
                ? ITransferRules(rules).authorize(from, to, amount)
                : ICompliance(rules).canTransfer(from, to, amount);
        if (!allowed) revert IERC7943Fungible.ERC7943CannotTransfer(from, to, amount);
    }

    /// @dev Before a movement that an agent ordered. ERC-3643 compliance contracts are told afterwards, by `report`.
    function book(Ledger ledger, address from, address to, uint256 amount, uint256 supply) internal {
        if (ledger.has(LedgerLib.FLAG_OUR_RULES)) ITransferRules(ledger.rules()).book(from, to, amount, supply);
    }

    /// @dev After a movement: ERC-3643 compliance contracts keep books of what has happened.
    function report(Ledger ledger, address from, address to, uint256 amount) internal {
        address rules = ledger.rules();
        if (rules == address(0) || ledger.has(LedgerLib.FLAG_OUR_RULES)) return;
        if (from == address(0)) ICompliance(rules).created(to, amount);
        else if (to == address(0)) ICompliance(rules).destroyed(from, amount);
        else ICompliance(rules).transferred(from, to, amount);
    }

    /// @dev Before `successor` takes the place of `lost`. An ERC-3643 registry must have made the token its agent.
    function recover(Ledger ledger, address registry, address lost, address successor, address onchainID) internal {
        if (ledger.has(LedgerLib.FLAG_OUR_RULES)) ITransferRules(ledger.rules()).recover(lost, successor);
        if (!ledger.has(LedgerLib.FLAG_REGISTRY)) return;
        if (_says(registry, abi.encodeCall(IERC165.supportsInterface, (type(IPersonLedger).interfaceId)))) {
            IPersonLedger(registry).recover(address(this), lost, successor);
        } else {
            IIdentityRegistry identities = IIdentityRegistry(registry);
            if (!identities.contains(successor)) {
                identities.registerIdentity(successor, onchainID, identities.investorCountry(lost));
            }
            if (identities.contains(lost)) identities.deleteIdentity(lost);
        }
    }

    /// @dev Tells the old rules that they are replaced, and binds new ones if they are ERC-3643's.
    /// @return ours Whether the new rules are of our kind
    // solhint-disable no-empty-blocks
    function replaceRules(Ledger ledger, address newRules) internal returns (bool ours) {
        address oldRules = ledger.rules();
        // Rules that fail cannot hold on to a token: their answer does not count.
        if (oldRules.code.length != 0) {
            if (ledger.has(LedgerLib.FLAG_OUR_RULES)) {
                try ITransferRules(oldRules).replacedBy{gas: QUESTION_GAS}(newRules) {} catch {}
            } else {
                try ICompliance(oldRules).unbindToken{gas: QUESTION_GAS}(address(this)) {} catch {}
            }
        }
        ours = _says(newRules, abi.encodeCall(IERC165.supportsInterface, (type(ITransferRules).interfaceId)));
        if (newRules.code.length != 0 && !ours) {
            try ICompliance(newRules).bindToken{gas: QUESTION_GAS}(address(this)) {} catch {}
        }
    }
    // solhint-enable no-empty-blocks

    /// @dev The ledger with the flag that says whether the token must ask the registry itself: not if its rules do.
    function withRegistry(Ledger ledger, address registry) internal view returns (Ledger) {
        return ledger.with(LedgerLib.FLAG_REGISTRY, registry != address(0) && registry != _rulesRegistry(ledger));
    }

    /// @dev Before `to` receives, where the token has to ask its registry itself.
    function requireVerified(address registry, address to) internal view {
        if (!IIdentityRegistry(registry).isVerified(to)) revert IERC7943Fungible.ERC7943CannotReceive(to);
    }

    // -------------------------------------------------------------------- questions

    /// @dev Whether a registry, if there is one, lets `account` hold shares. A registry that fails does not.
    function isVerified(address registry, address account) internal view returns (bool) {
        return registry == address(0) || _says(registry, abi.encodeCall(IIdentityRegistry.isVerified, (account)));
    }

    /// @dev Whether `account` may receive at all, by the registries that the token and its rules ask.
    function mayReceive(Ledger ledger, address registry, address account) internal view returns (bool) {
        if (!isVerified(registry, account)) return false;
        address other = _rulesRegistry(ledger);
        return other == registry || isVerified(other, account);
    }

    /// @dev The registry that the rules ask; zero if they ask none, or do not answer.
    function _rulesRegistry(Ledger ledger) private view returns (address) {
        if (!ledger.has(LedgerLib.FLAG_OUR_RULES)) return address(0);
        // No answer is zero.
        // slither-disable-next-line unused-return
        (, uint256 answer) = StaticCallLib.tryAsk(
            ledger.rules(),
            abi.encodeCall(ITransferRules.registry, ()),
            QUESTION_GAS
        );
        return address(uint160(answer));
    }

    /// @dev Whether the rules allow a transfer. Rules that fail do not.
    function allows(Ledger ledger, address from, address to, uint256 amount) internal view returns (bool) {
        address rules = ledger.rules();
        if (rules == address(0)) return true;
        bool ours = ledger.has(LedgerLib.FLAG_OUR_RULES);
        return
            _says(
                rules,
                ours
                    ? abi.encodeCall(ITransferRules.canTransfer, (address(this), from, to, amount))
                    : abi.encodeCall(ICompliance.canTransfer, (from, to, amount))
            );
    }

    /// @dev What the rules have to say about a transfer, behind `count` refusals of the token's `own`.
    function explain(
        Ledger ledger,
        address from,
        address to,
        uint256 amount,
        ITransferRules.Refusal[] memory own,
        uint256 count
    ) internal view returns (ITransferRules.Refusal[] memory refusals, uint256 most) {
        ITransferRules.Refusal[] memory theirs;
        (theirs, most) = _explanation(ledger, from, to, amount);
        refusals = new ITransferRules.Refusal[](count + theirs.length);
        for (uint256 i = 0; i < refusals.length; ++i) {
            refusals[i] = i < count ? own[i] : theirs[i - count];
        }
    }

    function _explanation(
        Ledger ledger,
        address from,
        address to,
        uint256 amount
    ) private view returns (ITransferRules.Refusal[] memory refusals, uint256 most) {
        address rules = ledger.rules();
        if (ledger.has(LedgerLib.FLAG_OUR_RULES)) {
            bytes memory question = abi.encodeCall(ITransferRules.explain, (address(this), from, to, amount));
            (bool sound, ITransferRules.Refusal[] memory found, uint256 limit) = _askWhy(rules, question);
            if (sound) return (found, limit);
        } else if (allows(ledger, from, to, amount)) {
            return (refusals, type(uint256).max);
        }
        refusals = new ITransferRules.Refusal[](1);
        refusals[0].code = ITransferRules.Code.RulesFailed;
    }

    /// @dev What rules answer to `explain`, if it can be read: decoded by hand, since a malformed answer would make the
    /// compiler's decoder revert. Copies no more than as many refusals as there are codes.
    function _askWhy(
        address rules,
        bytes memory question
    ) private view returns (bool sound, ITransferRules.Refusal[] memory refusals, uint256 most) {
        uint256 codes = uint256(type(ITransferRules.Code).max);
        // The place of the list, the most that would pass, the length of the list, and three words for each refusal.
        uint256[] memory words = new uint256[](3 + 3 * codes);
        uint256 gasLimit = QUESTION_GAS;
        uint256 size;
        assembly ("memory-safe") {
            let room := shl(5, mload(words))
            if staticcall(gasLimit, rules, add(question, 0x20), mload(question), add(words, 0x20), room) {
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

    /// @dev Whether `callee` answers a question with `true`: not with anything else, and not by failing.
    function _says(address callee, bytes memory question) private view returns (bool) {
        (bool answered, uint256 answer) = StaticCallLib.tryAsk(callee, question, QUESTION_GAS);
        return answered && answer == 1;
    }
}
