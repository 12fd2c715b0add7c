"""Broken mutants: each contract with one defence taken out, for the tests that must notice.

A mutant is a contract whose source differs in one place. Many are compiled in one run of the
compiler, under names of their own; while nothing has changed, the answer comes from the cache.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from prorata.chain.artifacts import Artifact, artifact
from prorata.toolchain.compiler import compile_standard, standard_json
from tests.contracts.files import path_of

TOKEN, VAULT = "ShareToken", "DividendVault"
REGISTRY, HOLDS = "InvestorRegistry", "Holds"
LOTS, POLICY = "LockUps", "WithholdingPolicy"
TRADING, CALLS, EXCHANGE = "TradeSettlement", "CallAuction", "ShareExchange"
BALLOT = "Ballot"
_IMPORT = re.compile(r"""from\s+["']([^"']+)["']""")
# The compiler from npm has room for about so many.
_AT_A_TIME = 11
# Optimizing would take two thirds of the time. Without any of it, the stack is not deep enough.
_QUICK = {
    "enabled": False,
    "details": {
        "yul": False,
        "peephole": True,
        "inliner": False,
        "jumpdestRemover": True,
        "orderLiterals": False,
        "deduplicate": True,
        "cse": False,
        "constantOptimizer": False,
    },
}


@dataclass(frozen=True)
class AttackMutant:
    """One defence taken out."""

    name: str
    """The attack's code, and what is missing."""
    contract: str
    """The contract that it is a mutant of."""
    file: str
    """The source that differs, under contracts/."""
    old: str
    new: str
    test: str
    """The attack that succeeds against it: file and name, as pytest has them after `test_`."""

    @property
    def code(self) -> str:
        """The attack's code."""
        return self.name.partition(" ")[0]

    @property
    def node(self) -> str:
        """The test as pytest names it."""
        file, _, function = self.test.partition("::")
        return f"{path_of(file)}::test_{function}"


LEDGER, COMPLIANT = "token/ShareLedger.sol", "compliance/ComplianceLib.sol"
SETTLING, PAYING = "income/ClaimBatchLib.sol", "libraries/PaymentLib.sol"
COUNTING = "income/EligibleLib.sol"
VAULT_FILE, TOKEN_FILE = "income/DividendVault.sol", "token/ShareToken.sol"
REGISTER, HOLDS_FILE = "compliance/InvestorRegistry.sol", "market/Holds.sol"
SETTLEMENT, ORDERS = "market/TradeSettlement.sol", "market/OrderLib.sol"
CALLING, SETTLING_CALLS = "market/CallAuction.sol", "market/CallSettlement.sol"
CALL_BOOKS, CALL_TERMS = "market/CallBooks.sol", "market/CallTermsLib.sol"
CLEARING = "market/CallClearingLib.sol"
ARRIVING, GUARDING = "market/DeliveryLib.sol", "market/RecordGuardLib.sol"
BALLOTS = "market/Ballot.sol"
EXCHANGING, QUOTING = "market/ShareExchange.sol", "market/ExchangeQuoteLib.sol"

