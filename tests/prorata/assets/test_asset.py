"""The asset's YAML file: what is read, and every fault in it at once."""

from __future__ import annotations

import pytest

from prorata.assets.asset import Asset
from prorata.errors import InputError
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.addresses import check_address
from prorata.values.amounts import MAX_SHARES

OWNER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
MISTYPED = "0x70997970c51812dc3A010C7d01b50e0d17dc79C8"
FEWER = "authorise a number that the token can count"
COPY = "copy the address again from its source"
LEAST = {"name": "Harbour Street 12", "symbol": "HARB12", "authorised_shares": 10_000}


def refusal(content) -> str:
    with pytest.raises(InputError) as refused:
        Asset.of(content, "asset.yaml")
    return str(refused.value)


def test_the_worked_example():
    settings = Asset.load(PROJECT_ROOT / "examples" / "building" / "asset.yaml")
    assert (settings.name, settings.symbol, settings.decimals) == (
        "Harbour Street 12",
        "HARB12",
        0,
    )
    assert settings.authorised == 10_000
    assert settings.unit_price == "1,000.00 USD"


@pytest.mark.parametrize(("text", "decimals", "units"), [("10,000", 0, 10_000), ("2.5", 2, 250)])
def test_authorised_shares_are_smallest_units(text, decimals, units):
    settings = Asset.of({**LEAST, "authorised_shares": text, "decimals": decimals})
    assert settings.authorised == units


def test_addresses_are_normalised():
    assert Asset.of({**LEAST, "owner": OWNER.lower()}).owner == OWNER
    assert check_address("owner", OWNER) == OWNER


def test_every_fault_is_listed_at_once():
    assert refusal({"symbol": "HARB 12", "authorised_shares": 1.5, "owner": 5, "rent": 3}) == (
        "5 problems in asset.yaml:\n"
        '  name: "" is missing; add it\n'
        '  symbol: "HARB 12" is no symbol; use up to 11 letters, digits, points and hyphens\n'
        '  authorised_shares: "1.5" is not a whole number; write digits without a point\n'
        '  owner: "5" is a number to YAML; write the address in quotes\n'
        '  rent: "3" is no setting; remove it; the settings there are name, symbol, decimals, '
        "authorised_shares, unit_price, owner, rules, registry, agents, currencies, approvers, "
        "deterministic and id"
    )


@pytest.mark.parametrize(
    ("setting", "value", "rule"),
    [
        ("decimals", 19, "is outside 0 to 18; give 0 to 18"),
        ("authorised_shares", "1.5", "is not a whole number of shares; write whole shares only"),
        ("authorised_shares", 0, f"is not between 1 and {MAX_SHARES} smallest units; {FEWER}"),
        ("name", " ", "is no name; write 1 to 64 characters without spaces at the ends"),
        ("rules", MISTYPED, f"fails its EIP-55 checksum; {COPY}"),
        ("rules", "0x" + "0" * 40, "is the zero address; write the holder's own address"),
    ],
)
def test_a_fault_is_one_sentence(setting, value, rule):
    assert refusal({**LEAST, setting: value}) == f'{setting}: "{value}" {rule}'


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (None, "cannot be read (no such file or directory)"),
        ("a: [", "is not YAML (while parsing a flow node)"),
        ("", "has no settings"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path, content, rule):
    path = tmp_path / "asset.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError) as refused:
        Asset.load(path)
    assert str(refused.value).startswith(f'asset: "{path}" {rule}; ')


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        (
            "registry", "new",
            ('registry: "new" is a registry that no rules would read; name a file of rules, such '
            "as examples/packs/plain-whitelist.yaml"),
        ),
        (
            "rules", {"eligible": True},
            'registry: "" is missing, and the rules need one; write registry: new',
        ),
    ],
)  # fmt: skip
def test_rules_and_a_registry_need_each_other(setting, value, sentence):
    assert refusal({**LEAST, setting: value}) == sentence


def test_a_name_that_reads_as_another_is_refused():
    reported = refusal({**LEAST, "name": "Harbour\u202eStreet"})
    assert reported.startswith("name: ")
    assert "U+202E" in reported


@pytest.mark.parametrize(("named", "rules"), [("none", None), (OWNER, OWNER)])
def test_rules_can_be_none_or_those_at_an_address(tmp_path, named, rules):
    (tmp_path / "asset.yaml").write_text(
        f"name: House\nsymbol: HSE\nauthorised_shares: 10\nrules: '{named}'\n"
    )
    assert Asset.load(tmp_path / "asset.yaml").rules == rules


APPROVER = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ({"agents": [OWNER, OWNER.lower()]}, f'agents: "{OWNER}" is listed twice; list it once'),
        (
            {"approvers": {"need": 3, "of": [OWNER, APPROVER]}},
            (
                'approvers: "3" is outside 1 to 2, the number of those listed; ask for as many as '
                "there are, or fewer"
            ),
        ),
        (
            {"approvers": {"need": 1, "of": [OWNER, OWNER]}},
            f'approvers: "{OWNER}" is listed twice; list it once',
        ),
        (
            {"approvers": {"need": "2", "of": [OWNER]}},
            'approvers.need: "2" is not a whole number; write digits without quotes',
        ),
    ],
)
def test_who_may_do_something_is_listed_once(content, rule):
    assert refusal({**LEAST, **content}) == rule


def test_equal_addresses_need_an_id():
    named = {**LEAST, "deterministic": True}
    assert refusal(named).startswith(
        'id: "" is missing, and addresses that are equal on all chains come from it; add a UUID, '
        "the same in the files for all chains, such as id: "
    )
    assert refusal({**named, "id": "house"}).startswith('id: "house" is no UUID; write one')
    one = "7B0C3AD0-6A3B-4B9A-9A57-3F2F1F9C8F10"
    assert Asset.of({**named, "id": one}).id == one.lower()
