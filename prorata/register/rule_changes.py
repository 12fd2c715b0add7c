# SPDX-License-Identifier: MIT
"""Other rules for an asset: what differs from the present ones, and putting them in force.

The settings of rules are code, so other rules are another contract. It reads the same register and,
where there was one, the same keeper of lots; so lots and counts go on. What the old rules were
stays on the chain, and in the manifest.

Who changes rules sees the difference first. The new contract is deployed, the token is bound to the
register if the rules count persons, they are put in force, and the holders are counted where no
count goes on from the rules before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from prorata.assets.rules import RuleSettings
from prorata.chain.abi import topics_of
from prorata.chain.events import find_events
from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.registry import InvestorRegistry
from prorata.contracts.rules import TransferRules
from prorata.deployments.changes import Change, make_change, require_owner
from prorata.deployments.deployer import add_contract
from prorata.deployments.deployment import Deployment
from prorata.errors import ChainError, InputError
from prorata.register.registries import count_holders, counting_register, must_count
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.countries import find_country

__all__ = [
    "ChangedRules",
    "Difference",
    "PresentRules",
    "change_rules",
    "check_change",
    "compare",
    "in_words",
    "read_rules",
]

RULES, LOTS = "TransferRules", "LockUps"
WORDS = frozenset({"title", "sources", "notice"})
"""What a file of rules says for people, and no contract keeps."""

_CODE = re.compile(r"[0-9]{3}", re.ASCII)

MOST_IN_WORDS = 6
"""So many differences are told in the label of a step."""


@dataclass(frozen=True)
class PresentRules:
    """The rules in force; `settings` is None where there are none, or they are of another make."""

    address: str
    registry: str
    lots: str
    settings: RuleSettings | None


@dataclass(frozen=True)
class Difference:
    """A rule that would change; None where there is none."""

    rule: str
    before: Any
    after: Any


@dataclass(frozen=True)
class ChangedRules:
    """Rules put in force: `change` has the step, `counted` the pages of a new count."""

    address: str
    differences: tuple[Difference, ...]
    change: Change
    counted: tuple[Receipt, ...] = ()


# ---------------------------------------------------------------------------------------- reading


def read_rules(deployment: Deployment, address: str | None = None) -> PresentRules:
    """What the rules in force say, or those at `address`.

    Raises: ChainError.
    """
    chain, named = deployment.chain, address or deployment.token().compliance()
    registry = ZERO_ADDRESS
    with suppress(ChainError):
        registry = TransferRules(chain, named).registry()
    for struct in _rules_set(deployment, named):
        settings = RuleSettings.decode(struct, deployment.settings.decimals)
        return PresentRules(named, str(struct["registry"]), str(struct["lockUps"]), settings)
    return PresentRules(named, registry, ZERO_ADDRESS, None)


def _rules_set(deployment: Deployment, rules: str) -> Iterator[Any]:
    """What a contract of rules said of its settings when it was made."""
    if rules == ZERO_ADDRESS:
        return
    known = {c.address: c.block for c in deployment.manifest.contracts.values()}
    chain, topics = deployment.chain, topics_of(RULES, "RulesSet")
    events = find_events(chain, [rules], known.get(rules, 0), chain.block().number, topics)
    yield from (event.args["settings"] for event in events)


def compare(before: RuleSettings | None, after: RuleSettings | None) -> tuple[Difference, ...]:
    """Every rule in which two settings differ, in the order of the file's fields."""
    old, new = _rules_of(before), _rules_of(after)
    names = [name for name in RuleSettings.model_fields if name not in WORDS]
    pairs = ((name, old.get(name), new.get(name)) for name in names)
    return tuple(Difference(*pair) for pair in pairs if pair[1] != pair[2])


def _in_words(differences: Sequence[Difference]) -> Iterator[str]:
    """The first few differences, each in words."""
    for difference in differences[:MOST_IN_WORDS]:
        before, after = in_words(difference.before), in_words(difference.after)
        yield f"{difference.rule}: {before} → {after}"
    if len(differences) > MOST_IN_WORDS:
        yield f"and {len(differences) - MOST_IN_WORDS} more"


def in_words(value: Any) -> str:
    """A rule as people read it: `no rule`, `only AT, BE`, `149`."""
    if value is None:
        return "no rule"
    if isinstance(value, dict):
        return ", ".join(f"{name} {in_words(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        words = (find_country(one).alpha2 if _CODE.fullmatch(one) else one for one in value)
        return ", ".join(sorted(words))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _rules_of(settings: RuleSettings | None) -> dict[str, Any]:
    if settings is None:
        return {}
    said = settings.model_dump(mode="json", exclude_none=True, exclude=set(WORDS))
    # The order in which a file lists countries and classes is no rule.
    return {name: _ordered(value) for name, value in said.items() if value not in ([], ())}


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _ordered(item) for name, item in value.items()}
    return sorted(value) if isinstance(value, list) else value


# --------------------------------------------------------------------------------------- changing


