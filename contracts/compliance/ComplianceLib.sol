// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {ICompliance} from "./ICompliance.sol";
import {IERC7943Fungible} from "../token/IERC7943Fungible.sol";
import {IIdentityRegistry} from "./IIdentityRegistry.sol";
import {IPersonLedger} from "./IPersonLedger.sol";
import {IShareToken} from "../token/IShareToken.sol";
import {ITransferRules} from "./ITransferRules.sol";
import {Ledger, LedgerLib} from "../token/LedgerLib.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";

/// @title ComplianceLib
/// @notice A token's conversation with its rules and its registry: ours, in one call, or those of an existing
/// ERC-3643 deployment, in the calls that standard prescribes.
/// @dev Questions (`view`) never revert, whatever the callee does, and leave gas for the answer. Orders revert if the
/// callee does. What a transfer needs to know is asked by the very questions, so that it passes where they say so. The
/// owner can always replace the callee: `replaceRules` ignores what the old rules say.
library ComplianceLib {
    /// @dev What an answer may use, in a question and in a transfer alike. Ours need a fraction; a registry of the
    /// reference suite that asks fifteen topics of fifteen issuers each, behind its proxies, needs 6.1 million. Two
    /// answers, the registry's and the rules', fit a transaction (EIP-7825). Enough is left for the caller by the rule of
    /// 1/64.
    uint256 private constant CALL_GAS = 8_000_000;

    /// @dev What rules may use to be bound or given up: more than any need, so little that failing ones hold nobody up.
    uint256 private constant BINDING_GAS = 2_000_000;

    // ----------------------------------------------------------------------- orders

    /// @dev Before a transfer that a holder or spender asked for.
    function authorize(Ledger ledger, address from, address to, uint256 amount) internal {
        bool allowed =
            ledger.has(LedgerLib.FLAG_OUR_RULES)
                ? ITransferRules(ledger.rules()).authorize(from, to, amount)
                : allows(ledger, from, to, amount);
        if (!allowed) revert IERC7943Fungible.ERC7943CannotTransfer(from, to, amount);
    }

    /// @dev Before a movement that an agent ordered. ERC-3643 compliance contracts are told afterwards, by `report`.
    function book(Ledger ledger, address from, address to, uint256 amount, uint256 supply) internal {
        if (ledger.has(LedgerLib.FLAG_OUR_RULES)) ITransferRules(ledger.rules()).book(from, to, amount, supply);
    }

    /// @dev After a movement: ERC-3643 compliance contracts keep books of what has happened. Of nothing they are not
    /// told, since some refuse it.
    function report(Ledger ledger, address from, address to, uint256 amount) internal {
        address rules = ledger.rules();
        if (amount == 0 || rules == address(0) || ledger.has(LedgerLib.FLAG_OUR_RULES)) return;
        if (from == address(0)) ICompliance(rules).created(to, amount);
        else if (to == address(0)) ICompliance(rules).destroyed(from, amount);
        else ICompliance(rules).transferred(from, to, amount);
    }

    /// @dev Before `successor` takes the place of `lost`. An ERC-3643 registry must have made the token its agent.
    /// @return forgetful The ERC-3643 registry that is to forget the lost wallet when all is done, or zero. Not earlier: a
    /// compliance contract that is told of the movement looks up both wallets, and takes them for two persons' if one has
    /// no identity any more.
    function recover(
        Ledger ledger,
        address registry,
        address lost,
        address successor,
        address onchainID
    ) internal returns (address forgetful) {
        if (ledger.has(LedgerLib.FLAG_OUR_RULES)) ITransferRules(ledger.rules()).recover(lost, successor);
        if (!ledger.has(LedgerLib.FLAG_REGISTRY)) return address(0);
        if (_says(registry, abi.encodeCall(IERC165.supportsInterface, (type(IPersonLedger).interfaceId)))) {
            IPersonLedger(registry).recover(address(this), lost, successor);
        } else {
            IIdentityRegistry identities = IIdentityRegistry(registry);
            (address given, address taken) = (_identity(registry, lost), _identity(registry, successor));
            if (taken == address(0)) {
                taken = onchainID;
                identities.registerIdentity(successor, taken, identities.investorCountry(lost));
            }
            if (given != taken) revert IShareToken.ShareToken_OtherIdentity(lost, successor, given, taken);
            requireVerified(registry, successor);
            return registry;
        }
    }

    /// @dev Once for both wallets: the code of a call each would not fit.
    function _identity(address registry, address wallet) private view returns (address) {
        return IIdentityRegistry(registry).identity(wallet);
    }

    /// @dev Tells the old rules that they are replaced, and binds new ones if they are ERC-3643's.
    /// @return ours Whether the new rules are of our kind
    function replaceRules(Ledger ledger, address newRules) internal returns (bool ours) {
        address oldRules = ledger.rules();
        // Rules that fail cannot hold on to a token: whether they did what they were told does not count.
        _tell(
            oldRules,
            ledger.has(LedgerLib.FLAG_OUR_RULES)
                ? abi.encodeCall(ITransferRules.replacedBy, (newRules))
                : abi.encodeCall(ICompliance.unbindToken, (address(this)))
        );
        ours = _says(newRules, abi.encodeCall(IERC165.supportsInterface, (type(ITransferRules).interfaceId)));
        if (newRules == address(0) || ours) return ours;
        bool bound = _tell(newRules, abi.encodeCall(ICompliance.bindToken, (address(this))));
        if (!bound || newRules.code.length == 0) revert IShareToken.ShareToken_BindingRefused(newRules);
    }

    /// @dev Gives an order that may fail, and copies no answer. To no contract it does not fail.
    function _tell(address callee, bytes memory order) private returns (bool done) {
        uint256 gasLimit = BINDING_GAS;
        assembly ("memory-safe") {
            done := call(gasLimit, callee, 0, add(order, 0x20), mload(order), 0, 0)
        }
    }

    /// @dev The ledger with the flag that says whether the token must ask the registry itself: not if its rules do.
    function withRegistry(Ledger ledger, address registry) internal view returns (Ledger) {
        return ledger.with(LedgerLib.FLAG_REGISTRY, registry != address(0) && registry != _rulesRegistry(ledger));
    }

    /// @dev Before `to` receives, where the token has to ask its registry itself.
    function requireVerified(address registry, address to) internal view {
        if (!isVerified(registry, to)) revert IERC7943Fungible.ERC7943CannotReceive(to);
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
            CALL_GAS
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
        uint256 gasLimit = CALL_GAS;
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
        (bool answered, uint256 answer) = StaticCallLib.tryAsk(callee, question, CALL_GAS);
        return answered && answer == 1;
    }
}
