"""What is prepared is what happens: each action is sent as it was prepared, and compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from prorata.chain.node import RpcChain
from prorata.chain.safe_batches import checksum
from prorata.errors import InputError, ProrataError
from prorata.files.models import validated
from prorata.service.preparing.actions import ACTIONS
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.times import moment
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands
from tests.prorata.service.preparations import balances, prepared, send

pytestmark = pytest.mark.slow

EXAMPLES = PROJECT_ROOT / "examples" / "building"
ISSUER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
ANN = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
BEN = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
DIGEST = "0x" + "ab" * 32
ORDER = {"reason": "Order 12/2027 of a court", "document": DIGEST}
LATER = "2099-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """Two holders, a closed record, rent that nobody has claimed, and money of the issuer's."""
    with Anvil() as anvil:
        place = tmp_path_factory.mktemp("deployments")
        holders = place / "holders.csv"
        holders.write_text(f"address,shares\n{ANN},600\n{BEN},400\n")
        commands = Commands(anvil, place / "HARB12")
        commands.says("deploy", "--asset", str(EXAMPLES / "asset.yaml"), "--dollar")
        commands.says("issue", str(holders))
        commands.close_record()
        commands.says("distribute", "--currency", "USD", "--amount", "1,000", "--kind", "rent")
        yield commands


@pytest.fixture
def commands(building: Commands) -> Iterator[Commands]:
    with kept(building.anvil.url, building.folder):
        yield building