MUTANTS = (
    AttackMutant(
        "A1 receiver credited before it is settled", TOKEN, LEDGER,
        "closed);\n                if (target.since() != closed) target"
        " = receiver.past.checkpoint(target, closed);",
        "closed);",
        "record_dates::both_sides_are_settled_before_a_balance_moves",
    ),
    AttackMutant(
        "A1 issue credited before it is settled", TOKEN, LEDGER,
        "Account target = receiver.account;\n            if (target.since() != closed) target"
        " = receiver.past.checkpoint(target, closed);",
        "Account target = receiver.account;",
        "record_dates::both_sides_are_settled_before_a_balance_moves",
    ),
    AttackMutant(
        "A2 burnt shares forget what they earned", TOKEN, LEDGER,
        "giver.past.upTo(account, closed).minus(amount)", "account.minus(amount)",
        "dividend_vault::income_survives_the_shares",
    ),
    AttackMutant(
        "A3 a transfer to oneself is a transfer", TOKEN, LEDGER,
        "if (from != to) {", "if (true) {",
        "share_token::self_transfer_changes_nothing_and_is_one_event",
    ),
    AttackMutant(
        "A4 nobody is eligible", VAULT, COUNTING,
        "if (eligible == 0) revert IDividendVault.DividendVault_NoEligibleShares(",
        "if (eligible == 0) return; (",
        "dividend_vault::a_declaration_without_eligible_shares_is_refused",
    ),
    AttackMutant(
        "A5 rounded up", VAULT, SETTLING,
        "gross := div(product, eligible)", "gross := div(add(product, sub(eligible, 1)), eligible)",
        "dividend_vault::a_holder_of_less_than_a_unit_is_settled_at_zero",
    ),
    AttackMutant(
        "A6 a product of 128 bits", VAULT, SETTLING,
        "let product := mul(amount, shares)",
        "let product := shr(128, shl(128, mul(amount, shares)))",
        "dividend_vault::every_amount_is_divided_exactly",
    ),
    AttackMutant(
        "A7 rounded to the nearest", VAULT, SETTLING,
        "gross := div(product, eligible)", "gross := div(add(product, shr(1, eligible)), eligible)",
        "dividend_vault::splitting_shares_gains_nothing",
    ),
    AttackMutant(
        "A8 counts what was said", VAULT, PAYING,
        "arrived = held > before ? held - before : 0;", "arrived = held > before ? amount : 0;",
        "payments::a_fee_on_transfer_counts_what_arrived",
    ),
    AttackMutant(
        "A9 the same again adds to the first", VAULT, VAULT_FILE,
        "id = ++_count;", "id = _count = 1;",
        "dividend_vault::a_distribution_cannot_be_topped_up",
    ),
    AttackMutant(
        "A10 excluded twice", VAULT, COUNTING,
        "if (_contains(excluded, i, excluded[i])) continue;", "",
        "dividend_vault::an_account_excluded_twice_counts_once",
    ),
    AttackMutant(
        "A10 a tax of more than everything", VAULT, VAULT_FILE,
        "if (!known || tax > gross) return (false, 0);", "if (!known) return (false, 0);",
        "dividend_vault::a_policy_that_asks_for_more_than_the_income_is_refused",
    ),
    AttackMutant(
        "A11 paid though the transfer failed", VAULT, PAYING,
        "if (!called) return Outcome.Failed;", "if (!called) return Outcome.Paid;",
        "payments::a_currency_that_breaks_leaves_every_claim_as_it_was",
    ),
    AttackMutant(
        "A11 false is as good as true", VAULT, PAYING,
        "succeeded := and(gt(returndatasize(), 0x1f), eq(mload(0x00), 1))", "succeeded := 1",
        "payments::a_currency_that_moves_and_answers_false_stops_the_page",
    ),
    AttackMutant(
        "A12 one currency holds up the page", VAULT, VAULT_FILE,
        "if (outcome == PaymentLib.Outcome.Denied && ",
        "if (outcome == PaymentLib.Outcome.Failed || ",
        "payments::a_holder_that_is_blocked_does_not_hold_up_the_others",
    ),
    AttackMutant(
        "A13 anyone says where it goes", VAULT, VAULT_FILE,
        "if (msg.sender != claimant && msg.sender != relayer()) {",
        "if (msg.sender == address(0)) {",
        "claim_batches::nobody_else_says_where_it_goes",
    ),
    AttackMutant(
        "A14 the balance of today", TOKEN, "token/HistoryLib.sol",
        "if (account.since() < recordId) return account.balance();",
        "if (recordId != 0) return account.balance();",
        "dividend_vault::pages_in_any_order_pay_what_claims_would",
    ),
    AttackMutant(
        "B1 the balance of today", TOKEN, "token/HistoryLib.sol",
        "if (account.since() < recordId) return account.balance();",
        "if (recordId != 0) return account.balance();",
        "record_dates::in_and_out_after_the_record_earns_nothing",
    ),
    AttackMutant(
        "B2 the supply forgets", TOKEN, LEDGER,
        "_supply.past.upTo(supply, closed).plus(amount)", "supply.plus(amount)",
        "record_dates::issuing_is_remembered_for_account_and_supply",
    ),
    AttackMutant(
        "B3 a second too late", TOKEN, "token/LedgerLib.sol",
        "block.timestamp > (Ledger.unwrap(self) >> NEXT_AT) & NO_RECORD;",
        "block.timestamp > ((Ledger.unwrap(self) >> NEXT_AT) & NO_RECORD) + 1;",
        "record_dates::a_transfer_counts_up_to_the_end_of_the_records_second",
    ),
    AttackMutant(
        "B4 a record in the past", TOKEN, LEDGER,
        "if (closesAt < block.timestamp) revert ShareToken_RecordInThePast",
        "if (closesAt == 0) revert ShareToken_RecordInThePast",
        "record_dates::a_record_in_the_past_is_refused",
    ),
    AttackMutant(
        "C1 the vault earns", VAULT, COUNTING,
        "if (isShareToken) self.paidOut[currency] = true;", "",
        "eligible::a_dividend_in_shares_does_not_earn_for_the_vault",
    ),
    AttackMutant(
        "C1 a pool that nobody acts for", "PassThrough", "income/PassThrough.sol",
        "if (!_canAct(pool_) && !_namesSomebody(poolToken_)) revert", "if (false) revert",
        "pass_through::a_pool_that_nobody_acts_for_is_refused",
    ),
    AttackMutant(
        "C1 the token may hold itself", TOKEN, LEDGER,
        "_holders[address(this)].account = Account.wrap(AccountLib.FLAG_BARRED);", "",
        "share_token::shares_cannot_be_sent_to_nobody_or_to_their_own_token",
    ),
    AttackMutant(
        "C2 an order takes past income along", TOKEN, TOKEN_FILE,
        "emit ForcedTransfer(from, to, amount);",
        "emit ForcedTransfer(from, to, amount); _successors[from] = to;"
        " _setFlag(from, AccountLib.FLAG_LOST, true);",
        "recovery::a_forced_transfer_leaves_past_income_with_the_former_holder",
    ),
    AttackMutant(
        "C3 nobody follows", TOKEN, TOKEN_FILE,
        "_setFlag(lostWallet, AccountLib.FLAG_LOST, true);", "",
        "recovery::past_income_in_every_currency_is_the_successors_alone",
    ),
    AttackMutant(
        "C3 recovered out of the freeze", TOKEN, TOKEN_FILE,
        "if (frozen) _setAddressFrozen(successor, true);", "",
        "recovery::the_freeze_of_a_wallet_goes_along",
    ),
    AttackMutant(
        "C4 recovered to itself", TOKEN, TOKEN_FILE,
        "lostWallet == newWallet ||", "",
        "recovery::a_recovery_that_makes_no_sense_is_refused",
    ),
    AttackMutant(
        "D no answer is none", VAULT, PAYING,
        "succeeded := iszero(iszero(extcodesize(currency)))", "succeeded := 0",
        "payments::every_currency_on_a_good_day_is_paid_to_the_unit",
    ),
    AttackMutant(
        "D a fee of everything", VAULT, VAULT_FILE,
        "if (received == 0) revert DividendVault_NothingReceived(currency, amount);", "",
        "payments::a_fee_of_everything_is_no_declaration",
    ),
    AttackMutant(
        "E1 settled though the receiver refused", VAULT, VAULT_FILE,
        "page.batch.undo(terms, page.progressBefore);", "",
        "payments::a_receiver_that_refuses_stays_owed_and_holds_up_nobody",
    ),
    AttackMutant(
        "E2 coin that was not sent", VAULT, VAULT_FILE,
        "if (msg.value != expectedValue) revert", "if (msg.value > expectedValue) revert",
        "dividend_vault::native_coin_must_be_exactly_what_the_declaration_says",
    ),
    AttackMutant(
        "E3 a page without a guard", VAULT, VAULT_FILE,
        "function push(uint256 id, address[] calldata holders) external nonReentrant returns",
        "function push(uint256 id, address[] calldata holders) external returns",
        "payments::a_currency_that_calls_back_finds_every_entrance_shut",
    ),
    AttackMutant(
        "F1 the spender is not looked at", TOKEN, TOKEN_FILE,
        "if (ledger.has(LedgerLib.FLAG_FREEZES) && _isBlocked(msg.sender)) {",
        "if (ledger.has(LedgerLib.FLAG_FREEZES) && _isBlocked(address(0))) {",
        "freezing::a_frozen_wallet_cannot_send_receive_or_spend",
    ),
    AttackMutant(
        "F2 unfrozen by an order to oneself", TOKEN, TOKEN_FILE,
        "if (from != to) _takeFrozen(from, amount);", "_takeFrozen(from, amount);",
        "standards::a_forced_transfer_to_oneself_unfreezes_nothing",
    ),
    AttackMutant(
        "F3 a pause that pauses nothing", TOKEN, TOKEN_FILE,
        "if (ledger.has(LedgerLib.FLAG_PAUSED)) revert ShareToken_Paused();", "",
        "policy::each_way_shares_move_meets_exactly_what_should_stop_it",
    ),
    AttackMutant(
        "F4 counted again with every purchase", REGISTRY, "compliance/PersonCountLib.sol",
        "entered = total == amount;", "entered = true;",
        "registry::a_holder_is_counted_from_the_first_share_to_the_last",
    ),
    AttackMutant(
        "F5 old rules hold on", TOKEN, COMPLIANT,
        "        _tell(\n            oldRules,",
        "        if (ledger.has(LedgerLib.FLAG_OUR_RULES))"
        " ITransferRules(oldRules).replacedBy(newRules);\n        _tell(\n            oldRules,",
        "rules::rules_that_fail_stop_transfers_and_are_replaced",
    ),
    AttackMutant(
        "F5 a refused binding is put in force", TOKEN, COMPLIANT,
        "if (!bound || newRules.code.length == 0) revert", "if (newRules.code.length == 0) revert",
        "reference_suite::a_compliance_that_refuses_the_binding_is_not_put_in_force",
    ),
    AttackMutant(
        "F5 an order waits longer than a question", TOKEN, COMPLIANT,
        "if (!isVerified(registry, to)) revert",
        "if (!IIdentityRegistry(registry).isVerified(to)) revert",
        "reference_suite::a_registry_that_costs_much_is_asked_alike_by_orders_and_questions",
    ),
    AttackMutant(
        "F6 anyone burns", TOKEN, TOKEN_FILE,
        "function batchBurn(address[] calldata userAddresses, uint256[] calldata amounts)"
        " external onlyAgent {",
        "function batchBurn(address[] calldata userAddresses, uint256[] calldata amounts)"
        " external {",
        "roles::every_function_of_the_token_refuses_who_may_not_call_it",
    ),
    AttackMutant(
        "G a permit for ever", TOKEN, TOKEN_FILE,
        "nonces[owner]++", "nonces[owner]",
        "permit::a_permit_cannot_be_used_twice",
    ),
    AttackMutant(
        "G a permit without end", TOKEN, TOKEN_FILE,
        "if (block.timestamp > deadline) revert ERC2612ExpiredSignature(deadline);", "",
        "permit::a_permit_works_until_the_end_of_its_deadline",
    ),
    AttackMutant(
        "G anyone's signature", TOKEN, TOKEN_FILE,
        "if (!signed) revert ERC2612InvalidSigner(owner);", "",
        "permit::somebody_elses_signature_is_refused",
    ),
    AttackMutant(
        "H the last owner leaves", TOKEN, TOKEN_FILE,
        "function renounceOwnership() public view override onlyOwner {\n"
        "        revert ShareToken_OwnerRequired();",
        "function renounceOwnership() public override onlyOwner {\n"
        "        _transferOwnership(address(0));",
        "roles::the_last_owner_cannot_leave",
    ),
    AttackMutant(
        "H a list without end", VAULT, VAULT_FILE,
        "if (given.excluded.length > MAX_EXCLUDED) {", "if (given.excluded.length > 10_000) {",
        "dividend_vault::more_than_32_excluded_are_refused",
    ),
    AttackMutant(
        "H nobody is an agent", TOKEN, TOKEN_FILE,
        "if (agent == address(0)) revert ShareToken_InvalidAgent(agent);", "",
        "roles::nobody_is_not_an_agent",
    ),
    AttackMutant(
        "K2 a lot for every day of the longest lock-up", LOTS, "compliance/LockUps.sol",
        "while (length > BY_DAY * period) period *= 2;", "",
        "lockups::a_share_a_day_for_two_years_makes_93_lots_at_most",
    ),
    AttackMutant(
        "K2 lots of one day stay apart after a recovery", LOTS, "compliance/LockUps.sol",
        "bool together = j < b.length && _day(b[j]) == _day(a[i]);", "bool together = false;",
        "lockups::rules_after_rules_make_496_lots_at_most",
    ),
    AttackMutant(
        "K4 a lost wallet files certificates", POLICY, "tax/WithholdingPolicy.sol",
        "_requireNotLost(msg.sender);\n        _;", "_;",
        "withholding_policy::a_lost_wallet_has_no_power",
    ),
    AttackMutant(
        "K4 a lost wallet sets rates", POLICY, "tax/WithholdingPolicy.sol",
        "super._checkOwner();\n        _requireNotLost(msg.sender);", "super._checkOwner();",
        "withholding_policy::a_lost_wallet_has_no_power",
    ),
    AttackMutant(
        "K1 no horizon", TOKEN, LEDGER,
        "if (closesAt > limit) revert", "if (closesAt == 0) revert",
        "record_dates::a_record_cannot_be_scheduled_beyond_the_horizon",
    ),
    AttackMutant(
        "K1 a cancelled record still bars others", TOKEN, LEDGER,
        "_recordTimes[id - 1] = uint48(CANCELLED | before);", "",
        "record_dates::the_owner_undoes_records_that_stand_in_the_way",
    ),
    AttackMutant(
        "K3 what one asset reports holds for all", REGISTRY, REGISTER,
        "emit LossReported(", "successorOf[lost] = successor;"
        " investorOf[lost] = investorOf[lost].asLost(); emit LossReported(",
        "losses::a_loss_that_an_asset_reports_binds_that_asset_only",
    ),
    AttackMutant(
        "K3 an asset registers the new wallet", REGISTRY, REGISTER,
        "_requireSuccessor(lost, successor, _presentPerson(lost));",
        "if (investorOf[successor].person() == 0) investorOf[successor] = investorOf[lost];",
        "losses::an_asset_makes_nobody_a_wallet_of_a_person",
    ),
    AttackMutant(
        "K3 an asset is bound for ever", REGISTRY, REGISTER,
        "persons.bound = false;", "",
        "losses::an_asset_that_is_unbound_reports_nothing_and_is_not_counted",
    ),
    AttackMutant(
        "K3 unbound, and still counted", REGISTRY, REGISTER,
        "persons.forget();", "",
        "losses::an_asset_that_is_unbound_reports_nothing_and_is_not_counted",
    ),
    AttackMutant(
        "K4 a lost wallet stays an agent of the register", REGISTRY, REGISTER,
        "_setAgent(lost, false);", "",
        "losses::a_lost_wallet_keeps_no_role_and_gets_none",
    ),
    AttackMutant(
        "K4 a lost wallet becomes an agent of the register", REGISTRY, REGISTER,
        "_requireNotLost(agent);", "",
        "losses::a_lost_wallet_keeps_no_role_and_gets_none",
    ),
    AttackMutant(
        "K4 a lost wallet is offered the register", REGISTRY, REGISTER,
        "_requireNotLost(newOwner);", "",
        "losses::a_lost_wallet_keeps_no_role_and_gets_none",
    ),
    AttackMutant(
        "K4 the owner of the register is lost", REGISTRY, REGISTER,
        "lost == owner() ||", "",
        "losses::the_owners_wallet_is_not_confirmed_lost",
    ),
    AttackMutant(
        "K4 the next owner of the register is lost", REGISTRY, REGISTER,
        "|| lost == pendingOwner()", "",
        "losses::the_owners_wallet_is_not_confirmed_lost",
    ),
    AttackMutant(
        "K5 forgotten before the modules are told", TOKEN, TOKEN_FILE,
        "        ComplianceLib.report(ledger, lostWallet, newWallet, lost.balance());\n"
        "        if (forgetful != address(0)) IIdentityRegistry(forgetful)"
        ".deleteIdentity(lostWallet);",
        "        if (forgetful != address(0)) IIdentityRegistry(forgetful)"
        ".deleteIdentity(lostWallet);\n"
        "        ComplianceLib.report(ledger, lostWallet, newWallet, lost.balance());",
        "reference_suite::a_recovery_moves_everything_and_no_fee_is_taken_off_it",
    ),
    AttackMutant(
        "K5 the lost wallet stays registered", TOKEN, TOKEN_FILE,
        "if (forgetful != address(0)) IIdentityRegistry(forgetful).deleteIdentity(lostWallet);", "",
        "reference_suite::a_recovery_moves_everything_and_no_fee_is_taken_off_it",
    ),
    AttackMutant(
        "K5 another person's wallet", TOKEN, COMPLIANT,
        "if (given != taken) revert IShareToken.ShareToken_OtherIdentity"
        "(lost, successor, given, taken);", "",
        "reference_suite::a_recovery_to_another_persons_wallet_is_refused",
    ),
    AttackMutant(
        "K5 a new wallet that is not verified", TOKEN, COMPLIANT,
        "            requireVerified(registry, successor);\n", "",
        "reference_suite::a_recovery_to_a_wallet_that_is_not_verified_is_refused",
    ),
    AttackMutant(
        "K5 a movement of nothing is told", TOKEN, COMPLIANT,
        "amount == 0 || rules == address(0)", "rules == address(0)",
        "reference_suite::a_wallet_with_income_and_no_shares_is_recovered",
    ),
    AttackMutant(
        "K2 each page begins anew", VAULT, COUNTING,
        "uint256 start = found.accounts;", "uint256 start = 0;",
        "eligible::anybody_counts_in_pages",
    ),
    AttackMutant(
        "K2 ranges of ranges", "RecordRanges", "income/RecordRanges.sol",
        "if (RecordQueryLib.hasRanges(token_)) revert RecordRanges_NotPlain(token_);", "",
        "record_ranges::a_range_of_ranges_is_refused",
    ),
    AttackMutant(
        "K10 what was declared for a cancelled record stays", VAULT, COUNTING,
        "return answer == 1;", "return answer == 2;",
        "eligible::what_was_declared_for_a_cancelled_record_goes_back",
    ),
    AttackMutant(
        "K10 a token takes back what is owed", VAULT, "income/DividendVaultViews.sol",
        "return _eligible.known(terms) == 0 && EligibleLib.isCancelled(terms);",
        "return EligibleLib.isCancelled(terms);",
        "eligible::a_token_that_lies_takes_nothing_back_once_the_number_is_fixed",
    ),
    AttackMutant(
        "K4 a lost agent stays agent", TOKEN, TOKEN_FILE,
        "_setAgent(lostWallet, false);", "",
        "roles::a_lost_agent_has_no_power_left",
    ),
    AttackMutant(
        "K4 a lost wallet is appointed", TOKEN, TOKEN_FILE,
        "_requireNotLost(agent);", "",
        "roles::a_lost_agent_has_no_power_left",
    ),
    AttackMutant(
        "K4 the owner's wallet is recovered from", TOKEN, TOKEN_FILE,
        "lostWallet == owner() ||", "",
        "roles::an_agent_cannot_take_or_destroy_the_ownership",
    ),
    AttackMutant(
        "K4 a lost wallet becomes owner", TOKEN, TOKEN_FILE,
        "_requireNotLost(newOwner);", "",
        "roles::a_lost_wallet_never_becomes_the_owner",
    ),
    AttackMutant(
        "K6 the signer is whoever says so", VAULT, VAULT_FILE,
        "} else if (expected != claimant) {", "} else if (expected == address(0)) {",
        "claim_relayer::who_is_to_be_paid_is_asked_once",
    ),
    AttackMutant(
        "K7 today's setting decides", TOKEN, TOKEN_FILE,
        "claimant = _claimantOf(account, eligibleOnly);",
        "claimant = _claimantOf(account, incomeHeldWhileIneligible());",
        "recovery::a_later_setting_reaches_no_distribution_that_was_declared_before",
    ),
    AttackMutant(
        "K7 the first of a claim decides for all", VAULT, "income/TermsLib.sol",
        "ends := or(ends, and(flags, FLAGS_OF_QUESTION))", "",
        "recovery::distributions_of_one_claim_are_held_each_by_its_own_terms",
    ),
    AttackMutant(
        "K8 a claim gives a wallet what a page would", VAULT, VAULT_FILE,
        "PaymentLib.trySend(currency, to, amount, PaymentLib.forwardable())",
        "PaymentLib.trySend(currency, to, amount, 100_000)",
        "payments::a_claim_pays_a_wallet_that_writes_many_slots",
    ),
    AttackMutant(
        "K8 who is short of gas is the caller", VAULT, VAULT_FILE,
        "if (offered < least) revert", "if (offered > type(uint128).max) revert",
        "payments::a_push_with_little_gas_skips_nobody",
    ),
    AttackMutant(
        "K8 each gets all there is", VAULT, VAULT_FILE,
        "return FixedPointMathLib.min(offered, page.gasEach);", "return offered;",
        "payments::payees_that_burn_gas_burn_their_own_part_of_a_page",
    ),
    AttackMutant(
        "J1 a part rounds down", TRADING, ORDERS,
        "return (product + divisor - 1) / divisor;", "return product / divisor;",
        "trade_settlement::a_part_never_rounds_to_nothing_before_it_is_paid_for",
    ),
    AttackMutant(
        "J2 each part rounds by itself", TRADING, ORDERS,
        "taken = _divUp(taken * (done + amount), giveAmount) - _divUp(taken * done, giveAmount);",
        "taken = _divUp(taken * amount, giveAmount);",
        "trade_settlement::any_part_fills_exactly",
    ),
    AttackMutant(
        "J3 a nonce is good again", TRADING, SETTLEMENT,
        "            book.first = first | bit;\n", "",
        "trade_settlement::an_order_is_filled_once",
    ),
    AttackMutant(
        "J3 the number below which all are cancelled is not asked", TRADING, SETTLEMENT,
        "_requireLive(order, nonce < uint64(first) || first & bit != 0);",
        "_requireLive(order, first & bit != 0);",
        "trade_settlement::all_below_a_number_are_cancelled",
    ),
    AttackMutant(
        "J4 code goes before the key", TRADING, "libraries/SignatureLib.sol",
        "if (fault == ECDSA.RecoverError.NoError && found == signer) return true;",
        "if (signer.code.length == 0) return fault == ECDSA.RecoverError.NoError"
        " && found == signer;",
        "trade_settlement::an_account_with_key_and_code_is_its_keys",
    ),
    AttackMutant(
        "J5 a record closes a day late", TRADING, GUARDING,
        "return (answer < block.timestamp, answer);",
        "return (answer + 1 days < block.timestamp, answer);",
        "trade_settlement::an_order_ends_with_its_record",
    ),
    AttackMutant(
        "J5 a cancelled record ends nothing", TRADING, GUARDING,
        "return (answer < block.timestamp, answer);",
        "return (answered && answer < block.timestamp, answer);",
        "trade_settlement::an_order_ends_when_its_record_is_cancelled",
    ),
    AttackMutant(
        "J6 what the maker gives is tried only", TRADING, SETTLEMENT,
        "DeliveryLib.move(order.give, order.maker, msg.sender, toTaker);",
        'order.give.call(abi.encodeWithSignature("transferFrom(address,address,uint256)",'
        " order.maker, msg.sender, toTaker));",
        "trade_settlement::a_maker_who_withdraws_costs_the_taker_nothing",
    ),
    AttackMutant(
        "J7 what arrives is not measured", TRADING, ARRIVING,
        "if (arrived < amount) revert ITradeSettlement.TradeSettlement_Short(asset, to, arrived,"
        " amount);",
        "",
        "trade_settlement::the_maker_gets_what_it_signed_for_or_nothing_moves",
    ),
    AttackMutant(
        "J7 a soft no is a yes", TRADING, ARRIVING,
        "moved := and(gt(returndatasize(), 0x1f), eq(mload(0x00), 1))", "moved := 1",
        "trade_settlement::a_token_that_says_no_has_moved_nothing",
    ),
    AttackMutant(
        "J7 the door stands open", TRADING, SETTLEMENT,
        ") external nonReentrant returns (uint256 due) {\n        return _fill(",
        ") external returns (uint256 due) {\n        return _fill(",
        "trade_settlement::a_token_that_calls_back_finds_the_door_shut",
    ),
    AttackMutant(
        "J8 a hold commits to nothing", HOLDS, HOLDS_FILE,
        "if (care == Care.Locked) return IShareToken(asset).hold(owner, amount);",
        "if (care == Care.Locked) return;",
        "secret_holds::an_allowance_commits_to_nothing_and_a_hold_does",
    ),
    AttackMutant(
        "J9 the last second is too late", HOLDS, HOLDS_FILE,
        "if (block.timestamp > terms.until) revert", "if (block.timestamp >= terms.until) revert",
        "secret_holds::the_secret_counts_in_the_last_second",
    ),
    AttackMutant(
        "J9 the secret never counts too late", HOLDS, HOLDS_FILE,
        "if (block.timestamp > terms.until) revert", "if (terms.until == 0) revert",
        "secret_holds::the_secret_counts_in_the_last_second",
    ),
    AttackMutant(
        "J9 any word opens", HOLDS, HOLDS_FILE,
        "if (sha256(abi.encodePacked(secret)) != terms.lock) revert", "if (secret == 0) revert",
        "secret_holds::a_secret_of_another_length_opens_nothing_here",
    ),
    AttackMutant(
        "J10 gives back what is not there", HOLDS, HOLDS_FILE,
        "if (held >= amount) return amount;", "if (held != 0) return amount;",
        "holds_under_orders::shares_that_an_agent_took_leave_none_locked",
    ),
    AttackMutant(
        "J10 what is held passes beneath a freeze", TOKEN, TOKEN_FILE,
        "if (!source.has(AccountLib.FLAG_PARTLY_FROZEN)) return;",
        "if (!source.has(AccountLib.FLAG_PARTLY_FROZEN) || msg.sender == holdsContract) return;",
        "holds_under_orders::what_an_agent_freezes_over_a_hold_is_not_delivered",
    ),
    AttackMutant(
        "J31 a refused claim is forgotten", HOLDS, HOLDS_FILE,
        "delivered = false;", "_locks[id] = lock;",
        "secret_holds::a_claim_in_time_is_kept_while_the_token_refuses",
    ),
    AttackMutant(
        "J31 the owner takes back what was claimed", HOLDS, HOLDS_FILE,
        "if (lock.state() != State.Open) revert Holds_NotIn(id, lock.state());", "",
        "secret_holds::a_claim_in_time_is_kept_while_the_token_refuses",
    ),
    AttackMutant(
        "J31 a delivery passes a pause", TOKEN, TOKEN_FILE,
        "_letGo(from, amount);\n        _transfer(_ledger, from, to, amount);",
        "_letGo(from, amount);\n        _move(from, to, amount, _ledger, true);",
        "secret_holds::a_claim_in_time_is_kept_while_the_token_refuses",
    ),
    AttackMutant(
        "J11 each wallet is a person", CALLS, CALLING,
        "person = investor.person();", "person = investor.person() == 0 ? 0 : uint160(owner);",
        "call_attacks::a_person_has_one_limit_whatever_wallets_it_uses",
    ),
    AttackMutant(
        "J12 withdrawn at any time", CALLS, SETTLING_CALLS,
        "_requireUntil(terms.withdrawUntil);", "",
        "call_attacks::nobody_squeezes_the_price_with_an_order_it_takes_back",
    ),
    AttackMutant(
        "J13 orders of any size", CALLS, CALLING,
        "if (quantity == 0 || quantity < least)", "if (quantity == 0)",
        "call_attacks::a_crowd_of_smallest_orders_delays_nobody",
    ),
    AttackMutant(
        "J14 what could not be paid is forgotten", CALLS, CALL_BOOKS,
        "book.owedTo[ladder][account] += amount;", "",
        "call_attacks::a_payee_that_is_blocked_is_owed_and_the_page_goes_on",
    ),
    AttackMutant(
        "J15 what was not delivered stays", CALLS, SETTLING_CALLS,
        "block.timestamp > terms.settleBy", "false",
        "call_attacks::rules_that_change_keep_back_orders_and_no_money",
    ),
    AttackMutant(
        "J16 proceeds go out at once", CALLS, SETTLING_CALLS,
        "if (page.delivered - page.head.returned >= terms.leastLotsOf()) return true;",
        "return true;",
        "call_attacks::proceeds_wait_until_enough_is_delivered",
    ),
    AttackMutant(
        "J17 refunded at any time", CALLS, SETTLING_CALLS,
        "else if (!isOver) {", "else if (false) {",
        "call_attacks::nobody_refunds_a_call_that_lives",
    ),
    AttackMutant(
        "J18 any price", CALLS, CALLING,
        "if (price < terms.ladders[0].firstPrice || price > most) {", "if (false) {",
        "call_attacks::a_valuer_names_a_price_within_bounds_and_time",
    ),
    AttackMutant(
        "J19 the middle of all equal prices", CALLS, CLEARING,
        "if (rank != best || bids != asks)", "if (rank != best)",
        "call_attacks::of_equal_prices_one_is_chosen_at_which_all_better_orders_fit",
    ),
    AttackMutant(
        "J29 a price of nothing", CALLS, CALL_TERMS,
        "_checkPrice(price != 0, price, 1);", "",
        "call_attacks::a_call_that_makes_no_sense_is_not_opened",
    ),
    AttackMutant(
        "J18 a wild price is taken", EXCHANGE, "market/ExchangeTermsLib.sol",
        "if (price < terms.leastPrice || price > terms.mostPrice) {",
        "if (price < terms.leastPrice) {",
        "elective_exchanges::a_price_is_bounded_in_value_time_and_age",
    ),
    AttackMutant(
        "J18 a stale price pays", EXCHANGE, EXCHANGING,
        "if (block.timestamp > asOf + terms.maxAge) {",
        "if (asOf == 0) {",
        "elective_exchanges::a_price_is_bounded_in_value_time_and_age",
    ),
    AttackMutant(
        "J20 where money is short, less is paid", EXCHANGE, EXCHANGING,
        "if (due.paid > till.funds()) {",
        "if (due.paid > till.funds()) due.paid = till.funds();\n        if (shares == 0) {",
        "mandatory_exchanges::shares_issued_meanwhile_stop_the_page_and_nobody_is_paid_less",
    ),
    AttackMutant(
        "J21 an agent squeezes out", EXCHANGE, EXCHANGING,
        "terms.token.requireSpeaker(msg.sender, terms.mandatory);",
        "terms.token.requireSpeaker(msg.sender, false);",
        "mandatory_exchanges::only_the_owner_opens_a_mandatory_exchange_and_all_see_it",
    ),
    AttackMutant(
        "J21 without notice", EXCHANGE, "market/ExchangeTerms.sol",
        "if (terms.mandatory || terms.opensAt > last)",
        "if (terms.opensAt > last)",
        "mandatory_exchanges::a_squeeze_out_for_nothing_or_without_notice_is_refused",
    ),
    AttackMutant(
        "J22 the list is the end", EXCHANGE, EXCHANGING,
        "if (left != 0) revert ShareExchange_SharesLeft(id, left);",
        "",
        "mandatory_exchanges::shares_that_are_moved_meanwhile_are_exchanged_where_they_are",
    ),
    AttackMutant(
        "J23 one pot for all", EXCHANGE, EXCHANGING,
        "if (paid > funds) revert ShareExchange_Unfunded(id, paid, funds);",
        "",
        "elective_exchanges::money_of_one_exchange_pays_for_no_other",
    ),
    AttackMutant(
        "J24 an older vote is taken", BALLOT, BALLOTS,
        "if (seat.version <= seat.last) return Obstacle.OldVersion;", "",
        "signed_votes::of_signed_votes_the_last_version_counts_in_whatever_order",
    ),
    AttackMutant(
        "J24 a lost key votes", BALLOT, BALLOTS,
        "seat.claimant = _successorOf(seat.token, holder);", "seat.claimant = holder;",
        "signed_votes::nothing_that_a_lost_wallet_signed_is_taken",
    ),
    AttackMutant(
        "J24 a proxy prevails over its principal", BALLOT, BALLOTS,
        "if (seat.byProxy && !was.byProxy && seat.wasVoter == seat.claimant)"
        " return Obstacle.ClaimantVoted;", "",
        "votes::a_proxy_votes_until_its_principal_does",
    ),
    AttackMutant(
        "J24 versions are forgotten with a proxy", BALLOT, BALLOTS,
        "if (seat.wasVoter != address(0)) meeting.pastVersions[holder][seat.wasVoter]"
        " = seat.was.version;", "",
        "signed_votes::versions_of_a_proxy_outlive_its_dismissal",
    ),
    AttackMutant(
        "J24 parts add up with those before", BALLOT, BALLOTS,
        "if (seat.was.isSplit) VoteCountLib.add(were, before);", "if (seat.was.isSplit) {}",
        "votes::a_split_vote_is_replaced_by_whoever_brings_its_parts",
    ),
    AttackMutant(
        "J24 parts of more than there is", BALLOT, BALLOTS,
        "if (VoteLib.sharesIn(parts) > seat.weight) return Obstacle.WrongParts;", "",
        "votes::parts_that_are_none_too_many_empty_or_too_large_are_refused",
    ),
    AttackMutant(
        "J24 anybody's signature", BALLOT, BALLOTS,
        "if (!SignatureLib.isOf(seat.voter, digestOf(signed), signature))"
        " return Obstacle.NotSigned;", "",
        "signed_votes::a_bad_vote_is_reported_and_the_others_go_on",
    ),
    AttackMutant(
        "J25 shares of today vote", BALLOT, BALLOTS,
        "abi.encodeCall(IRecordToken.balanceOfAt, (holder, recordId));",
        'abi.encodeWithSignature("balanceOf(address)", holder, recordId);',
        "votes::shares_bought_for_a_meeting_and_lent_back_vote_once",
    ),
    AttackMutant(
        "J27 a fraction is rounded up", EXCHANGE, QUOTING,
        "let inLieu := div(mul(mod(product, per), mload(add(terms, 0x140))), per)",
        "let inLieu := mul(mod(product, per), mload(add(terms, 0x140)))\n"
        "        inLieu := div(add(inLieu, sub(per, 1)), per)",
        "mandatory_exchanges::fractions_cannot_be_gamed_by_many_wallets",
    ),
)  # fmt: skip

