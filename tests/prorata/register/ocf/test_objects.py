"""objects.py: as strict as the format's own schemas, field by field."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from prorata.register.ocf.objects import MODELS, Issuer, Manifest
from prorata.register.ocf.packages import find_package
from prorata.register.ocf.positions import positions_of
from tests.prorata.register.ocf.examples import OBJECTS, Thing, manifest
from tests.prorata.register.ocf.official import SAMPLES, agrees, official

KINDS = {**MODELS, "ISSUER": Issuer, "OCF_MANIFEST_FILE": Manifest}
NUMBERS = {
    "quantity", "amount", "numerator", "votes_per_share", "seniority", "starting_share_number",
    "liquidation_preference_multiple",
}  # fmt: skip
ARABIC = "\N{ARABIC-INDIC DIGIT ONE}"
WRONG_NUMBERS = (5, 5.5, "", "1e5", "1.", ".5", "1,000", "0.12345678901", " 1", "1 ", ARABIC, "NaN")
RIGHT_NUMBERS = ("0", "007", "+5", "-5", "1.0000000000", "9" * 40)
DAYS = {"date", "formation_date", "board_approval_date"}
WRONG_DAYS = ("2027-02-30", "2027-1-4", "20270104", "2027-01-04T00:00:00Z", "2027-W01-1", 5, "")
OPTIONAL = {
    "ISSUER": "dba country_subdivision_of_formation tax_ids email phone address "
    "initial_shares_authorized",
    "STAKEHOLDER": "issuer_assigned_id current_relationship current_relationships current_status "
    "primary_contact contact_info addresses tax_ids",
    "STOCK_CLASS": "board_approval_date stockholder_approval_date par_value price_per_share "
    "conversion_rights liquidation_preference_multiple participation_cap_multiple",
    "TX_STOCK_ISSUANCE": "board_approval_date stockholder_approval_date consideration_text "
    "stock_plan_id share_numbers_issued vesting_terms_id vestings cost_basis issuance_type",
    "TX_STOCK_TRANSFER": "consideration_text balance_security_id",
    "TX_STOCK_CANCELLATION": "balance_security_id",
    "TX_STOCK_REPURCHASE": "consideration_text balance_security_id",
    "TX_STOCK_REISSUANCE": "split_transaction_id reason_text",
    "TX_STOCK_CONSOLIDATION": "reason_text",
}
"""What may be left out of each, besides comments."""


def kind_of(item: Thing) -> str:
    return item.get("object_type") or item["file_type"]


def is_right(item: Thing) -> bool:
    try:
        KINDS[kind_of(item)].model_validate(item)
    except ValidationError:
        return False
    return True


def places(item: Any, path: tuple = ()) -> Iterator[tuple]:
    """The path to every field in an object."""
    if not isinstance(item, dict | list):
        return
    for key, value in item.items() if isinstance(item, dict) else enumerate(item):
        yield (*path, key)
        yield from places(value, (*path, key))


def changed(item: Thing, path: tuple, value: object = ..., *, name: str = "") -> Thing:
    """The object with another value at a path, without it, or with one more field beside it."""
    again = copy.deepcopy(item)
    at: Any = again
    for key in path[:-1]:
        at = at[key]
    if name:
        at[name] = value
    elif value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return again


def variants(item: Thing) -> Iterator[tuple[Thing, bool]]:
    """The object with one thing changed, and whether it is right then."""
    for path in places(item):
        field = path[-1]
        if field in ("object_type", "file_type", "conversion_rights"):
            continue
        yield changed(item, path, None), False
        if isinstance(field, str):
            yield changed(item, path, 1, name="color"), False
        if field in NUMBERS:
            yield from ((changed(item, path, wrong), False) for wrong in WRONG_NUMBERS)
            yield from ((changed(item, path, right), True) for right in RIGHT_NUMBERS)
        if field in DAYS:
            yield from ((changed(item, path, wrong), False) for wrong in WRONG_DAYS)
        if isinstance(field, str) and len(path) == 1:
            left_out = field in ("comments", *OPTIONAL.get(kind_of(item), "").split())
            yield changed(item, path), left_out


@pytest.mark.parametrize("item", [*OBJECTS, manifest()], ids=kind_of)
def test_an_object_with_all_its_fields_is_right(item):
    assert is_right(item)
    assert agrees(kind_of(item), item, right=True)


@pytest.mark.parametrize("item", OBJECTS, ids=kind_of)
def test_every_change_is_judged_as_the_schemas_do(item):
    """Each field in turn left out, null, with a neighbour, or with a value on either side."""
    count = 0
    for variant, right in variants(item):
        assert is_right(variant) == right, variant
        assert agrees(kind_of(item), variant, right=right), variant
        count += 1
    assert count >= 9


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("stakeholder_type",), "TRUST"),
        (("current_status",), "active"),
        (("current_relationships",), ["FRIEND"]),
        (("contact_info",), {}),
        (("primary_contact",), {"emails": []}),
        (("primary_contact",), {"name": {"legal_name": "Kim"}}),
        (("addresses", 0, "country"), "NLD"),
        (("addresses", 0, "country"), "nl"),
        (("addresses", 0, "country_subdivision"), "ZUID"),
        (("contact_info", "phone_numbers", 0, "phone_number"), "010 555"),
        (("name", "legal_name"), 5),
        (("comments",), "one"),
    ],
)
def test_a_stakeholder_that_the_schemas_refuse(path, value):
    item = changed(OBJECTS[1], path, value)
    assert not is_right(item)
    assert agrees("STAKEHOLDER", item, right=False)


@pytest.mark.parametrize(
    ("number", "path", "value"),
    [
        (0, ("country_subdivision_name_of_formation",), "Zuid-Holland"),
        (2, ("initial_shares_authorized",), "NONE"),
        (2, ("class_type",), "GOLD"),
        (4, ("vestings",), []),
        (4, ("share_price", "currency"), "Eur"),
        (4, ("issuance_type",), "GIFT"),
        (5, ("resulting_security_ids",), []),
        (5, ("resulting_security_ids",), ["b", "b"]),
        (10, ("security_ids",), []),
        (10, ("security_ids",), ["s", "s"]),
    ],
)
def test_other_objects_that_the_schemas_refuse(number, path, value):
    item = changed({**OBJECTS[number], path[0]: OBJECTS[number].get(path[0])}, path, value)
    assert not is_right(item)
    assert agrees(kind_of(item), item, right=False)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ocf_version", "1.1.0"), ("ocf_version", "1.20.0"), ("ocf_version", 1.2),
        ("as_of", "today"), ("generated_at", "2027-12-31"), ("transactions_files", [{}]),
        ("transactions_files", [{"filepath": "a", "md5": "xyz"}]), ("issuer", {}),
        ("wallets", []), ("stock_classes_files", None),
    ],
)  # fmt: skip
def test_a_manifest_that_the_schemas_refuse(field, value):
    item = manifest(**{field: value})
    assert not is_right(item)
    # Whether a text is a time is not looked at by every validator.
    assert field == "generated_at" or agrees("OCF_MANIFEST_FILE", item, right=False)


def test_the_coalitions_samples_are_read_and_what_does_not_add_up_in_them_is_named():
    """They are one of each kind, and no company: every object is right, none fits another."""
    if not official():
        assert all(is_right(item) for item in OBJECTS)
        return
    read = 0
    for path in SAMPLES.glob("*.json"):
        for item in json.loads(path.read_text(encoding="utf-8")).get("items", []):
            if item["object_type"] in KINDS:
                assert is_right(item), item
                assert agrees(item["object_type"], item, right=True)
                read += 1
    assert read == 27
    package = find_package(SAMPLES)
    assert package is not None
    assert (len(package.stakeholders), len(package.classes), len(package.issuances)) == (4, 2, 4)
    with pytest.raises(Exception, match="is not in the package") as caught:
        positions_of(package)
    said = [str(problem) for problem in caught.value.problems]
    for part in ("test-stock-conversion-minimal, object_type", "TX_EQUITY_COMPENSATION_EXERCISE"):
        assert any(part in line and "makes stock of it" in line for line in said)
    assert any("was closed by" in line for line in said)


def test_a_number_ends_where_its_text_does():
    """Python's own validators of schemas let a line break pass there."""
    assert not is_right(changed(OBJECTS[4], ("quantity",), "1\n"))
