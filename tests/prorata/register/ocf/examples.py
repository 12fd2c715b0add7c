"""A small company in the Open Cap Format: every object that prorata reads, all fields in use."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import md5
from pathlib import Path
from typing import Any

from prorata.demo.keys import rehearsal_key

__all__ = [
    "ISSUER",
    "OBJECTS",
    "cancellation",
    "issuance",
    "manifest",
    "package",
    "split",
    "stakeholder",
    "stock_class",
    "transfer",
    "wallets",
]

Thing = dict[str, Any]


def stakeholder(id_: str, kind: str = "INDIVIDUAL", **more: Any) -> Thing:
    name = {"legal_name": f"The {id_}"}
    return {"object_type": "STAKEHOLDER", "id": id_, "name": name, "stakeholder_type": kind, **more}


def stock_class(id_: str = "common", **more: Any) -> Thing:
    return {
        "object_type": "STOCK_CLASS", "id": id_, "name": f"{id_} stock", "class_type": "COMMON",
        "default_id_prefix": "CS-", "initial_shares_authorized": "1000000.00",
        "votes_per_share": "1", "seniority": "1", **more,
    }  # fmt: skip


def issuance(security: str, holder: str, quantity: str, **more: Any) -> Thing:
    return {
        "object_type": "TX_STOCK_ISSUANCE", "id": f"issue-{security}", "security_id": security,
        "date": "2027-01-04", "custom_id": f"CS-{security}", "stakeholder_id": holder,
        "stock_class_id": "common", "share_price": {"amount": "1.00", "currency": "EUR"},
        "quantity": quantity, "security_law_exemptions": [], "stock_legend_ids": [], **more,
    }  # fmt: skip


def transfer(security: str, quantity: str, to: Sequence[str], **more: Any) -> Thing:
    return {
        "object_type": "TX_STOCK_TRANSFER", "id": f"transfer-{security}", "security_id": security,
        "date": "2027-02-01", "quantity": quantity, "resulting_security_ids": list(to), **more,
    }  # fmt: skip


def cancellation(security: str, quantity: str, **more: Any) -> Thing:
    return {
        "object_type": "TX_STOCK_CANCELLATION", "id": f"cancel-{security}", "date": "2027-03-01",
        "security_id": security, "quantity": quantity, "reason_text": "Bought back.", **more,
    }  # fmt: skip


def split(id_: str, ratio: tuple[str, str], date: str, **more: Any) -> Thing:
    return {
        "object_type": "TX_STOCK_CLASS_SPLIT", "id": id_, "date": date, "stock_class_id": "common",
        "split_ratio": {"numerator": ratio[0], "denominator": ratio[1]}, **more,
    }  # fmt: skip


PHONE = {"phone_type": "MOBILE", "phone_number": "+31 10 555 6789"}
EMAIL = {"email_type": "BUSINESS", "email_address": "a@example.org"}
ADDRESS = {
    "address_type": "LEGAL", "street_suite": "Havenstraat 12", "city": "Rotterdam",
    "country_subdivision": "ZH", "country": "NL", "postal_code": "3011",
}  # fmt: skip
TAX_ID = {"tax_id": "NL8", "country": "NL"}
PRICE = {"amount": "0.0001", "currency": "USD"}

ISSUER = {
    "object_type": "ISSUER", "id": "issuer", "legal_name": "Harbor Twelve Property B.V.",
    "formation_date": "2019-05-01", "country_of_formation": "NL",
}  # fmt: skip

OBJECTS: list[Thing] = [
    ISSUER | {
        "dba": "Harbor", "country_subdivision_of_formation": "ZH", "tax_ids": [TAX_ID],
        "email": EMAIL, "phone": PHONE, "address": ADDRESS, "comments": [],
        "initial_shares_authorized": "UNLIMITED",
    },
    stakeholder(
        "all", "INSTITUTION", issuer_assigned_id="7", current_relationship="INVESTOR",
        current_relationships=["INVESTOR", "OTHER"], current_status="ACTIVE",
        primary_contact={"name": {"legal_name": "Kim", "first_name": "K", "last_name": "M"},
                         "emails": [EMAIL]},
        contact_info={"phone_numbers": [PHONE]}, addresses=[ADDRESS], tax_ids=[TAX_ID],
        comments=["one"],
    ),
    stock_class(
        "all", board_approval_date="2019-05-02", stockholder_approval_date="2019-05-03",
        par_value=PRICE, price_per_share=PRICE, conversion_rights=[],
        liquidation_preference_multiple="1", participation_cap_multiple="+1.5", comments=[],
    ),
    {"object_type": "STOCK_LEGEND_TEMPLATE", "id": "legend", "name": "1933", "text": "No sale."},
    issuance(
        "all", "ada", "4800.0000000001", board_approval_date="2027-01-04",
        stockholder_approval_date="2027-01-04", consideration_text="cash", stock_plan_id="plan",
        security_law_exemptions=[{"description": "Reg S", "jurisdiction": "US"}],
        share_numbers_issued=[{"starting_share_number": "1", "ending_share_number": "4800"}],
        vesting_terms_id="terms", vestings=[{"date": "2028-01-01", "amount": "1200"}],
        cost_basis=PRICE, issuance_type="RSA", comments=["one"],
    ),
    transfer("all", "10", ["b"], consideration_text="cash", balance_security_id="c", comments=[]),
    cancellation("all", "10", balance_security_id="c", comments=[]),
    {"object_type": "TX_STOCK_REPURCHASE", "id": "buy", "security_id": "s", "date": "2027-03-01",
     "price": PRICE, "quantity": "33", "consideration_text": "cash", "balance_security_id": "c"},
    {"object_type": "TX_STOCK_RETRACTION", "id": "no", "security_id": "s", "date": "2027-03-01",
     "reason_text": "A mistake."},
    {"object_type": "TX_STOCK_REISSUANCE", "id": "again", "security_id": "s", "date": "2027-03-01",
     "resulting_security_ids": ["t"], "split_transaction_id": "x", "reason_text": "A split."},
    {"object_type": "TX_STOCK_CONSOLIDATION", "id": "one", "security_ids": ["s", "t"],
     "date": "2027-03-01", "resulting_security_id": "u", "reason_text": "Tidy."},
    {"object_type": "TX_STOCK_ACCEPTANCE", "id": "yes", "security_id": "s", "date": "2027-03-01"},
    split("two", ("2", "1"), "2027-03-01", comments=["one"]),
]  # fmt: skip
"""One of each kind with as many fields as it can have."""

_FILES = {
    "stakeholders_files": ("Stakeholders.ocf.json", "OCF_STAKEHOLDERS_FILE", ("STAKEHOLDER",)),
    "stock_classes_files": ("Classes.ocf.json", "OCF_STOCK_CLASSES_FILE", ("STOCK_CLASS",)),
    "stock_legend_templates_files": (
        "Legends.ocf.json", "OCF_STOCK_LEGEND_TEMPLATES_FILE", ("STOCK_LEGEND",),
    ),
    "transactions_files": ("Transactions.ocf.json", "OCF_TRANSACTIONS_FILE", ("TX_", "CE_")),
}  # fmt: skip


def manifest(files: dict[str, list[Thing]] | None = None, **more: Any) -> Thing:
    empty = ("stock_plans_files", "vesting_terms_files", "valuations_files", *_FILES)
    lists: dict[str, list[Thing]] = {part: [] for part in empty}
    return {
        "ocf_version": "1.2.0", "file_type": "OCF_MANIFEST_FILE", "issuer": ISSUER,
        "as_of": "2027-12-31", "generated_at": "2027-12-31T12:00:00Z", **lists, **(files or {}),
        **more,
    }  # fmt: skip


def package(folder: Path, *objects: Thing, **more: Any) -> Path:
    """A folder with a package of these objects."""
    folder.mkdir(parents=True, exist_ok=True)
    named: dict[str, list[Thing]] = {}
    for part, (name, kind, prefixes) in _FILES.items():
        items = [o for o in objects if str(o["object_type"]).startswith(prefixes)]
        text = json.dumps({"file_type": kind, "items": items})
        (folder / name).write_text(text, encoding="utf-8")
        named[part] = [{"filepath": f"./{name}", "md5": md5(text.encode()).hexdigest()}]
    text = json.dumps(manifest(named, **more))
    (folder / "Manifest.ocf.json").write_text(text, encoding="utf-8")
    return folder


def wallets(path: Path, *ids: str) -> Path:
    """A table of wallets: the first stakeholder has the first rehearsal account, and so on."""
    rows = [f"{id_},{rehearsal_key(number).address}" for number, id_ in enumerate(ids)]
    path.write_text("\n".join(["stakeholder_id,address", *rows]), encoding="utf-8")
    return path
