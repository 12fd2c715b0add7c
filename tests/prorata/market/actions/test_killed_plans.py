"""Plans that are killed before any of their steps: run again, they end as if nothing had been.

A run can end at every moment before a step is signed and after it was mined, and nothing is written
then: what the journal has is all there is. A few of these moments are tried here, with
`PRORATA_KILLS=1` or more all of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from prorata.assets.asset import Asset
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner, public_test_key
from prorata.contracts.share_exchange import ShareExchange
from prorata.deployments.deployer import deploy
from prorata.deployments.deployment import Deployment, open_operator
from prorata.market.actions.conversion_files import ConversionPlan
from prorata.market.actions.conversions import carry_conversion
from prorata.market.actions.ratios import Ratio
from prorata.market.actions.rights import RightsPlan, issue_rights
from prorata.market.actions.share_distributions import ShareOffer, give_shares, plan_shares
from prorata.market.exchanges.opening import exchange_at
from prorata.market.singletons import deploy_singletons
from prorata.register.captable import CapTable, Holding
from prorata.register.issuance import issue
from prorata.toolchain.anvil import Anvil
from tests.prorata.cli.kept import kept
from tests.prorata.conftest import close_record, travel

OWNER, ANN, BEN, CID = (LocalSigner(public_test_key(n)) for n in range(4))
HOLDERS = [one.address for one in (ANN, BEN, CID)]
DAY = 86_400
FEW = 3
EVERY_MOMENT = bool(int(os.environ.get("PRORATA_KILLS", "0")))


class PowerCutError(Exception):
    """The run ends here."""


class Mortal(Operator):
    """Ends before or after the step of a number; the moments are counted over a whole run."""

    last, lived = 0, 0

    def send(self, intents):
        self._live()
        done = super().send(intents)
        self._live()
        return done

    @classmethod
    def _live(cls) -> None:
        cls.lived += 1
        if cls.lived == cls.last:
            raise PowerCutError


@dataclass
class Scene:
    anvil: Anvil
    folder: Path
    record: int

    @property
    def chain(self) -> RpcChain:
        return RpcChain(self.anvil.url)

    @property
    def found(self) -> Deployment:
        return Deployment.open(self.chain, self.folder)

    @property
    def exchange(self) -> ShareExchange:
        return exchange_at(self.chain)

    def run(self, act: Callable[[Operator, Scene], None], last: int = 0) -> int:
        """Run a plan, to its end or to a moment; how many moments it has lived."""
        Mortal.last, Mortal.lived = last, 0
        with open_operator(self.chain, OWNER, self.folder, make=Mortal) as operator:
            act(operator, self)
        return Mortal.lived

    def balances(self, symbol: str) -> list[int]:
        token = Deployment.open(self.chain, self.folder.parent / symbol).token()
        return token.balances_of(HOLDERS)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Iterator[Scene]:
    """7, 4 and 2 shares, of which one for four is given by no amount alone."""
    folder = tmp_path_factory.mktemp("deployments") / "LOFT"
    settings = Asset.of({"name": "Loft", "symbol": "LOFT", "authorised_shares": "300"})
    with Anvil() as anvil:
        with open_operator(RpcChain(anvil.url), OWNER, folder) as operator:
            found = deploy(operator, settings, folder, dollar=True)
            shares = zip(HOLDERS, (7, 4, 2), strict=True)
            issue(operator, found, CapTable(tuple(Holding(one, held) for one, held in shares)))
            deploy_singletons(operator)
            record = close_record(anvil, operator, found)
        yield Scene(anvil, folder, record)


@pytest.fixture
def scene(built) -> Iterator[Scene]:
    with kept(built.anvil.url, built.folder.parent):
        yield built


def give(operator: Operator, scene: Scene) -> None:
    """One new share for four, and money for fractions."""
    found = scene.found
    dollars = found.currency("USD")
    offer = ShareOffer(
        "stock-dividend", "1:4", Ratio(1, 4), scene.record, found.token(),
        currency=dollars, fraction_price=12_500_000,
    )  # fmt: skip
    plan, final = plan_shares(operator, found, offer)
    assert final
    assert give_shares(operator, found, plan).left == {}


def convert(operator: Operator, scene: Scene) -> None:
    """One share for three, from a time that comes in the middle of the run."""
    found, opens = scene.found, scene.found.token().record_time(scene.record) + 10 * DAY
    plan = ConversionPlan(
        action="reverse-split", ratio=str(Ratio.of(Fraction(1, 3))), token=found.token().address,
        symbol="LOFT3", name="Loft", deploys=True, other=None,
        currency=found.currency("USD").address, fraction_price=9_000_000, cash=0,
        opens_at=opens, closes_at=opens + DAY, reason="Resolution 7",
        document_hash=f"0x{'ab' * 32}", document="given as a hash",
    )  # fmt: skip
    beside = scene.folder.parent
    carry_conversion(operator, found, scene.exchange, plan, beside=beside)
    if scene.chain.now() < opens:
        travel(scene.anvil, opens + 1)
    assert carry_conversion(operator, found, scene.exchange, plan, beside=beside).finished


def offer_rights(operator: Operator, scene: Scene) -> None:
    found = scene.found
    plan = RightsPlan(
        symbol="LOFTR", name="Loft, rights", token=found.token().address, record=scene.record,
        ratio="1:5", currency=found.currency("USD").address, price=8_000_000,
        closes_at=found.token().record_time(scene.record) + 30 * DAY, treasury=OWNER.address,
        excluded=(),
    )  # fmt: skip
    issue_rights(operator, found, scene.exchange, plan, beside=scene.folder.parent)


def given(scene: Scene) -> None:
    assert scene.balances("LOFT") == [8, 5, 2]
    # Three quarters, nothing, and two quarters of 12.50.
    assert scene.found.currency("USD").balances_of(HOLDERS) == [9_375_000, 0, 6_250_000]


def converted(scene: Scene) -> None:
    assert scene.balances("LOFT") == [0, 0, 0]
    assert scene.balances("LOFT3") == [2, 1, 0]
    assert scene.found.currency("USD").balances_of(HOLDERS) == [3_000_000, 3_000_000, 6_000_000]
    assert scene.exchange.exchange_count() == 1


def offered(scene: Scene) -> None:
    assert scene.balances("LOFTR") == [7, 4, 2]
    assert scene.exchange.exchange_count() == 1


@pytest.mark.parametrize(
    ("act", "ended"),
    [(give, given), (convert, converted), (offer_rights, offered)],
    ids=["give", "convert", "offer_rights"],
)
def test_a_plan_that_is_killed_anywhere_ends_as_if_it_had_not_been(scene, act, ended):
    with kept(scene.anvil.url, scene.folder.parent):
        moments = scene.run(act)
        ended(scene)
    assert moments >= 10
    step = 1 if EVERY_MOMENT else moments // FEW
    for last in range(1 + step // 2, moments + 1, step):
        with kept(scene.anvil.url, scene.folder.parent):
            with pytest.raises(PowerCutError):
                scene.run(act, last)
            scene.run(act)
            ended(scene)
            sent = scene.chain.nonce(OWNER.address)
            scene.run(act)
            assert scene.chain.nonce(OWNER.address) == sent
