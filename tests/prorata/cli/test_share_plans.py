"""Splits, stock dividends and spin-offs as commands: exact, refused where wrong, sent once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_utils.address import to_checksum_address

from prorata.chain.signers import LocalSigner, public_test_key
from prorata.contracts.share_token import ShareToken
from prorata.toolchain.anvil import Anvil
from prorata.values.times import moment
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands

ANN, BEN, CID = (to_checksum_address(f"0x{digit * 40}") for digit in "abc")
OWNER, OTHER = (LocalSigner(public_test_key(n)).address for n in range(2))
BASIS = ("--reason", "Resolution 7", "--document", f"0x{'ab' * 32}")
IN_MONEY = ("--currency", "USD", "--fraction-price", "12.50")


def written(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Iterator[Commands]:
    """103 shares of the Barn, record 1 closed; and an Attic whose shares the account has."""
    folder = tmp_path_factory.mktemp("deployments")
    with Anvil() as anvil:
        for symbol in ("ATTIC", "BARN"):
            asset = f'name: {symbol}\nsymbol: {symbol}\nauthorised_shares: "300"\n'
            commands = Commands(anvil, folder / symbol)
            money = ["--dollar"] * (symbol == "BARN")
            commands.says("deploy", "--asset", written(folder, f"{symbol}.yaml", asset), *money)
        commands.says("journal", "adopt")
        table = f"address,shares\n{ANN},60\n{BEN},39\n{CID},4\n"
        commands.says("issue", written(folder, "holders.csv", table))
        commands.close_record()
        yield commands


@pytest.fixture
def barn(built) -> Iterator[Commands]:
    with kept(built.anvil.url, built.folder):
        yield built


def holdings(commands: Commands, token: str | None = None) -> dict[str, int]:
    address = token or commands.deployment.token().address
    found = ShareToken(commands.chain, address).balances_of([ANN, BEN, CID])
    return dict(zip("abc", found, strict=True))


# ---------------------------------------------------------------------------------- stock dividends


def test_103_shares_one_for_four_become_128(barn):
    """Ben's 39 bring nine and a fraction, and the vault keeps one share for the next time."""
    shown = barn.facts("stock-dividend", "1:4", "--record", "1", "--dry-run")
    assert [line["new"]["units"] for line in shown["holders"]] == ["15", "9", "1"]
    assert [line["fraction"] for line in shown["holders"]] == ["0/1", "3/4", "0/1"]
    assert holdings(barn) == {"a": 60, "b": 39, "c": 4}

    done = barn.facts("stock-dividend", "1:4", "--record", "1")
    assert done["holders"] == shown["holders"]
    assert holdings(barn) == {"a": 75, "b": 48, "c": 5}
    assert barn.facts("books")["balanced"] is True
    sent = barn.sent
    again = barn.facts("stock-dividend", "1:4", "--record", "1")
    assert (again["resumed"], barn.sent) == (True, sent)
    assert "left over" in barn.gist("stock-dividend", "1:4", "--record", "1")


def test_what_was_left_over_is_given_the_next_time(barn):
    barn.says("stock-dividend", "1:4", "--record", "1")
    record = barn.close_record()
    done = barn.facts("stock-dividend", "1:8", "--record", str(record))
    assert done["carried_in"]["units"] == "1"
    # 75, 48 and 5 shares: nine and three eighths, six, and five eighths.
    assert holdings(barn) == {"a": 84, "b": 54, "c": 5}
    token, vault = barn.deployment.token(), barn.deployment.vault()
    assert token.balance_of(vault.address) == vault.carried(token.address, token.address)
    assert barn.facts("books")["balanced"] is True


def test_a_last_share_goes_to_the_wallet_where_no_amount_gives_it(built, tmp_path):
    """7, 4 and 2 shares, one for four: no amount gives one, one and none."""
    with Anvil() as anvil:
        commands = Commands(anvil, tmp_path / "LOFT")
        asset = 'name: Loft\nsymbol: LOFT\nauthorised_shares: "300"\n'
        commands.says("deploy", "--asset", written(tmp_path, "loft.yaml", asset), "--dollar")
        table = f"address,shares\n{ANN},7\n{BEN},4\n{CID},2\n"
        commands.says("issue", written(tmp_path, "holders.csv", table))
        commands.close_record()
        words = ("stock-dividend", "1:4", "--record", "1", *IN_MONEY)
        done = commands.facts(*words)
        assert [line["topped_up"]["units"] for line in done["holders"]] == ["0", "1", "0"]
        assert holdings(commands) == {"a": 8, "b": 5, "c": 2}
        # Three quarters and two quarters of 12.50, rounded down to the cent's ten thousandth.
        dollars = commands.deployment.currency("USD")
        assert dollars.balances_of([ANN, BEN, CID]) == [9_375_000, 0, 6_250_000]
        sent = commands.sent
        assert commands.facts(*words)["resumed"] is True
        assert commands.sent == sent


def test_a_spin_off_gives_another_assets_shares(barn):
    """One share of the Attic for two of the Barn, made by its agent; by symbol or address."""
    done = barn.facts("stock-dividend", "1:2", "--record", "1", "--of", "ATTIC")
    assert holdings(barn, done["of"]) == {"a": 30, "b": 19, "c": 2}
    assert holdings(barn) == {"a": 60, "b": 39, "c": 4}


