"""The schemas and samples that the Open Cap Format's own coalition publishes, where they are.

They are not part of this repository. They are looked for in the folder that PRORATA_OCF names, or
in `shared/ocf` beside the checkout, with the subfolders `schema` and `samples`. Where they are not,
the same tests compare with what is written in them: each says of every object whether it is right.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

from jsonschema import Draft7Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from prorata.toolchain.paths import PROJECT_ROOT

__all__ = ["SAMPLES", "agrees", "official"]

NAMED = os.environ.get("PRORATA_OCF")
FOLDER = Path(NAMED) if NAMED else PROJECT_ROOT.parent / "shared" / "ocf"
SAMPLES = FOLDER / "samples"
"""The samples, where they are."""

OBJECTS = {
    "ISSUER": "objects/Issuer",
    "STAKEHOLDER": "objects/Stakeholder",
    "STOCK_CLASS": "objects/StockClass",
    "STOCK_LEGEND_TEMPLATE": "objects/StockLegendTemplate",
    "TX_STOCK_ISSUANCE": "objects/transactions/issuance/StockIssuance",
    "TX_STOCK_TRANSFER": "objects/transactions/transfer/StockTransfer",
    "TX_STOCK_CANCELLATION": "objects/transactions/cancellation/StockCancellation",
    "TX_STOCK_REPURCHASE": "objects/transactions/repurchase/StockRepurchase",
    "TX_STOCK_RETRACTION": "objects/transactions/retraction/StockRetraction",
    "TX_STOCK_REISSUANCE": "objects/transactions/reissuance/StockReissuance",
    "TX_STOCK_CONSOLIDATION": "objects/transactions/consolidation/StockConsolidation",
    "TX_STOCK_ACCEPTANCE": "objects/transactions/acceptance/StockAcceptance",
    "TX_STOCK_CLASS_SPLIT": "objects/transactions/split/StockClassSplit",
    "OCF_MANIFEST_FILE": "files/OCFManifestFile",
    "OCF_STAKEHOLDERS_FILE": "files/StakeholdersFile",
    "OCF_STOCK_CLASSES_FILE": "files/StockClassesFile",
    "OCF_TRANSACTIONS_FILE": "files/TransactionsFile",
}


@cache
def official() -> bool:
    """Whether the schemas are there. PRORATA_OCF must not name a folder without them."""
    there = (FOLDER / "schema" / "objects").is_dir() and SAMPLES.is_dir()
    if NAMED and not there:
        message = (
            f"PRORATA_OCF names {NAMED}: put the folders schema and samples there, or unset it"
        )
        raise FileNotFoundError(message)
    return there


@cache
def _validator(kind: str) -> Draft7Validator:
    schemas = {
        path: json.loads(path.read_text(encoding="utf-8"))
        for path in (FOLDER / "schema").rglob("*.schema.json")
    }
    version = schemas[FOLDER / "schema" / "files" / "OCFManifestFile.schema.json"]
    # The schemas are of a day after 1.2.0, which is what the constant says and nothing else.
    version["properties"]["ocf_version"] = {"enum": ["1.2.0", "1.2.1-alpha+main"]}
    resources = (Resource(schema, DRAFT7) for schema in schemas.values())
    registry = Registry().with_resources((str(r.id()), r) for r in resources)
    schema = schemas[FOLDER / "schema" / f"{OBJECTS[kind]}.schema.json"]
    return Draft7Validator(schema, registry=registry, format_checker=FormatChecker())


def agrees(kind: str, content: object, *, right: bool) -> bool:
    """Whether the coalition's schema, where it is there, calls the content right, or wrong."""
    return not official() or _validator(kind).is_valid(content) == right
