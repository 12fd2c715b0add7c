"""A command for every power: roles, orders, a holder's own shares, documents, settings."""

from __future__ import annotations

from hashlib import sha256

import pytest

from prorata.chain.signers import LocalSigner, public_test_key
from prorata.contracts.share_token import ShareToken
from prorata.register.captable import read_csv
from prorata.register.enforcement import read_orders
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.addresses import ZERO_ADDRESS
from tests.prorata.cli.opened import Commands

COMPLIANT = PROJECT_ROOT / "examples" / "compliant"
HOLDERS = read_csv(COMPLIANT / "holders.csv", authorised=5_000)
BASIS = ("--reason", "Resolution 7 of May 2027", "--document", "0x" + "ab" * 32)
OWNER, OTHER, THIRD = (LocalSigner(public_test_key(number)).address for number in range(3))
AS_OTHER = ("--account", "TEST::1")


@pytest.fixture
def commands(started) -> Commands:
    """The asset."""
    return started


@pytest.fixture
def token(commands) -> ShareToken:
    """Its token."""
    return commands.deployment.token()


def same_again(commands: Commands, *words: str, **expected) -> dict:
    """What a command says when it is run; the second time it sends nothing and says so."""
    facts, sent = commands.facts(*words), commands.sent
    assert facts["transaction"] is not None
    assert facts["resumed"] is False
    again = commands.facts(*words)
    assert again == {**again, "transaction": facts["transaction"], "resumed": True}
    assert "Nothing was sent, it was done before: " in commands.says(*words)
    assert commands.sent == sent
    for name, value in expected.items():
        assert facts[name] == value
    return facts


# ------------------------------------------------------------------------------------------ roles


@pytest.mark.parametrize("part", ["token", "registry"])
def test_agents_are_appointed_and_removed_by_the_owner(commands, part):
    """Each is sent once; what was undone in between is a new step."""
    of = ("--of", part)
    for _ in range(2):
        facts = same_again(commands, "agents", "add", OTHER, *of)
        assert facts["agents"] == sorted([OWNER, OTHER])
        facts = same_again(commands, "agents", "remove", OTHER, *of)
        assert facts["agents"] == [OWNER]
    said = commands.gist("agents", "remove", OWNER, *of)
    assert "has no agent now; its owner appoints one with `prorata agents add 0x… --of" in said
    listed = {one["contract"]: one for one in commands.facts("agents", "list")["agents"]}
    assert listed[facts["contract"]]["agents"] == []
    assert listed[facts["contract"]]["owner"] == OWNER


def test_who_does_not_own_a_contract_is_told_who_does(commands, token):
    """Before anything is sent."""
    for words in (("agents", "add", THIRD), ("agents", "remove", OWNER)):
        assert commands.refuses(*words, *AS_OTHER) == (
            f'account: "{OTHER}" does not own the token CANAL8; use the account {OWNER}'
        )
    assert commands.refuses("agents", "remove", THIRD) == (
        f'agent: "{THIRD}" is no agent of the token CANAL8; name one of {OWNER}'
    )
    assert commands.refuses("agents", "add", THIRD, "--of", "tax") == (
        'policy: "" is missing; deploy one with `prorata tax deploy`'
    )
    assert commands.refuses("agents", "add", THIRD, "--policy", "us") == (
        'policy: "us" is a tax policy, not the token; add --of tax'
    )


def test_the_ownership_is_offered_and_accepted(commands, token):
    """Whoever was not offered it is refused; the former owner who is agent is named."""
    assert commands.refuses("ownership", "accept", *AS_OTHER) == (
        f'account: "{OTHER}" was not offered the token CANAL8: nobody was; let the owner {OWNER} '
        "offer it: `prorata ownership offer`"
    )
    same_again(commands, "ownership", "offer", "--to", OTHER, pending_owner=OTHER)
    assert (token.owner(), token.pending_owner()) == (OWNER, OTHER)
    refusal = commands.refuses("ownership", "accept", "--account", "TEST::2")
    assert refusal.startswith(f'account: "{THIRD}" was not offered the token CANAL8: {OTHER} was;')
    said = commands.gist("ownership", "offer", "--to", OTHER)
    assert f"{OTHER} is no contract, so a single key will own the token CANAL8" in said
    same_again(commands, "ownership", "offer", "--to", "none", pending_owner=None)
    assert token.pending_owner() == ZERO_ADDRESS
    commands.facts("ownership", "offer", "--to", OTHER)
    facts = commands.facts("ownership", "accept", *AS_OTHER)
    assert (facts["owner"], facts["former_owners_still_agents"]) == (OTHER, [OWNER])
    assert token.owner() == OTHER
    assert commands.facts("ownership", "accept", *AS_OTHER)["resumed"] is True
    assert commands.refuses("ownership", "offer", "--to", OTHER, *AS_OTHER) == (
        f'to: "{OTHER}" owns the token CANAL8 already; name who is to own it next'
    )


