"""Whether the tests notice a mutant, each in a child process of its own."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from prorata.chain.artifacts import Artifact
from prorata.toolchain.paths import PROJECT_ROOT
from tests import conftest
from tests.assurance.fuzz import stateless
from tests.assurance.fuzz.exchanges import ExchangesHarness
from tests.assurance.fuzz.walk import DEPTH, Walked, walk_one
from tests.assurance.mutation import roomy
from tests.assurance.mutation.mutant import Mutant
from tests.assurance.mutation.stand_in import PROFILE, Finder
from tests.chainkit import Codec
from tests.contracts.files import path_of

KILLED, SURVIVED, TIMEOUT = "killed", "survived", "timeout"

STORIES = 4
"""Walks of the whole system that a mutant meets first, of 250 steps each: half a second."""

CALLS = 3_000
"""Cases that the libraries are asked: half a second."""

WALK_LIMIT, LIMIT = 20, 60
"""Seconds that a mutant may take over the walk, and over its tests; they take a tenth of it."""

FAILED_TEST = "PRORATA_FAILED_TEST"
"""Where a child writes down the test that has failed."""

PROBE = "Probe"
"""The test contract that asks libraries many cases."""

PROBES = (PROBE, "LibraryProbe")
"""The test contracts that libraries are part of."""

WALKED = {"ShareToken", "DividendVault", "InvestorRegistry", "TransferRules", "ClaimRelayer"}
"""Contracts that the walk has on its harness."""

REENTRY, LAYOUTS = (
    "tests/assurance/attacks/test_reentry_matrix.py",
    "tests/assurance/proofs/test_layouts.py",
)
TOKEN = (
    "roles", "freezing", "recovery", "share_token", "record_dates", "permit", "policy", "standards",
    "rules", "registry", "tests/laws/test_ledger_laws.py", REENTRY,
)  # fmt: skip
VAULT = (
    "claim_batches", "payments", "claim_relayer", "tests/laws/test_vault_laws.py", "dividend_vault",
    REENTRY,
)  # fmt: skip
REGISTER = (
    "registry",
    "rules",
    "policy",
    "lockups",
    "recovery",
    "tests/laws/test_register_laws.py",
)
TAXING = ("withholding_policy", "tests/laws/test_withholding_laws.py")
VOTING = ("votes", "signed_votes", "meetings", "votes_of_other_tokens")
EXCHANGING = ("elective_exchanges", "mandatory_exchanges", "exchanges_and_holds")
TRADING = (
    "trades",
    "trade_settlement",
    "order_explanations",
    "tests/laws/test_settlement_laws.py",
)
HOLDING = (
    "secret_holds",
    "keepers",
    "holds_under_orders",
    "custody",
    "tests/laws/test_holds_laws.py",
)
CALLING = (
    "offerings", "auctions_among_holders", "tenders", "calls_at_a_valuers_price", "call_attacks",
)  # fmt: skip
OWN = {
    "ShareToken": TOKEN,
    "ShareLedger": ("record_dates", *TOKEN),
    "AccountLib": (LAYOUTS, "record_dates", *TOKEN),
    "HistoryLib": ("record_dates", "claim_batches", *TOKEN),
    "LedgerLib": (LAYOUTS, "record_dates", *TOKEN),
    "ComplianceLib": ("rules", "reference_suite", *TOKEN),
    "Documents": TOKEN,
    "FrozenSharesLib": (LAYOUTS, "holds", *TOKEN),
    "InvestorRegistry": ("losses", *REGISTER),
    "PersonCountLib": ("losses", *REGISTER),
    "InvestorLib": (LAYOUTS, *REGISTER, "withholding_policy"),
    "PersonHoldingLib": (LAYOUTS, *REGISTER),
    "TransferRules": ("rules", "lockups", *REGISTER),
    "LockUps": ("lockups", "rules"),
    "WithholdingPolicy": TAXING,
    "RateTableLib": TAXING,
    "InvestorStatusLib": TAXING,
    "TimelineLib": TAXING,
    "ProRataLib": (*TAXING, *VAULT),
    "RecordRanges": ("record_ranges", "standards"),
    "RangeTermsLib": ("record_ranges",),
    "PassThrough": ("pass_through",),
    "ClaimRelayer": ("claim_relayer", "primary_reinvestment"),
    "SignatureLib": ("permit", "claim_relayer", "trade_settlement"),
    "Holds": HOLDING,
    "LockLib": (LAYOUTS, *HOLDING),
    "TradeSettlement": TRADING,
    "OrderLib": ("trade_settlement", "order_explanations"),
    "TradeLib": ("trades",),
    "DeliveryLib": TRADING,
    "RecordGuardLib": TRADING,
    "OrderExplanationLib": ("order_explanations", "tests/laws/test_settlement_laws.py"),
    "RefusalLib": ("order_explanations", "call_explanations", "tests/laws/test_settlement_laws.py"),
    "CallTermsLib": ("call_terms", "call_clearing", "call_attacks"),
    "CallClearingLib": ("call_clearing", "call_attacks"),
    "CallExplainer": ("call_explanations",),
    "Ballot": VOTING,
    "RecordVotes": ("record_votes",),
    "MeetingTermsLib": VOTING,
    "VoteCountLib": VOTING,
    "VoteLib": VOTING,
    "ShareExchange": EXCHANGING,
    "ExchangeTerms": ("elective_exchanges", "mandatory_exchanges"),
    "ExchangeTermsLib": EXCHANGING,
    "ExchangeQuoteLib": EXCHANGING,
    "ExchangeMoneyLib": EXCHANGING,
    "TillLib": EXCHANGING,
    "FreeSharesLib": ("elective_exchanges", "exchange_explanations"),
    "ExchangeExplainer": ("exchange_explanations",),
    "CallAuction": CALLING,
    "CallBooks": CALLING,
    "CallSettlement": CALLING,
    "CallOrderLib": CALLING,
    "CallWordLib": CALLING,
    "PrimaryReinvestment": ("primary_reinvestment",),
    "PaymentLib": ("payments", "pass_through", "currencies"),
    "RecordQueryLib": ("record_ranges", *VAULT),
    "EligibleLib": ("eligible", "record_ranges", *VAULT),
    "TokenRolesLib": ("record_ranges", "pass_through", *VAULT),
    "StaticCallLib": ("record_ranges", "policy", "registry", "pass_through", *VAULT),
}
"""The tests of each source, quick ones first; of those that are not here, the vault's."""

