"""A token bucket for each host: so many questions a second, and no more."""

from __future__ import annotations

import pytest

from prorata.chain.transports.rates import Bucket, bucket_for
from prorata.cli.networks import connected
from prorata.errors import InputError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize("rate", [0.5, 1.0, 7.0, 25.0])
def test_no_more_than_the_rate_is_let_through(rate):
    """Of many questions, one by one and in batches: after a second's worth, as the rate says."""
    clock = Clock()
    bucket = Bucket(rate, clock=clock, sleep=clock.sleep)
    asked = 0
    for count in (1, 3, 1, 10, 2, 1, 1, 40, 1):
        bucket.take(count)
        asked += count
    bucket.take(1)
    assert asked - max(1.0, rate) <= rate * (clock.now - 100.0) <= asked + 1e-6


def test_a_pause_fills_it_for_a_second_and_no_longer():
    clock = Clock()
    bucket = Bucket(10.0, clock=clock, sleep=clock.sleep)
    clock.now += 3_600
    bucket.take(10)
    assert clock.now == 3_700
    bucket.take(10)
    assert clock.now == pytest.approx(3_701)


@pytest.mark.parametrize("rate", [0, -1, float("inf"), float("nan")])
def test_what_is_no_rate_is_refused(rate):
    with pytest.raises(InputError, match="requests_per_second"):
        Bucket(rate)


def test_all_connections_to_a_host_share_one():
    assert bucket_for("https://a.example", 5) is bucket_for("https://a.example", 5)
    assert bucket_for("https://a.example", 5) is not bucket_for("https://b.example", 5)
    assert bucket_for("https://a.example", None) is None


def test_networks_yaml_sets_the_rate(anvil, tmp_path, monkeypatch):
    """Success, and then the refusal of what is none."""
    monkeypatch.chdir(tmp_path)
    for rate in ("25", "2.5"):
        (tmp_path / "networks.yaml").write_text(
            f"mine:\n  nodes:\n    - {anvil.url}\n  requests_per_second: {rate}\n", "utf-8"
        )
        with connected("mine") as (chain, _):
            bucket = chain._wire._bucket
            assert bucket is not None
            assert bucket.rate == float(rate)
    (tmp_path / "networks.yaml").write_text(
        f"mine:\n  nodes:\n    - {anvil.url}\n  requests_per_second: 0\n", "utf-8"
    )
    with pytest.raises(InputError, match="requests_per_second"), connected("mine"):
        pass


def test_a_wire_keeps_to_it(anvil):
    from prorata.chain.node import RpcChain

    chain = RpcChain(anvil.url, rate=1_000.0)
    taken = []
    chain._wire._bucket = type("Counting", (), {"take": lambda self, n: taken.append(n)})()
    chain.block()
    chain.headers([0, 0, 0])
    assert taken == [1, 3]