# ----------------------------------------------------------------------------------------- orders


def test_transfers_are_stopped_and_allowed_again_with_a_reason(commands, token):
    """Both stand in the log; the same order again sends nothing."""
    for _ in range(2):
        for word, paused in (("pause", True), ("unpause", False)):
            done = commands.facts(word, *BASIS)
            assert (token.paused(), done["transaction"] is not None) == (paused, True)
            sent = commands.sent
            assert commands.facts(word, *BASIS)["transaction"] == done["transaction"]
            assert commands.sent == sent
    what = [line["what"] for line in read_orders(commands.deployment) if "what" in line]
    assert what == ["pause", "unpause"] * 2
    refusal = commands.refuses("pause", *BASIS, *AS_OTHER)
    assert refusal.startswith(f'account: "{OTHER}" is no agent of CANAL8; ')


def test_shares_are_destroyed_once_for_each_reason(commands, token):
    """As many as the holder has, at most."""
    holder, supply = HOLDERS.holdings[0], token.total_supply()
    words = ("burn", "--holder", holder.address, "--amount")
    for _ in range(2):
        commands.facts(*words, "3", *BASIS)
    assert token.total_supply() == supply - 3
    commands.facts(*words, "3", "--reason", "Resolution 8 of May 2027", "--document", BASIS[3])
    assert token.balance_of(holder.address) == holder.shares - 6
    left = f"{holder.shares - 6:,}"
    assert commands.refuses(*words, "100,000", *BASIS) == (
        f'amount: "100,000" is more than the {left} that {holder.address} holds; burn no more '
        "than that"
    )
    assert commands.refuses(*words, "0", *BASIS) == ('amount: "0" is nothing; say how many to burn')


# ----------------------------------------------------------------------------- a holder's own


@pytest.fixture
def given(commands, token) -> str:
    """The second test account is an investor with some shares."""
    register(commands, OTHER, person=901)
    shares = HOLDERS.holdings[0]
    words = ("--from", shares.address, "--to", OTHER, "--amount", "20")
    commands.facts("force-transfer", *words, *BASIS)
    return OTHER


def register(commands: Commands, wallet: str, person: int) -> None:
    """Bring one more investor to the register."""
    line = f"{wallet},{person},DE,retail,forever\n"
    path = commands.folder.parent / f"{person}.csv"
    path.write_text(f"address,person,country,class,eligible_until\n{line}", encoding="utf-8")
    commands.facts("register", str(path))


def test_a_holder_transfers_its_shares_once_for_each_reference(commands, token, given):
    """A refusal names every rule in the way."""
    refusal = commands.refuses("transfer", "--to", THIRD, "--amount", "7", *AS_OTHER)
    assert refusal.startswith("2 problems in the transfer:")
    assert f"the receiver {THIRD} is not registered as eligible" in refusal
    register(commands, THIRD, person=902)
    words = ("transfer", "--to", THIRD, "--amount", "7", *AS_OTHER)
    first = commands.facts(*words)
    assert (first["left"]["text"], first["resumed"]) == ("13", False)
    assert commands.facts(*words) == {**first, "resumed": True}
    second = commands.facts(*words, "--reference", "second")
    assert second["left"]["text"] == "6"
    assert token.balance_of(THIRD) == 14
    assert commands.refuses("transfer", "--to", THIRD, "--amount", "8", *AS_OTHER) == (
        'amount: "8" cannot be transferred: the sender holds 6 CANAL8; transfer no more than '
        "that; at most 6 CANAL8 would pass now"
    )


def test_a_holder_lets_somebody_else_transfer(commands, token, given):
    """Up to the allowance, which another replaces."""
    register(commands, THIRD, person=902)
    words = ("transfer", "--from", OTHER, "--to", THIRD, "--amount", "4", "--account", "TEST::0")
    assert commands.refuses(*words) == (
        f'from: "{OTHER}" has approved 0 CANAL8 for {OWNER}; transfer no more than that, or let '
        f"{OTHER} approve more: `prorata approve`"
    )
    allowed = ("approve", "--spender", OWNER, "--amount")
    facts = commands.facts(*allowed, "5", *AS_OTHER)
    assert (facts["amount"]["text"], facts["before"]["text"]) == ("5", "0")
    assert commands.facts(*allowed, "5", *AS_OTHER)["resumed"] is True
    assert commands.facts(*words)["left"]["text"] == "16"
    assert token.allowance(OTHER, OWNER) == 1
    assert "could have taken the 1 before this was mined" in commands.gist(*allowed, "2", *AS_OTHER)
    assert commands.facts(*allowed, "0", *AS_OTHER)["before"]["text"] == "2"
    assert token.allowance(OTHER, OWNER) == 0
    assert commands.refuses("approve", "--spender", OTHER, "--amount", "5", *AS_OTHER) == (
        f'spender: "{OTHER}" is the account itself; name somebody else'
    )


