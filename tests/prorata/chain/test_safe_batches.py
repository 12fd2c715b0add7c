"""Files for Safe's Transaction Builder, held against a checker in JavaScript."""

from __future__ import annotations

import json
import subprocess

from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from prorata.chain.rehearsed_steps import SIMULATED, RehearsedStep
from prorata.chain.safe_batches import MOST_GAS, MOST_STEPS, checksum, in_parts, safe_batch
from prorata.toolchain.paths import PROJECT_ROOT

SAFE = "0x" + "5" * 40
JS = r"""
const lines = require("fs").readFileSync(0, "utf8");
const sorted = (value) => {
  if (Array.isArray(value)) return "[" + value.map(sorted).join(",") + "]";
  if (value !== null && typeof value === "object") {
    const names = Object.keys(value).sort();
    const values = names.map((name) => sorted(value[name]) + ",").join("");
    return "{" + JSON.stringify(names) + values + "}";
  }
  return JSON.stringify(value === undefined ? null : value);
};
const batch = JSON.parse(lines);
delete batch.meta.checksum;
batch.meta.name = null;
process.stdout.write(sorted(batch));
"""


def step(number: int, gas: int = 100_000, value: int = 0) -> RehearsedStep:
    data = bytes.fromhex("a9059cbb") + number.to_bytes(32, "big")
    return RehearsedStep(
        f"step/{number}", f"step {number}", "0x" + "7" * 40, value, data, gas, SIMULATED
    )


def batch(*steps: RehearsedStep, name: str = "prorata") -> dict:
    return safe_batch(
        31337, SAFE, steps, name=name, description="Löwe 漢字", created_at=1_800_000_000
    )


def test_a_batch_has_raw_data_and_a_checksum():
    made = batch(step(1), step(2, value=5))
    assert (made["version"], made["chainId"], made["createdAt"]) == (
        "1.0", "31337", 1_800_000_000_000,
    )  # fmt: skip
    first, second = made["transactions"]
    assert first == {
        "to": "0x" + "7" * 40,
        "value": "0",
        "data": "0x" + step(1).data.hex(),
        "contractMethod": None,
        "contractInputsValues": None,
    }
    assert second["value"] == "5"
    without = {**made, "meta": {k: v for k, v in made["meta"].items() if k != "checksum"}}
    assert made["meta"]["checksum"] == checksum(without)
    # The name is for people, and may be changed in the builder.
    renamed = {**without, "meta": {**without["meta"], "name": "another"}}
    assert checksum(renamed) == checksum(without)
    assert checksum({**without, "chainId": "1"}) != checksum(without)


def test_the_checksum_is_of_what_javascript_serialises():
    made = batch(step(1), step(2, value=10**30))
    node = subprocess.run(
        ["node", "-e", JS],
        input=json.dumps(made),
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT_ROOT,
        timeout=60,
    )

    assert made["meta"]["checksum"] == f"0x{keccak(node.stdout.encode()).hex()}"


@given(st.lists(st.integers(21_000, MOST_GAS), max_size=300))
def test_parts_keep_the_order_and_fit(gas):
    steps = [step(number, used) for number, used in enumerate(gas)]
    parts = list(in_parts(steps))
    assert [one for part in parts for one in part] == steps
    for part in parts:
        assert 1 <= len(part) <= MOST_STEPS
        assert sum(one.gas for one in part) <= MOST_GAS
