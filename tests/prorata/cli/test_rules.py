"""`prorata rules` and `prorata registry`: other rules, other registers, persons counted."""

from __future__ import annotations

import pytest

from prorata.chain.signers import LocalSigner, public_test_key
from prorata.contracts.registry import InvestorRegistry
from prorata.contracts.share_token import ShareToken
from prorata.deployments.deployment import open_operator
from prorata.deployments.manifest import Manifest
from prorata.errors import RevertError
from prorata.register import registries
from prorata.register.captable import read_csv
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.addresses import ZERO_ADDRESS
from tests.prorata.cli.opened import Commands
from tests.prorata.cli.test_powers import OTHER, OWNER, THIRD, register, same_again

EXAMPLES = PROJECT_ROOT / "examples"
PLAIN = EXAMPLES / "packs" / "plain-whitelist.yaml"
EU = EXAMPLES / "packs" / "eu-149.yaml"
HOLDERS = read_csv(EXAMPLES / "compliant" / "holders.csv", authorised=5_000).holdings
GIVER, TAKER = HOLDERS[0].address, HOLDERS[1].address
AS_OTHER = ("--account", "TEST::1")


@pytest.fixture
def commands(started) -> Commands:
    """The asset, whose rules count persons."""
    return started


@pytest.fixture
def token(commands) -> ShareToken:
    """Its token."""
    return commands.deployment.token()


@pytest.fixture
def book(commands) -> InvestorRegistry:
    """Its register."""
    return commands.deployment.registry()


def written(commands: Commands, text: str) -> str:
    """A file of rules."""
    path = commands.folder.parent / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def moves(token: ShareToken) -> bool:
    """Whether a transfer between two holders would pass."""
    try:
        token.chain.request("eth_call", token.transfer(TAKER, 1).question(GIVER), "latest")
    except RevertError:
        return False
    return True


# ------------------------------------------------------------------------------------------ rules


def test_the_rules_in_force_are_read_from_the_chain(commands, token):
    """And what would change under others."""
    shown = commands.facts("rules", "show")
    assert shown["rules"] == token.compliance()
    assert shown["registry"] == commands.deployment.registry().address
    assert shown["settings"]["max_holders_of_class_in_country"] == 149
    assert shown["settings"]["limited_class"] == "retail"
    [same] = [commands.facts("rules", "show", "--file", str(EU))]
    assert same["differences"] == []
    differing = commands.facts("rules", "show", "--file", str(PLAIN))["differences"]
    assert [one["rule"] for one in differing] == [
        "countries",
        "classes",
        "limited_class",
        "max_holders_of_class_in_country",
    ]
    assert differing[-1] == {**differing[-1], "before": 149, "after": None}


def test_other_rules_are_shown_deployed_and_put_in_force(commands, token, book):
    """Once: the same again deploys nothing. The manifest keeps them beside the old ones."""
    before = token.compliance()
    facts = same_again(commands, "rules", "change", "--file", str(PLAIN))
    assert token.compliance() == facts["rules"] != before
    assert facts["counted"] == []
    assert book.count_keeper(token.address) == ZERO_ADDRESS
    contracts = Manifest.read(commands.folder / "manifest.json").contracts
    [label] = [label for label in contracts if label.startswith("TransferRules/")]
    assert contracts[label].address == facts["rules"]
    assert contracts["TransferRules"].address == before
    assert moves(token)
    assert commands.facts("rules", "show")["settings"] == {"eligible": True}


def test_a_dry_run_shows_what_differs_and_changes_nothing(commands, token):
    """In the words of the step, which whoever is asked reads too."""
    before, sent = token.compliance(), commands.sent
    manifest = (commands.folder / "manifest.json").read_bytes()
    plan = commands.facts("rules", "change", "--file", str(PLAIN), "--dry-run")
    deploying, putting = [step["label"] for step in plan["steps"]]
    assert deploying == "deploy TransferRules"
    assert "; countries: only AT, BE, BG, CY, CZ, DE, " in putting
    assert ", SE, SI, SK → no rule; " in putting
    assert "; max_holders_of_class_in_country: 149 → no rule" in putting
    assert (token.compliance(), commands.sent) == (before, sent)
    assert (commands.folder / "manifest.json").read_bytes() == manifest
    commands.facts("rules", "change", "--file", str(PLAIN))
    plan = commands.facts("rules", "change", "--file", str(EU), "--dry-run")
    assert len(plan["steps"]) == 2
    assert plan["steps"][1]["label"].startswith("count the holders of")