CASES: list[tuple[str, str, dict[str, Any], list[str]]] = [
    ("claim", ANN, {}, ["claim"]),
    ("claim", BEN, {"holder": ANN, "distributions": [1]}, ["claim"]),
    ("payee", ANN, {"to": BEN}, ["setPayee"]),
    ("transfer", ANN, {"to": BEN, "amount": "25"}, ["transfer"]),
    ("approve", ANN, {"spender": BEN, "amount": "5"}, ["approve"]),
    ("approve", ANN, {"spender": BEN, "amount": "5.50", "currency": "USD"}, ["approve"]),
    ("distribute", ISSUER, {"currency": "USD", "amount": "250.00", "kind": "interest"},
     ["approve", "declare"]),
    ("record", ISSUER, {}, ["scheduleRecord"]),
    ("issue", ISSUER, {"holders": [{"address": BEN, "shares": "7"}], "tranche": "second"},
     ["batchMint"]),
    ("freeze", ISSUER, {"wallet": ANN, **ORDER}, ["setAddressFrozen"]),
    ("freeze", ISSUER, {"wallet": ANN, "amount": "10", **ORDER}, ["setFrozenTokens"]),
    ("force-transfer", ISSUER, {"sender": ANN, "receiver": BEN, "amount": "3", **ORDER},
     ["forcedTransfer"]),
    ("burn", ISSUER, {"wallet": ANN, "amount": "4", **ORDER}, ["burn"]),
    ("pause", ISSUER, ORDER, ["pause"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "account", "said", "functions"),
    CASES,
    ids=[f"{name} {' '.join(map(str, said))}" for name, _, said, _ in CASES],
)
def test_what_is_prepared_is_what_happens(
    commands: Commands, name: str, account: str, said: dict[str, Any], functions: list[str]
) -> None:
    """Law 112: it changes the balances that it says, and then there is nothing more to do."""
    if name == "distribute":
        commands.close_record()
    if name == "record":
        said = {"at": moment(RpcChain(commands.anvil.url).now() + 86_400)}
    sent = commands.sent
    told = prepared(commands, name, account, **said)
    assert commands.sent == sent
    assert [one["function"] for one in told["transactions"]] == functions
    assert all(one["contract"] and one["says"] and one["tried"] == "simulated"
               for one in told["transactions"])  # fmt: skip
    assert all(one["events"] for one in told["transactions"])
    before = balances(commands, told)
    send(commands, account, told)
    after = balances(commands, told)
    changed = {
        (one["account"], one["change"]["address"]): int(one["change"]["units"])
        for one in told["balance_changes"]
    }
    assert {place: after[place] - before[place] for place in before} == changed
    assert bool(changed) == (name in {"claim", "transfer", "distribute", "issue", "force-transfer",
                                      "burn"})  # fmt: skip


def test_what_is_done_needs_no_signature(commands: Commands) -> None:
    """Law 112: of what stands as it should, nothing is left."""
    told = prepared(commands, "payee", ANN, to=BEN)
    send(commands, ANN, told)
    assert prepared(commands, "payee", ANN, to=BEN)["done"] is True


def test_a_payment_that_was_made_already_is_asked_about(commands: Commands) -> None:
    """Law 112: as the command asks, since nothing on the chain would stop it."""
    commands.close_record()
    [note] = prepared(commands, "distribute", ISSUER, currency="USD", amount="1,000", kind="rent")[
        "notes"
    ]
    assert "is it the same?" in note


def test_a_safe_gets_a_file_that_its_builder_takes(commands: Commands) -> None:
    """Law 112: with its checksum, and the same transactions."""
    told = prepared(commands, "pause", ISSUER, safe=True, **ORDER)
    [file] = told["safe_files"]
    bare = {**file, "meta": {k: v for k, v in file["meta"].items() if k != "checksum"}}
    assert file["meta"]["checksum"] == checksum(bare)
    assert [one["data"] for one in file["transactions"]] == [
        one["data"] for one in told["transactions"]
    ]


def test_a_message_is_what_its_contract_takes(commands: Commands) -> None:
    """Law 112: signed by the holder's wallet, it is brought by anybody and pays."""
    told = prepared(commands, "claim-to", ANN, to=BEN, until=LATER)
    assert told["transactions"] == []
    key = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
    signable = encode_typed_data(full_message=told["typed_data"])
    signature = Account.sign_message(signable, key).signature
    assert Account.recover_message(signable, signature=signature) == ANN
    assert told["typed_data"]["message"]["receiver"] == BEN


@pytest.mark.parametrize(
    ("name", "account", "said", "sentence"),
    [
        ("transfer", ANN, {"to": BEN, "amount": "601"}, "601"),
        ("transfer", ANN, {"to": BEN, "amount": "0"}, "is nothing"),
        ("freeze", ANN, {"wallet": BEN, **ORDER}, "agent"),
        ("claim", ANN, {"distributions": [9]}, "9"),
        ("vote", ANN, {"meeting": 1, "choice": "1 for"}, ""),
        ("subscribe", ANN, {"offering": "1", "shares": "4"}, ""),
        ("record", ISSUER, {"at": "2001-01-01T00:00:00Z"}, "2001"),
    ],
)
def test_what_cannot_be_done_is_refused(
    commands: Commands, name: str, account: str, said: dict[str, Any], sentence: str
) -> None:
    """Law 112: in the words of the command."""
    with pytest.raises(ProrataError) as refused:
        prepared(commands, name, account, **said)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("name", "said", "sentence"),
    [
        ("transfer", {"to": "0x12", "amount": "1"}, "is not an address"),
        ("transfer", {"to": BEN}, "amount"),
        ("transfer", {"to": BEN, "amount": "1", "data": "0x"}, "is no setting"),
        ("freeze", {"wallet": ANN, "reason": "x" * 30, "document": "/etc/passwd"}, "document"),
        ("claim-to", {"to": BEN, "until": "tomorrow"}, "until"),
    ],
)
def test_what_is_not_understood_is_refused(name: str, said: dict[str, Any], sentence: str) -> None:
    """Before a node is asked; a document is a digest, so that no file of the server is read."""
    with pytest.raises(InputError) as refused:
        validated(ACTIONS[name].arguments, said, "the guide", "the request")
    assert sentence in str(refused.value)