def test_the_push_can_be_left_to_others(barn):
    """An account that signs elsewhere signs no push, which anybody may send."""
    done = barn.facts("stock-dividend", "1:4", "--record", "1", "--no-push")
    assert (done["holders_paid"], holdings(barn)) == (None, {"a": 60, "b": 39, "c": 4})
    barn.says("distribute", "--push-only", str(done["distribution"]))
    assert holdings(barn) == {"a": 75, "b": 48, "c": 5}
    again = barn.facts("stock-dividend", "1:4", "--record", "1")
    assert (again["resumed"], again["holders_paid"]) == (True, 3)


def test_a_safe_gets_the_steps_to_sign(barn, tmp_path):
    words = ("stock-dividend", "1:4", "--record", "1", "--account", f"unsigned:{OWNER}")
    assert "anyone may send it" in barn.run(*words, "--yes").err
    written_to = tmp_path / "steps.json"
    done = barn.run(*words, "--no-push", "--to-sign", str(written_to))
    assert (done.code, written_to.exists()) == (4, True), done.err


def test_who_is_excluded_gets_none(barn):
    barn.says("stock-dividend", "1:4", "--record", "1", "--exclude", ANN)
    assert holdings(barn) == {"a": 60, "b": 48, "c": 5}


# ------------------------------------------------------------------------------------------- splits


def test_a_split_schedules_its_record_and_goes_on_after_it(barn):
    at = moment(barn.chain.now() + 100)
    first = barn.run("split", "2:1", "--at", at, "--json")
    said = json.loads(first.out)
    assert (first.code, said["provisional"], said["record"]) == (4, True, 2)
    again = barn.run("split", "2:1", "--at", at, "--json")
    assert (again.code, json.loads(again.out)["resumed"]) == (4, True)
    barn.travel(barn.chain.now() + 200)
    done = barn.facts("split", "2:1", "--at", at)
    assert (done["new_shares"]["units"], done["left_over"]["units"]) == ("103", "0")
    assert holdings(barn) == {"a": 120, "b": 78, "c": 8}


def test_fractions_of_a_split_are_paid_in_money(barn):
    refused = barn.refuses("split", "3:2", "--record", "1")
    assert f"leaves 1 holder with a fraction unpaid, such as {BEN}" in refused
    done = barn.facts("split", "3:2", "--record", "1", *IN_MONEY)
    assert done["in_lieu"]["text"] == "6.25"
    assert holdings(barn) == {"a": 90, "b": 58, "c": 6}
    assert barn.deployment.currency("USD").balance_of(BEN) == 6_250_000


def test_a_split_waits_for_nobody_silently(barn):
    """Who is frozen must be named; its shares are there once it is released."""
    barn.says("freeze", "--wallet", CID, *BASIS)
    refused = barn.refuses("split", "2:1", "--record", "1")
    assert f'holder: "{CID}" would stay unpaid' in refused
    done = barn.facts("split", "2:1", "--record", "1", "--unpaid", CID)
    assert set(done["skipped"]) == {CID}
    assert holdings(barn) == {"a": 120, "b": 78, "c": 4}
    barn.says("freeze", "--wallet", CID, "--release", *BASIS)
    assert barn.facts("split", "2:1", "--record", "1", "--unpaid", CID)["skipped"] == {}
    assert holdings(barn) == {"a": 120, "b": 78, "c": 8}


def test_a_share_issued_after_the_record_keeps_a_split_from_it(barn):
    barn.says("issue", written(barn.folder.parent, "more.csv", f"address,shares\n{CID},1\n"),
              "--tranche", "late")  # fmt: skip
    assert "had 103 BARN, and there are 104 now" in barn.refuses("split", "2:1", "--record", "1")


@pytest.mark.attack("J26")
def test_no_record_may_close_before_everybody_has_the_new_shares(barn):
    """What is still in the vault then would earn nothing for its owners."""
    soon = moment(barn.chain.now() + 600)
    barn.says("record", "--at", soon)
    for words in (("split", "2:1"), ("stock-dividend", "1:4")):
        assert "before everybody would have the new shares" in barn.refuses(*words, "--record", "1")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("split", "1:2", "--record", "1"), "makes no more shares than there are"),
        (("split", "two", "--record", "1"), "is no ratio"),
        (("split", "2:1"), 'record: "" is missing'),
        (("split", "2:1", "--record", "1", "--at", "+2d"), "stands beside --at"),
        (("split", "2:1", "--record", "9"), "was never scheduled"),
        (("split", "9:1", "--record", "1"), "run `prorata authorise 927` first"),
        (("split", "3:2", "--record", "1", "--currency", "USD"), 'fraction-price: "" is missing'),
        (("stock-dividend", "1:61", "--record", "1"), "gives none of the 3 holders"),
        (("stock-dividend", "1:4", "--record", "1", "--of", "NONE"), "is no asset in"),
        (("stock-dividend", "1:4", "--record", "1", "--of", ANN), "is no share token"),
        (("stock-dividend", "1:4", "--record", "1", "--exclude", "Ann"), "exclude"),
        (
            ("stock-dividend", "1:4", "--record", "1", "--account", "TEST::1"),
            f'account: "{OTHER}" is no agent of BARN',
        ),
    ],
)
def test_what_is_wrong_is_refused_in_a_sentence(barn, words, said):
    assert said in barn.refuses(*words)


def test_a_record_has_one_plan(barn):
    barn.says("stock-dividend", "1:4", "--record", "1")
    said = barn.refuses("stock-dividend", "1:3", "--record", "1")
    assert "is not what the stock-dividend at record 1 was planned with, 1:4" in said
    said = barn.refuses("split", "2:1", "--record", "1")
    assert "has a distribution in BARN already" in said