def test_a_holder_names_a_payee_and_takes_it_back(commands):
    """A contract is worth a notice."""
    vault = commands.deployment.vault()
    facts = same_again(commands, "payee", "set", "--to", THIRD, "--account", "TEST::0")
    assert (facts["payee"], facts["before"], facts["is_contract"]) == (THIRD, OWNER, False)
    assert vault.payee_of(OWNER) == THIRD
    shown = commands.says("payee", "show", "--holder", OWNER)
    assert shown == f"The income of {OWNER} goes to {THIRD}\n"
    contract = commands.deployment.token().address
    said = commands.gist("payee", "set", "--to", contract)
    assert f"{contract} is a contract; make sure that it can pass on what it receives" in said
    commands.facts("payee", "set", "--own")
    assert vault.payee_of(OWNER) == OWNER
    assert "goes to the holder itself" in commands.says("payee", "show", "--holder", OWNER)
    assert commands.refuses("payee", "set", "--to", vault.address) == (
        f'to: "{vault.address}" is the vault itself, which can be paid nothing; name another '
        "address"
    )
    assert commands.refuses("payee", "set") == (
        'to: "" is not one payee; give either --to or --own'
    )


# ---------------------------------------------------------------------------- documents, settings


def test_documents_are_published_listed_and_removed(commands, token, tmp_path):
    """With the SHA-256 of the file, as orders have it."""
    assert commands.says("documents", "list") == "CANAL8 has no documents\n"
    paper = tmp_path / "prospectus.pdf"
    paper.write_bytes(b"All about it")
    uri = "https://example.org/prospectus.pdf"
    words = ("documents", "set", "prospectus", "--uri", uri)
    known = f"0x{sha256(b'All about it').hexdigest()}"
    for _ in range(2):
        same_again(commands, *words, "--file", str(paper), hash=known)
        [listed] = commands.facts("documents", "list")["documents"]
        assert (listed["name"], listed["uri"], listed["hash"]) == ("prospectus", uri, known)
        same_again(commands, *words, hash=None)
    same_again(commands, "documents", "remove", "prospectus")
    assert token.documents() == []
    assert commands.refuses("documents", "remove", "terms") == (
        'name: "terms" is no document of CANAL8: there are none yet; check the name'
    )
    long = "a name that is far too long for this"
    assert commands.refuses("documents", "set", long, "--uri", uri) == (
        f'name: "{long}" is not 1 to 32 bytes long; write a short name such as prospectus'
    )
    assert commands.refuses(*words, "--file", str(tmp_path / "none")).endswith(
        "cannot be read (no such file or directory); give the document's file"
    )


def test_the_owner_sets_what_the_token_says_of_itself(commands, token):
    """Each is read back from the chain."""
    same_again(commands, "settings", "name", "Canal Quay 8 and 9", name="Canal Quay 8 and 9")
    same_again(commands, "settings", "symbol", "CANAL9", symbol="CANAL9")
    same_again(commands, "settings", "metadata", "https://example.org/c.json")
    same_again(commands, "settings", "identity", OTHER, identity=OTHER)
    same_again(commands, "settings", "income-waits", "yes", income_waits=True)
    vault = commands.deployment.vault().address
    same_again(commands, "settings", "holds-contract", vault, holds_contract=vault)
    assert commands.facts("settings", "show") == {
        "name": "Canal Quay 8 and 9",
        "symbol": "CANAL9",
        "metadata": "https://example.org/c.json",
        "identity": OTHER,
        "income_waits": True,
        "holds_contract": vault,
    }
    same_again(commands, "settings", "holds-contract", "none", holds_contract=ZERO_ADDRESS)
    assert "income waits    while its holder is not eligible" in commands.says("settings", "show")
    assert commands.refuses("settings", "holds-contract", OTHER).startswith(
        f'contract: "{OTHER}" is not a contract on chain 31337; check the address'
    )
    assert commands.refuses("settings", "symbol", "TOO LONG A SYMBOL") == (
        'symbol: "TOO LONG A SYMBOL" is not 1 to 11 characters without spaces at the ends; write '
        "another"
    )