LIVES = {
    TOKEN: f"{path_of('share_token')}::test_a_transfer_moves_exactly_the_amount_and_says_so_once",
    VAULT: f"{path_of('dividend_vault')}::test_a_declaration_takes_the_money_and_tells_everything",
    LOTS: f"{path_of('lockups')}::test_who_buys_is_locked_and_who_sells_frees_nothing",
    POLICY: f"{path_of('withholding_policy')}::test_agents_come_and_go",
    REGISTRY: f"{path_of('registry')}::test_the_last_owner_cannot_leave",
    HOLDS: f"{path_of('custody')}::test_money_is_taken_into_care_and_claimed",
    "RecordRanges": f"{path_of('record_ranges')}::test_a_stream_says_what_it_was_defined_as",
    "PassThrough": f"{path_of('pass_through')}::test_registration_is_the_payee",
    CALLS: f"{path_of('call_attacks')}::test_a_call_is_opened_filled_closed_and_settled",
    TRADING: f"{path_of('trades')}::test_a_gift_is_a_trade_of_one_leg",
    BALLOT: f"{path_of('votes')}::test_a_vote_can_be_looked_up",
    EXCHANGE: f"{path_of('elective_exchanges')}::test_the_treasury_pays_itself_nothing",
}
"""What a mutant still does: it is broken in one place only."""