def test_a_file_with_other_rules_is_taken_over_once_they_are_in_force(commands, token, tmp_path):
    """`deploy` names the command before; it is no drift afterwards."""
    text = (EXAMPLES / "compliant" / "asset.yaml").read_text(encoding="utf-8")
    path = tmp_path / "asset.yaml"
    path.write_text(text.replace("../packs/eu-149.yaml", str(PLAIN)), encoding="utf-8")
    assert "`prorata rules change" in commands.refuses("deploy", "--asset", str(path))
    commands.facts("rules", "change", "--file", str(PLAIN))
    commands.facts("deploy", "--asset", str(path))
    assert commands.deployment.settings.rules.max_holders_of_class_in_country is None
    assert commands.facts("drift")["drifts"] == []


def test_rules_that_count_again_have_all_holders_counted(commands, token, book):
    """Going back deploys nothing, counts every holder, and shares move again."""
    first, persons = token.compliance(), book.holder_count(token.address)
    commands.facts("rules", "change", "--file", str(PLAIN))
    said = commands.gist("rules", "change", "--file", str(EU))
    assert "max_holders_of_class_in_country no rule 149" in said
    assert said.endswith("Counted the holders, in 1 transaction")
    assert token.compliance() == first
    assert (book.count_keeper(token.address), book.holder_count(token.address)) == (first, persons)
    assert moves(token)
    for _ in range(2):
        commands.facts("rules", "change", "--file", str(PLAIN))
        done = commands.facts("rules", "change", "--file", str(EU))
        assert len(done["counted"]) == 1
        assert book.holder_count(token.address) == persons
    assert commands.facts("registry", "count") == {
        "persons": persons,
        "transactions": [],
        "resumed": False,
    }


def test_a_count_hands_over_from_rules_that_count(commands, token, book):
    """Nothing is counted anew, and a lock-up gets a keeper of lots."""
    persons = book.holder_count(token.address)
    path = written(commands, "eligible: true\nmax_holders: 2000\nlock_up_days: 30\n")
    done = commands.facts("rules", "change", "--file", path)
    assert (done["counted"], book.holder_count(token.address)) == ([], persons)
    assert book.count_keeper(token.address) == done["rules"]
    assert "LockUps" in Manifest.read(commands.folder / "manifest.json").contracts
    settings = commands.facts("rules", "show")["settings"]
    assert (settings["lock_up_days"], settings["max_holders"]) == (30, 2000)


def test_who_could_not_finish_is_refused_before_anything_is_sent(commands, token, book):
    """Rules that count need an agent of the register."""
    commands.facts("rules", "change", "--file", str(PLAIN))
    commands.facts("agents", "remove", OWNER, "--of", "registry")
    assert commands.refuses("rules", "change", "--file", str(EU)) == (
        f'account: "{OWNER}" is no agent of the register {book.address}, which must count the '
        f"holders; let the owner {OWNER} add it: `prorata agents add --of registry`"
    )
    assert commands.refuses("rules", "change", "--file", str(EU), *AS_OTHER) == (
        f'account: "{OTHER}" does not own the token CANAL8; use the account {OWNER}'
    )
    assert commands.refuses("rules", "change") == (
        'file: "" is not one choice; give either --file or --to'
    )
    assert commands.refuses("rules", "change", "--to", OTHER) == (
        f'to: "{OTHER}" is not a contract on chain 31337; check the address and the network'
    )