PYTHON = {
    "apportion": ("prorata/test_apportion", "prorata/register/test_captable"),
    "values/amounts": ("prorata/values/test_amounts", "prorata/register/test_captable"),
    "assets/withholding": ("prorata/assets/test_withholding", "prorata/reports/test_annual"),
    "reports/annual": ("prorata/reports/test_annual", "prorata/reports/test_statements"),
    "tax/forms": ("prorata/tax/test_forms",),
    "register/issue_checks": (
        "prorata/register/test_compliance",
        "prorata/register/test_reference_suite",
        "prorata/test_operations",
    ),
    "income/declarations": (
        "prorata/test_operations",
        "prorata/income/test_declarations",
        "prorata/income/test_record_ranges",
        "prorata/income/test_permits",
    ),
    "income/declaration_files": (
        "prorata/income/test_declaration_files",
        "prorata/income/test_declarations",
        "prorata/income/test_record_ranges",
        "prorata/tax/test_policies",
    ),
    "income/previews": ("prorata/income/test_previews",),
    "income/pushes": (
        "prorata/income/test_pushes",
        "prorata/test_operations",
        "prorata/contracts/test_views",
        "prorata/income/test_push_kills",
    ),
    "ledger/unclaimed": ("prorata/income/test_closing",),
    "income/record_ranges": (
        "prorata/register/test_record_ranges",
        "prorata/income/test_record_ranges",
    ),
    "income/pools": ("prorata/income/test_record_ranges",),
}
"""The tests of each Python module; those of the planning ones need a chain."""

KILLERS: dict[str, list[str]] = defaultdict(list)
"""Tests that have noticed a mutant of a source before, the latest first; the next meets them."""

