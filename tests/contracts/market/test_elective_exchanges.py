"""Elective exchanges: a holder gives free shares for what is here, or nothing happens."""

from __future__ import annotations


def test_shares_are_burnt_for_money_at_once(exchanging):
    x = exchanging
    it = x.facility()
    receipt = x.now(it, 333, note=b"to Cid")
    [event] = receipt.named("Exchanged")
    assert event == {
        "id": it, "holder": x.ann, "payee": x.ann, "shares": 333, "paid": 416_250_000, "due": 0,
        "otherShares": 0, "inLieu": 0, "note": b"to Cid",
    }  # fmt: skip
    assert x.shares(x.ann) == [667]
    assert x.money(x.ann, x.exchange.address) == [416_250_000, 583_750_000]
    assert x.token.call("totalSupply") == 1_167
    found = x.of(it)
    assert (found["funds"], found["paid"], found["exchanged"]) == (583_750_000, 416_250_000, 333)


def test_a_merger_pays_each_its_floor_and_the_fraction_in_lieu(exchanging):
    x = exchanging
    x.harness.issue({x.cid: 7})
    it = x.open(x.merger())
    x.begin(it)
    receipt = x.carry_out(it, x.ann, x.ben, x.cid, x.dan)
    assert [e["otherShares"] for e in receipt.named("Exchanged")] == [300, 150, 2]
    assert x.others(x.ann, x.ben, x.cid) == [300, 150, 2]
    assert x.money(x.cid) == [700_000]
    assert x.exchange.call("missingFunds", it) == 0
    x.exchange.send("close", it)
    assert x.money(x.exchange.address) == [0]


def test_squeeze(exchanging):
    x = exchanging
    x.harness.issue({x.acquirer: 10_000})
    x.consent(20_000, x.kit.now + 30 * 86_400)
    it = x.open(x.squeeze_out(), None, 10_000)
    x.begin(it)
    x.carry_out(it, x.ann, x.acquirer, x.ben)
    assert x.shares(x.ann, x.ben, x.acquirer) == [0, 0, 11_500]
    assert x.of(it)["locked"] == 11_500
    x.exchange.send("close", it)
    assert x.token.call("heldOf", x.acquirer) == 0


def test_held(exchanging):
    x = exchanging
    hold = x.holding.open(amount=60)
    it = x.open(x.maturity())
    x.begin(it)
    receipt = x.carry_out(it, x.ann, x.ben)
    print(receipt.events)
    assert x.owed(it, x.ann) == (75_000_000, 0, 60)
    x.holding.claim(hold)
    x.exchange.send("endHold", it, hold.told)
    assert x.owed(it, x.ben) == (75_000_000, 0, 0)
    x.take(it, x.ben)
    assert x.money(x.ben) == [700_000_000]
    x.exchange.send("close", it)
    assert x.money(x.exchange.address) == [0]