def test_a_token_is_opened_and_closed_by_the_address_of_its_rules(commands, token):
    """None is none; what was in force before is put back by its address."""
    before = token.compliance()
    commands.facts("rules", "change", "--to", "none")
    assert token.compliance() == ZERO_ADDRESS
    assert "CANAL8 has no rules" in commands.says("rules", "show")
    done = commands.facts("rules", "change", "--to", before)
    assert (token.compliance(), len(done["counted"])) == (before, 1)


# --------------------------------------------------------------------------------------- registry


def test_a_token_is_unbound_and_bound_again(commands, token, book):
    """Unbound, no share moves under rules that count; bound and counted, they do."""
    assert moves(token)
    persons = book.holder_count(token.address)
    same_again(commands, "registry", "unbind", "--token", token.address)
    assert (book.tokens(), moves(token)) == ([], False)
    assert commands.refuses("registry", "count") == (
        f'asset: "CANAL8" is not bound to the register {book.address}; bind it with `prorata '
        f"registry bind --token {token.address}`"
    )
    same_again(commands, "registry", "bind")
    assert not moves(token)
    counted = commands.facts("registry", "count")
    assert (counted["persons"], len(counted["transactions"])) == (persons, 1)
    assert moves(token)
    assert commands.refuses("registry", "unbind", "--token", OTHER) == (
        f'token: "{OTHER}" is not bound to the register {book.address}; name one of {token.address}'
    )
    assert commands.refuses("registry", "bind", "--token", OTHER).startswith(
        f'token: "{OTHER}" is not a contract on chain 31337'
    )


def test_a_count_of_many_pages_goes_on_where_it_stopped(commands, token, book, monkeypatch):
    """What was counted before a run ended is not counted again."""
    monkeypatch.setattr(registries, "WALLETS_PER_PAGE", 10)
    persons = book.holder_count(token.address)
    commands.facts("registry", "unbind", "--token", token.address)
    commands.facts("registry", "bind")
    found = commands.deployment
    with open_operator(commands.chain, LocalSigner(public_test_key(0)), found.folder) as operator:
        pages = registries._pages(book, token, found)
        assert len(pages) == 4
        operator.send(pages[:2])
    assert not moves(token)
    sent = commands.sent
    counted = commands.facts("registry", "count")
    assert (counted["persons"], commands.sent) == (persons, sent + 2)
    assert moves(token)


def test_a_wallet_that_holds_nothing_leaves_the_register(commands, book):
    """One that holds shares does not."""
    register(commands, THIRD, person=902)
    same_again(commands, "registry", "remove", "--wallet", THIRD)
    assert book.investor_of(THIRD).person == 0
    assert commands.refuses("registry", "remove", "--wallet", GIVER) == (
        f'wallet: "{GIVER}" holds {HOLDERS[0].shares} CANAL8; let it transfer them first, or end '
        "its eligibility with `prorata register`"
    )
    assert commands.refuses("registry", "remove", "--wallet", OTHER) == (
        f'wallet: "{OTHER}" is not in the register {book.address}; nothing needs to be done'
    )


def test_the_token_asks_another_registry_or_none(commands, token, book):
    """What is none is refused."""
    same_again(commands, "registry", "change", "--to", "none", registry=ZERO_ADDRESS)
    assert token.identity_registry() == ZERO_ADDRESS
    assert "only rules can refuse a receiver" in commands.gist("registry", "change", "--to", "none")
    commands.facts("registry", "change", "--to", book.address)
    assert token.identity_registry() == book.address
    assert commands.refuses("registry", "change", "--to", token.address).startswith(
        f'to: "{token.address}" is no registry of investors on chain 31337'
    )


def test_a_loss_is_undone_under_either_name(commands, book):
    """`registry undo-loss` is `loss undo`."""
    basis = ("--reason", "Key lost at sea", "--document", "0x" + "ab" * 32)
    commands.facts("loss", "confirm", "--lost", GIVER, "--new", OTHER, *basis)
    assert book.investor_of(GIVER).lost
    done = commands.facts("registry", "undo-loss", "--lost", GIVER, *basis)
    assert not book.investor_of(GIVER).lost
    assert (
        commands.facts("loss", "undo", "--lost", GIVER, *basis)["transaction"]
        == (done["transaction"])
    )