POLICY = "tests/contracts/tax/test_withholding_policy.py"
APART = (
    "tests/contracts/token/test_standards.py::test_the_token_fits",
    f"{POLICY}::test_asking_stays_cheap_however_much_is_changed_later",
    "tests/contracts/income/test_claim_relayer.py::test_on_a_fork_the_old_signature_is_worth_nothing",
    f"{REENTRY}::test_the_vaults_call_outs[push, paying]",
)
"""Tests of size and gas, which the optimiser decides, and of a node that limits the size."""


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant, and by what."""

    outcome: str
    by: str = ""


# ------------------------------------------------------------------------- of contracts


def killed_at_once(artifacts: Mapping[str, Artifact], changed: set[str]) -> Verdict:
    """Let a mutant meet what takes a second: a walk of the whole system, and cases by number."""
    verdict = Verdict(SURVIVED)
    if changed & WALKED:
        verdict = Verdict(in_child(lambda: _walks(artifacts), WALK_LIMIT), "walk")
    if verdict.outcome == SURVIVED and PROBE in changed:
        verdict = Verdict(in_child(lambda: _calculates(artifacts), WALK_LIMIT), "cases")
    return verdict


def killed_by_tests(path: str, artifacts: Mapping[str, Artifact], *, every: bool) -> Verdict:
    """Let a mutant meet the tests of its source, one file after the other; or every test."""
    files = every_file() if every else map(file_of, _own(path))
    return _noticed(path, ([file] for file in files), lambda tests: passes(tests, artifacts))


def killed_by_known(path: str, artifacts: Mapping[str, Artifact]) -> Verdict:
    """Let a mutant meet what has killed others of its source."""
    return _meets(path, KILLERS[path][:], lambda tests: passes(tests, artifacts))


def judged_sound(file: str, artifacts: Mapping[str, Artifact]) -> bool:
    """Whether a file of tests finds nothing wrong with these contracts, in the time that it has."""
    return in_child(lambda: passes([file], artifacts), LIMIT) == SURVIVED


def _noticed(
    path: str, groups: Iterable[list[str]], survives: Callable[[list[str]], bool]
) -> Verdict:
    """What becomes of a mutant that meets one group of tests after the other."""
    for tests in groups:
        verdict = _meets(path, tests, survives)
        if verdict.outcome != SURVIVED:
            return verdict
    return Verdict(SURVIVED)


def _meets(path: str, tests: list[str], survives: Callable[[list[str]], bool]) -> Verdict:
    """What becomes of it by some tests at once; whichever fails is remembered."""
    if not tests:
        return Verdict(SURVIVED)
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as noted:
        os.environ[FAILED_TEST] = noted.name
        outcome = in_child(lambda: survives(tests), LIMIT)
        by = noted.read() or tests[0]
    if outcome == SURVIVED:
        return Verdict(SURVIVED)
    if "::" in by:
        KILLERS[path][:] = [by, *(other for other in KILLERS[path] if other != by)]
    return Verdict(outcome, by)


def _own(path: str) -> Sequence[str]:
    return OWN.get(Path(path).stem, VAULT)


def file_of(name: str) -> str:
    """The path of a file of tests, by the name that it has in `OWN`."""
    return name if name.startswith("tests/") else path_of(name)


def every_file() -> Iterator[str]:
    """Figures of gas, compared bytecode and planted faults are not among them."""
    for folder in ("contracts", "laws"):
        for path in sorted((PROJECT_ROOT / "tests" / folder).rglob("test_*.py")):
            yield path.relative_to(PROJECT_ROOT).as_posix()
    yield REENTRY
    yield LAYOUTS


def warm(known: Mapping[str, list[str]]) -> None:
    """Import what every child needs, once, and learn what has killed before."""
    KILLERS.update(known)
    for file in every_file():
        importlib.import_module(file.removesuffix(".py").replace("/", "."))


def _walks(artifacts: Mapping[str, Artifact]) -> bool:
    """Whether walks go on as they should."""
    roomy.enlarge()
    codec = Codec(artifacts)
    for story in range(STORIES):
        walk_one(
            lambda: ExchangesHarness(codec), f"mutants/{story}", DEPTH, Walked(), minimise=False
        )
    return True


def _calculates(artifacts: Mapping[str, Artifact]) -> bool:
    """Whether libraries calculate as they should."""
    roomy.enlarge()
    stateless.run(Codec(artifacts), "mutants", CALLS)
    return True


def passes(files: list[str], artifacts: Mapping[str, Artifact]) -> bool:
    """Whether no test fails. In a child, which has pytest and the tests from its parent."""
    roomy.enlarge()
    conftest.compile_contracts = lambda *_: artifacts  # type: ignore[assignment]
    settings.load_profile(PROFILE)
    # A test that is not found says nothing about the contracts.
    return _pytest(files) in (pytest.ExitCode.OK, pytest.ExitCode.USAGE_ERROR)


# -------------------------------------------------------------------------- of modules


def killed_module(mutant: Mutant) -> Verdict:
    """Let a mutant of a Python module meet its tests."""
    text = mutant.applied((PROJECT_ROOT / mutant.path).read_text(encoding="utf-8"))
    name = mutant.path.removesuffix(".py").replace("/", ".")
    files = [
        f"tests/{file}.py"
        for file in PYTHON[mutant.path.removeprefix("prorata/").removesuffix(".py")]
    ]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "mutant.py"
        source.write_text(text, encoding="utf-8")
        groups = [KILLERS[mutant.path][:], *([file] for file in files)]
        return _noticed(mutant.path, groups, lambda tests: passes_with(name, source, tests))


def passes_with(name: str, source: Path, files: list[str]) -> bool:
    """The same with a mutant of a module, and everything that may have imported it anew."""
    for module in list(sys.modules):
        if module == "prorata" or module.startswith(("prorata.", "test")):
            del sys.modules[module]
    sys.meta_path.insert(0, Finder(name, source))
    settings.load_profile(PROFILE)
    os.environ["HYPOTHESIS_PROFILE"] = PROFILE
    return _pytest(files) == pytest.ExitCode.OK


# ------------------------------------------------------------------------------- both


class FirstFailure:
    """Tells the parent which test has failed."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Of every test, three times."""
        if report.failed:
            Path(os.environ[FAILED_TEST]).write_text(report.nodeid, encoding="utf-8")


def _pytest(tests: Sequence[str]) -> int:
    apart = [f"--deselect={test}" for test in APART]
    watching = [FirstFailure()] if FAILED_TEST in os.environ else []
    return pytest.main(["-x", "-q", "--tb=no", *apart, *tests], plugins=watching)


def in_child(survives: Callable[[], bool], limit: int) -> str:
    """Fork, so that nothing a mutant does stays."""
    child = os.fork()
    if child == 0:
        # A mutant may loop for ever in the EVM, where Python's own alarms do not reach.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(limit)
        code = 1
        try:
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            code = 0 if survives() else 1
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return TIMEOUT if os.WTERMSIG(status) == signal.SIGALRM else KILLED
    return SURVIVED if os.WEXITSTATUS(status) == 0 else KILLED