def check_change(
    operator: Operator, deployment: Deployment, wanted: RuleSettings | str
) -> tuple[Difference, ...]:
    """What would differ, once everything that `change_rules` needs is there; sends nothing.

    Raises: InputError when the account lacks a role that it needs, or the contract is none.
    """
    operator.settle()
    token = deployment.token()
    require_owner(token, operator.address, f"the token {deployment.settings.symbol}")
    before = read_rules(deployment)
    if isinstance(wanted, str):
        after = _named(deployment, wanted)
        if after is not None and after.counts:
            counted_in = TransferRules(deployment.chain, wanted).counts_in()
            _check_roles(operator, deployment, counted_in)
        return compare(before.settings, after)
    register = _register(deployment, before)
    # Amounts with too many decimals show before a keeper of lots is deployed.
    wanted.encodable(register, ZERO_ADDRESS, deployment.settings.decimals)
    if wanted.counts:
        _check_roles(operator, deployment, register)
    return compare(before.settings, wanted)


def change_rules(
    operator: Operator, deployment: Deployment, wanted: RuleSettings | str
) -> ChangedRules:
    """Put other rules in force: settings, a contract, or none by the zero address. Owner only.

    Raises: as `check_change` does; what `Operator.send` raises.
    """
    differences = check_change(operator, deployment, wanted)
    token, before = deployment.token(), read_rules(deployment)
    if isinstance(wanted, str):
        address, after = wanted, _named(deployment, wanted)
    else:
        arguments = _arguments(operator, deployment, before, wanted)
        address, after = _placed(operator, deployment, arguments, wanted), wanted
    key, done = f"rules/{address}", before.address == address
    if not done and isinstance(after, RuleSettings) and after.counts:
        _bind(operator, deployment, address)
    call = token.set_compliance(address)
    # Whoever is asked, or reads a dry run or the journal, sees what the step changes.
    call = replace(call, label="; ".join((call.label, *_in_words(differences))))
    change = make_change(operator, key, call, done=done)
    counted: tuple[Receipt, ...] = ()
    if must_count(deployment):
        counted = count_holders(operator, deployment).receipts
    return ChangedRules(address, differences, change, counted)


def _named(deployment: Deployment, address: str) -> RuleSettings | None:
    """What the rules at an address say, as far as they can be read."""
    if address == ZERO_ADDRESS:
        return None
    if not deployment.chain.code(address):
        rule = f"is not a contract on chain {deployment.chain.chain_id}"
        raise InputError.of("to", address, rule, "check the address and the network")
    return read_rules(deployment, address).settings


def _arguments(
    operator: Operator, deployment: Deployment, before: PresentRules, wanted: RuleSettings
) -> list[Any]:
    """What the new rules are made with: the register of the old ones, and their keeper of lots."""
    registry, lots = _register(deployment, before), ZERO_ADDRESS
    if wanted.locks:
        lots = before.lots if before.lots != ZERO_ADDRESS else _lots(operator, deployment)
    return [wanted.encodable(registry, lots, deployment.settings.decimals)]


def _register(deployment: Deployment, before: PresentRules) -> str:
    """The register of the rules before, or else the one that the token asks."""
    for found in (before.registry, deployment.token().identity_registry()):
        if found != ZERO_ADDRESS:
            return found
    raise InputError.of(
        "asset",
        deployment.settings.symbol,
        "has no registry, and the rules need one",
        "name one with `prorata registry change` first",
    )


def _lots(operator: Operator, deployment: Deployment) -> str:
    known = deployment.manifest.contracts.get(LOTS)
    if known is not None:
        return known.address
    return add_contract(operator, deployment, LOTS, []).manifest.contracts[LOTS].address


def _placed(
    operator: Operator, deployment: Deployment, arguments: list[Any], wanted: RuleSettings
) -> str:
    """Where the new rules are: one of those that were deployed before, or new ones."""
    registry, lots = arguments[0][:2]
    for label, contract in deployment.manifest.contracts.items():
        if label.split("/")[0] == RULES:
            known = read_rules(deployment, contract.address)
            same = known.settings is not None and not compare(known.settings, wanted)
            if same and (known.registry, known.lots) == (registry, lots):
                return contract.address
    label = f"{RULES}/{sha256(repr(arguments).encode()).hexdigest()[:8]}"
    found = add_contract(operator, deployment, RULES, arguments, label)
    return found.manifest.contracts[label].address


def _check_roles(operator: Operator, deployment: Deployment, register: str) -> None:
    """A count needs an agent of the register; better said before than between two steps."""
    registry = InvestorRegistry(deployment.chain, register)
    if deployment.token().address not in registry.tokens():
        require_owner(registry, operator.address, f"the register {register}")
    agent = registry.is_agent(operator.address)
    if counting_register(deployment) != register and not agent:
        rule = f"is no agent of the register {register}, which must count the holders"
        remedy = f"let the owner {registry.owner()} add it: `prorata agents add --of registry`"
        raise InputError.of("account", operator.address, rule, remedy)


def _bind(operator: Operator, deployment: Deployment, rules: str) -> None:
    chain, token = deployment.chain, deployment.token().address
    registry = InvestorRegistry(chain, TransferRules(chain, rules).counts_in())
    if token not in registry.tokens():
        key = f"registry/bind/{registry.address}/{token}"
        make_change(operator, key, registry.bind_token(token), done=False)