class Cast(dict[str, Artifact]):
    """The contracts of a run, with a mutant in the place of the one it is a mutant of."""

    def __init__(
        self, mutant: AttackMutant, artifacts: Mapping[str, Artifact], artifact: Artifact
    ) -> None:
        super().__init__(artifacts)
        self.mutant = mutant
        self[mutant.contract] = artifact


def compile_mutants() -> dict[AttackMutant, Artifact]:
    """Compile every mutant, some at a time."""
    starts = range(0, len(MUTANTS), _AT_A_TIME)
    with ThreadPoolExecutor(2) as pool:
        parts = pool.map(lambda start: _compile(MUTANTS[start : start + _AT_A_TIME]), starts)
        return {mutant: artifact for part in parts for mutant, artifact in part.items()}


def _compile(mutants: Sequence[AttackMutant]) -> dict[AttackMutant, Artifact]:
    source = standard_json()
    sound = {name: entry["content"] for name, entry in source["sources"].items()}
    selection: dict[str, Any] = {}
    # The product itself is not compiled here.
    for name in [name for name in sound if name.startswith("contracts/")]:
        del source["sources"][name]
    for number, mutant in enumerate(mutants):
        text = sound[f"contracts/{mutant.file}"]
        assert text.count(mutant.old) == 1, (
            f"{mutant.name}: {text.count(mutant.old)} places in source"
        )
        changed = sound | {f"contracts/{mutant.file}": text.replace(mutant.old, mutant.new)}
        main = artifact(mutant.contract).source_name
        for name in _needed(changed, main):
            source["sources"][_place(number, name)] = {"content": _bare(changed[name])}
        selection[_place(number, main)] = {
            mutant.contract: ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]
        }
    source["settings"] |= {"outputSelection": selection, "optimizer": _QUICK}
    compiled = compile_standard(source)["contracts"]
    return {
        mutant: _artifact(mutant, compiled[_place(number, artifact(mutant.contract).source_name)])
        for number, mutant in enumerate(mutants)
    }


def _bare(text: str) -> str:
    """Without comments: the compiler takes its input on its stack, which is small."""
    return re.sub(r"(?m)^ *(//.*)?\n|^ +", "", text)


def _place(number: int, name: str) -> str:
    return f"mutants/{number}/{name}"


def _needed(sources: Mapping[str, str], main: str) -> set[str]:
    """The product's own sources that one of them needs, itself included."""
    found, waiting = set(), [main]
    while waiting:
        name = waiting.pop()
        if name in found or name not in sources:
            continue
        found.add(name)
        waiting += [
            posixpath.normpath(posixpath.join(posixpath.dirname(name), written))
            for written in _IMPORT.findall(sources[name])
            if written.startswith(".")
        ]
    return found


def _artifact(mutant: AttackMutant, contracts: Mapping[str, Any]) -> Artifact:
    contract = contracts[mutant.contract]
    return Artifact(
        name=mutant.contract,
        abi=contract["abi"],
        bytecode=bytes.fromhex(contract["evm"]["bytecode"]["object"]),
        runtime=bytes.fromhex(contract["evm"]["deployedBytecode"]["object"]),
        source_name=artifact(mutant.contract).source_name,
        immutable_references={},
        storage_layout={},
        userdoc={},
        devdoc={},
    )
