"""The operations that are compared, in the page's order, and where prorata's figures are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Operation:
    """One thing that somebody who divides an asset has to do."""

    key: str
    title: str
    labels: tuple[str, ...]
    """The labels of `tests/gas` whose figures add up to prorata's; none where growth tells it."""


REGISTRY, VAULT = "deploy: InvestorRegistry", "deploy: DividendVault"
MORE = "deploy: one more asset under rules"

OPERATIONS = (
    Operation("deploy", "Deploy: a working system for one asset", (REGISTRY, VAULT, MORE)),
    Operation("deploy more", "Deploy: one more asset", (MORE,)),
    Operation("register", "Register an investor", ("register: batch of 100, per investor",)),
    Operation(
        "issue", "Issue to a new holder, open", ("issue: batch of 100 new holders, per holder",)
    ),
    Operation(
        "issue under rules",
        "Issue to a new holder, identity and country checked",
        ("issue: eligibility and country, per holder",),
    ),
    Operation("transfer", "Transfer between holders, open", ("transfer: between holders",)),
    Operation("transfer fresh", "Transfer to a new holder, open", ("transfer: to a fresh holder",)),
    Operation(
        "transfer record",
        "Transfer, first after a record date",
        ("transfer: first after record 3, both accounts",),
    ),
    Operation("transferFrom", "Transfer by a spender", ("transferFrom: between holders",)),
    Operation("permit", "Approve by signature (permit)", ("permit: a second one",)),
    Operation(
        "batch",
        "Transfer to 100 holders at once, per recipient",
        ("transfer: batch of 100 to holders, per recipient",),
    ),
    Operation(
        "rules 0", "Transfer, identity checked, no rule more", ("transfer: eligibility alone",)
    ),
    Operation(
        "rules 2",
        "Transfer, identity and two rules (country, maximum holding)",
        ("transfer: country and holding",),
    ),
    Operation("rules all", "Transfer, every rule there is", ("transfer: every rule",)),
    Operation("freeze", "Freeze a wallet", ("freeze: a wallet, the first",)),
    Operation("forced", "Forced transfer", ("forced transfer",)),
    Operation("recovery", "Recover a lost wallet", ("recovery",)),
    Operation("declare", "Declare income to all holders", ("declare: ERC-20",)),
    Operation("claim 1", "Claim one distribution", ("claim: one, claimed before",)),
    Operation("claim 12", "Claim twelve at once", ("claim: twelve of one currency",)),
    Operation("claim 100", "Claim a hundred at once", ("claim: a hundred of one currency",)),
    Operation(
        "push",
        "Pay holders without their doing, per holder",
        ("push: page of 100 paid before, per holder",),
    ),
    Operation("ask", "Ask what a holder of 1,000 records is owed for one", ()),
)
