"""A mandatory exchange carried out for everybody: killed anywhere, in any pages, once each."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace

import pytest

from prorata.chain.abi import topics_of
from prorata.chain.calls import decode_logs
from prorata.contracts.share_exchange import ExchangeStage, ExchangeTerms
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.market.exchanges.account import account_of
from prorata.market.exchanges.carrying import exchange_everybody, left_to_take
from prorata.market.exchanges.law import brings
from prorata.market.exchanges.opening import exchange_at, open_exchange
from prorata.market.exchanges.previews import preview_exchange
from prorata.market.exchanges.steps import (
    cancel_exchange,
    close_exchange,
    drain_exchange,
    fund_exchange,
    take_owed,
)
from prorata.market.exchanges.terms import Opening
from tests.prorata.conftest import crowd, sent_by_node
from tests.prorata.income.killed import live_once
from tests.prorata.market.exchanges.exits import ANN, BEN, DAN, DAY, DOLLAR, OWNER, Exits

DOCUMENT = bytes(31) + b"\1"


def maturity(exits: Exits, **others) -> Opening:
    """100.003 dollars for a whole share, from tomorrow."""
    now = exits.commands.chain.now()
    terms = ExchangeTerms(
        exits.token.address,
        100,
        True,
        OWNER,
        currency=exits.dollars.address,
        gets=100_003_000,
        mandatory=True,
        opens_at=now + DAY,
        closes_at=now + 30 * DAY,
        document_hash=DOCUMENT,
    )
    return Opening(replace(terms, **others))


def opened_for_all(exits: Exits, operator, **others) -> int:
    return open_exchange(operator, exits.place, maturity(exits, **others)).id


def test_everybody_is_paid_what_the_preview_says_and_the_rest_goes_back(exits):
    """Laws X1, X2: funded for every share, and each is paid its floor."""
    with exits.operator(0) as operator:
        opening, before = maturity(exits), exits.dollars.balance_of(OWNER)
        preview = preview_exchange(exits.found, exits.place, opening)
        done = open_exchange(operator, exits.place, opening)
        assert done.opening.funding == preview.opening.funding
        said = preview.units.said_money(done.opening.funding)
        assert [step.label for step in done.steps] == [
            "make the exchange contract an agent of QUAY9",
            f"let the exchange contract take {said}",
        ]
        again = open_exchange(operator, exits.place, opening)
        assert (again.id, again.receipt.resumed) == (done.id, True)
        with pytest.raises(InputError, match=r"opens at .* wait until then"):
            exchange_everybody(operator, exits.found, exits.place, done.id)
        exits.commands.travel(opening.terms.opens_at)
        held = exits.dollars.balances_of([line.holder for line in preview.lines])
        carried = exchange_everybody(operator, exits.found, exits.place, done.id)
        assert (carried.exchanged, carried.skipped) == (4, {})
        for line, had in zip(preview.lines, held, strict=True):
            got = exits.dollars.balance_of(line.holder) - had
            assert got == line.brings.paid == brings(opening.terms, line.shares).paid
        assert exits.token.total_supply() == 0
        assert exchange_everybody(operator, exits.found, exits.place, done.id).receipts == ()
        close_exchange(operator, exits.place, done.id)
        assert exits.dollars.balance_of(OWNER) == before - preview.total.paid
    account = account_of(exits.found, exits.place, done.id)
    assert account.brought == preview.total
    assert account.exchange.stage is ExchangeStage.CLOSED


def test_a_frozen_holder_is_owed_until_it_is_released(exits):
    with exits.operator(0) as operator:
        number = opened_for_all(exits, operator)
        operator.send_one("freeze", exits.token.set_address_frozen(ANN, True))
        exits.commands.travel(exits.commands.chain.now() + DAY + 9)
        exchange_everybody(operator, exits.found, exits.place, number)
        paid = brings(exits.place.exchange_of(number).terms, 50_000).paid
        assert exits.place.owed_to(number, ANN).paid == paid
        with pytest.raises(InputError, match="is frozen by QUAY9, which holds what it is owed"):
            take_owed(operator, exits.place, number, ANN)
        operator.send_one("release", exits.token.set_address_frozen(ANN, False))
        taken = take_owed(operator, exits.place, number, ANN)
        assert (taken.receiver, taken.paid.units) == (ANN, paid)
        assert take_owed(operator, exits.place, number, ANN).receipt.resumed
        with pytest.raises(InputError, match="is owed nothing by exchange"):
            take_owed(operator, exits.place, number, BEN)


def test_shares_that_move_meanwhile_are_found_where_they_are(exits, monkeypatch):
    """Attack J22: a transfer to a fresh wallet between the register and the page."""
    fresh = "0x" + "ab" * 20
    with exits.operator(0) as operator:
        number = opened_for_all(exits, operator)
    exits.commands.travel(exits.commands.chain.now() + DAY + 9)
    with exits.operator(0) as operator:
        told, tell = [], operator.tell

        def moves(label: str) -> None:
            tell(label)
            if label.startswith("estimating") and not told:
                told.append(label)
                call = exits.token.transfer(fresh, 70_000)
                asked = {"from": DAN, "to": call.to, "data": f"0x{call.data.hex()}"}
                sent_by_node(exits.commands.chain, asked)

        monkeypatch.setattr(operator, "tell", moves)
        carried = exchange_everybody(operator, exits.found, exits.place, number, page_size=2)
    assert (carried.exchanged, len(carried.receipts)) == (5, 3)
    assert exits.token.total_supply() == 0
    assert exits.dollars.balance_of(fresh) == brings(maturity(exits).terms, 70_000).paid


def test_shares_issued_later_are_funded_or_nobody_is_paid_less(exits):
    """Attack J20: the page stops, says how much is missing, and goes on once it is there."""
    with exits.operator(0) as operator:
        number = opened_for_all(exits, operator)
        operator.send_one("mint", exits.token.mint(OWNER, 1_000))
        exits.commands.travel(exits.commands.chain.now() + DAY + 9)
        with pytest.raises(InputError, match=r"lacks 1,000\.03 USD for the shares that are left"):
            exchange_everybody(operator, exits.found, exits.place, number)
        fund_exchange(operator, exits.place, number, 1_000_030_000)
        exchange_everybody(operator, exits.found, exits.place, number)
    assert exits.token.total_supply() == 0


def test_what_is_not_for_it_is_refused(exits):
    with exits.operator(0) as operator:
        number = opened_for_all(exits, operator)
        for call, sentence in (
            (lambda: drain_exchange(operator, exits.place, number, 1), "is mandatory"),
            (lambda: close_exchange(operator, exits.place, number), "opens at"),
            (
                lambda: exchange_everybody(operator, exits.found, exits.place, 7),
                "there are exchanges 1 to",
            ),
            (
                lambda: exchange_everybody(operator, exits.found, exits.place, number, page_size=0),
                "opens at",
            ),
        ):
            with pytest.raises(InputError, match=sentence):
                call()
        before = exits.dollars.balance_of(OWNER)
        assert cancel_exchange(operator, exits.place, number, bytes(32)).sent_now
        assert exits.dollars.balance_of(OWNER) > before
        assert not cancel_exchange(operator, exits.place, number, bytes(32)).sent_now
        with pytest.raises(InputError, match="was cancelled; nothing is left"):
            exchange_everybody(operator, exits.found, exits.place, number)


def test_pages_fit_the_gas_that_they_may_need(exits):
    with exits.operator(0) as operator:
        number = opened_for_all(exits, operator)
        exits.commands.travel(exits.commands.chain.now() + DAY + 9)
        carried = exchange_everybody(operator, exits.found, exits.place, number, page_gas=1_300_000)
    assert len(carried.receipts) > 1
    assert all(receipt.mined.gas_used < 1_300_000 for receipt in carried.receipts)


# ------------------------------------------------------------------------------------------ killed


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_as_one_that_was_not(exits, tmp_path):
    """Nobody is exchanged twice, nobody is forgotten, and the account is the same."""
    people = [holding.address for holding in crowd(40)]
    with exits.operator(0) as operator:
        operator.send_one("crowd", exits.token.batch_mint(people, [7] * len(people)))
        number = opened_for_all(exits, operator)
    exits.commands.travel(exits.commands.chain.now() + DAY + 9)

    def work(operator, found) -> None:
        place = exchange_at(found.chain)
        exchange_everybody(operator, found, place, number, page_size=5)
        account_of(found, place, number).write(found.folder)

    def live(moments) -> dict:
        snapshot = exits.commands.anvil.rpc("evm_snapshot")
        folder = shutil.copytree(exits.commands.folder, tmp_path / f"life-{snapshot}")
        chain = exits.commands.chain
        try:
            ends = [live_once(chain, folder, work, moment) for moment in moments]
            assert live_once(chain, folder, work, 0) == 0
            assert ends.count(0) <= len(ends) // 2
            found = Deployment.open(chain, folder)
            logs = list(
                chain.logs(
                    [exits.place.address],
                    0,
                    chain.block().number,
                    [topics_of("ShareExchange", "Exchanged")],
                )
            )
            rows = (folder / f"exchange-{number}.csv").read_text().splitlines()
            return {
                "exchanged": Counter(event.args["holder"] for event in decode_logs(logs)),
                "balances": exits.dollars.balances_of(people),
                "left": left_to_take(found, exits.place.exchange_of(number)),
                "rows": sorted(row.rpartition(",")[0].rpartition(",")[0] for row in rows),
            }
        finally:
            exits.commands.anvil.rpc("anvil_dropAllTransactions")
            assert exits.commands.anvil.rpc("evm_revert", snapshot)

    unharmed = live(())
    assert set(unharmed["exchanged"].values()) == {1}
    assert len(unharmed["exchanged"]) == 44
    assert unharmed["left"] == {}
    for moments in ((1, 2, 3, 5, 8), (9, 14, 6)):
        assert live(moments) == unharmed, moments


def test_money_of_an_elective_exchange_comes_and_goes(exits):
    with exits.operator(0) as operator:
        terms = replace(
            maturity(exits).terms, mandatory=False, opens_at=0, closes_at=0, document_hash=bytes(32)
        )
        done = open_exchange(operator, exits.place, Opening(terms, 10 * DOLLAR))
        moved = fund_exchange(operator, exits.place, done.id, 5 * DOLLAR, reference="May")
        assert moved.funds.units == 15 * DOLLAR
        again = fund_exchange(operator, exits.place, done.id, 5 * DOLLAR, reference="May")
        assert (again.receipt.resumed, again.funds.units) == (True, 15 * DOLLAR)
        with pytest.raises(InputError, match=r"is more than the 15\.00 USD that are there"):
            drain_exchange(operator, exits.place, done.id, 16 * DOLLAR)
        assert drain_exchange(operator, exits.place, done.id, 15 * DOLLAR).funds.units == 0
