# SPDX-License-Identifier: MIT
"""Settings that were edited after the deployment: what differs, and what can become of it.

Whoever edits an asset's file means something by it, so that nothing in it is ever ignored. Each
difference between the file and the manifest is one of five kinds:

    taken     deploy writes it into the manifest: it is harmless, or the chain says so already
    asked     deploy does the same once a person has said yes
    approved  a plan does, that the approvers have signed
    command   another command does, which the remedy names
    never     nothing does: it is part of what was deployed
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from prorata.assets.asset import NEW, Asset
from prorata.assets.rules import RuleSettings
from prorata.chain.abi import topics_of
from prorata.chain.events import find_events
from prorata.contracts.share_token import ShareToken
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError, Problem
from prorata.files.writer import json_object
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import format_units
from prorata.values.times import moment
from prorata.values.words import spelled

__all__ = ["Difference", "Way", "compare_settings", "require_applicable", "take_settings"]

RESTORE = "restore it in the file, or deploy another asset under another --deployment"
REASONS = "--reason … --document …"
FOR_PEOPLE = ("title", "sources", "notice")


class Way(Enum):
    """What can become of a difference."""

    TAKEN = "taken"
    ASKED = "asked"
    APPROVED = "approved"
    COMMAND = "command"
    NEVER = "never"


@dataclass(frozen=True)
class Difference:
    """One setting of the file that is not the manifest's; `remedy` says what can be done."""

    field: str
    was: Any
    now: Any
    way: Way
    remedy: str

    @property
    def problem(self) -> Problem:
        """As a fault of the file."""
        before = "was not set" if self.was is None else f"was {_quoted(self.was)}"
        left_out = "is left out, and " if self.now is None else ""
        rule = f"{left_out}{before} when it was deployed or last changed"
        return Problem(None, self.field, _text(self.now), rule, self.remedy)

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {**json_object(vars(self)), "way": self.way.value}


def compare_settings(found: Deployment, settings: Asset) -> tuple[Difference, ...]:
    """Every difference between an asset's file and its deployment, in the order of the file.

    Raises: ChainError.
    """
    differences = {difference.field: difference for difference in _differences(found, settings)}
    order = [*Asset.model_fields]
    return tuple(sorted(differences.values(), key=lambda d: order.index(d.field.split(".")[0])))


def require_applicable(
    differences: Sequence[Difference], subject: str, *, accept: bool, approved: bool = False
) -> None:
    """Refuse settings that cannot be taken over as they are.

    Raises: InputError with every difference, and what to do about it.
    """
    allowed = {Way.TAKEN}
    allowed |= {Way.ASKED} if accept or approved else set()
    allowed |= {Way.APPROVED} if approved else set()
    if any(difference.way not in allowed for difference in differences):
        raise InputError([difference.problem for difference in differences], subject)


def take_settings(
    found: Deployment, settings: Asset, by: str, why: dict[str, Any] | None = None
) -> Deployment:
    """Write other settings into the manifest, which keeps those before them in its history."""
    if settings == found.settings:
        return found
    at = moment(found.chain.now())
    manifest = found.manifest.changed(settings, at=at, by=by, why=why)
    manifest.write(found.folder / "manifest.json")
    return Deployment(found.folder, manifest, found.chain)


# -------------------------------------------------------------------------------------- by field


def _differences(found: Deployment, settings: Asset) -> Iterator[Difference]:
    known = found.settings
    yield from _names(found, settings)
    for field in ("decimals", "deterministic"):
        was, now = getattr(known, field), getattr(settings, field)
        if was != now:
            yield Difference(field, was, now, Way.NEVER, RESTORE)
    if known.registry != settings.registry:
        yield _registry(found, settings)
    if settings.id not in (None, known.id, found.manifest.id):
        yield Difference("id", found.manifest.id, settings.id, Way.NEVER, RESTORE)
    if _whole_shares(known) != _whole_shares(settings):
        new = settings.authorised_shares
        remedy = f"`prorata authorise {new} {REASONS}` changes it"
        yield Difference("authorised_shares", known.authorised_shares, new, Way.COMMAND, remedy)
    if known.unit_price != settings.unit_price:
        yield _taken("unit_price", known.unit_price, settings.unit_price)
    yield from _owner(found, settings)
    yield from _agents(found, settings)
    yield from _rules(found, settings)
    yield from _currencies(known, settings)
    if known.approvers != settings.approvers:
        yield _approvers(known, settings)


def _names(found: Deployment, settings: Asset) -> Iterator[Difference]:
    for field, read in (("name", ShareToken.name), ("symbol", ShareToken.symbol)):
        was, now = str(getattr(found.settings, field)), str(getattr(settings, field))
        if was == now:
            continue
        if read(found.token()) == now:
            yield _taken(field, was, now)
        else:
            remedy = f"`prorata settings {field} {shlex.quote(now)}` changes it on the chain"
            yield Difference(field, was, now, Way.COMMAND, remedy)


def _registry(found: Deployment, settings: Asset) -> Difference:
    was, now = found.settings.registry, settings.registry
    if now == NEW:
        return Difference("registry", was, now, Way.NEVER, RESTORE)
    if found.token().identity_registry() == (now or ZERO_ADDRESS):
        return _taken("registry", was, now)
    remedy = f"`prorata registry change --to {now or 'none'}` changes it on the chain"
    return Difference("registry", was, now, Way.COMMAND, remedy)


def _whole_shares(settings: Asset) -> str:
    return format_units(settings.authorised, settings.decimals, trim=True)


def _owner(found: Deployment, settings: Asset) -> Iterator[Difference]:
    was, now = found.settings.owner, settings.owner
    if was == now:
        return
    if now is None:
        yield Difference("owner", was, now, Way.NEVER, f'write owner: "{was}"')
        return
    token = found.token()
    if token.owner() == now:
        yield _taken("owner", was, now)
    elif token.pending_owner() == now:
        remedy = f"let {now} accept it with `prorata ownership accept`"
        yield Difference("owner", was, now, Way.COMMAND, remedy)
    else:
        remedy = f"`prorata ownership offer --to {now}` offers it"
        yield Difference("owner", was, now, Way.COMMAND, remedy)


def _agents(found: Deployment, settings: Asset) -> Iterator[Difference]:
    was, now = found.settings.agents, settings.agents
    if set(was) == set(now):
        return
    token, owner = found.token(), settings.owner or found.manifest.deployer
    wanted, known = set(now or (owner,)), set(was or (owner,))
    steps = [f"`prorata agents add {one}`" for one in sorted(wanted) if not token.is_agent(one)]
    gone = sorted(known - wanted)
    steps += [f"`prorata agents remove {one}`" for one in gone if token.is_agent(one)]
    if steps:
        remedy = f"{' and '.join(steps)} on the chain first"
        yield Difference("agents", list(was), list(now), Way.COMMAND, remedy)
    else:
        yield _taken("agents", list(was), list(now))


def _rules(found: Deployment, settings: Asset) -> Iterator[Difference]:
    was, now = found.settings.rules, settings.rules
    if was == now:
        return
    if _in_force(found, now):
        yield _taken("rules", _named(was), _named(now))
        return
    if isinstance(was, RuleSettings) and isinstance(now, RuleSettings):
        before, after = was.model_dump(mode="json"), now.model_dump(mode="json")
        for name in (name for name in after if after[name] != before[name]):
            field = f"rules.{name}"
            if name in FOR_PEOPLE:
                yield _taken(field, before[name], after[name])
            else:
                yield Difference(field, before[name], after[name], Way.COMMAND, _RULES)
        return
    yield Difference("rules", _named(was), _named(now), Way.COMMAND, _RULES)


def _in_force(found: Deployment, rules: RuleSettings | str | None) -> bool:
    """Whether the token obeys other rules than those of the manifest, and these are they."""
    asked = found.token().compliance()
    deployed = found.manifest.contracts.get("TransferRules")
    if not isinstance(rules, RuleSettings):
        return asked == (rules or ZERO_ADDRESS)
    if asked == ZERO_ADDRESS or (deployed is not None and asked == deployed.address):
        return False
    decimals, chain = found.settings.decimals, found.chain
    blocks = {c.address: c.block for c in found.manifest.contracts.values()}
    topics, last = topics_of("TransferRules", "RulesSet"), chain.block().number
    for event in find_events(chain, [asked], blocks.get(asked, 0), last, topics):
        struct = event.args["settings"]
        said, kept = str(struct["registry"]), str(struct["lockUps"])
        wanted = rules.encodable(said, kept, decimals)
        return RuleSettings.decode(struct, decimals).encodable(said, kept, decimals) == wanted
    return False


_RULES = "`prorata rules change` puts other rules in force"


def _currencies(known: Asset, settings: Asset) -> Iterator[Difference]:
    was, now = _by_place(known), _by_place(settings)
    for place in dict.fromkeys((*was, *now)):
        before, after = was.get(place), now.get(place)
        if before is None:
            yield _taken(place, before, after)
        elif before != after:
            remedy = "`prorata deploy` takes it over once a person says yes, or with --yes"
            yield Difference(place, before, after, Way.ASKED, remedy)


def _by_place(settings: Asset) -> dict[str, str]:
    return {
        f"currencies.{label}.{chain_id}": address
        for label, chains in settings.currencies.items()
        for chain_id, address in chains.items()
    }


def _approvers(known: Asset, settings: Asset) -> Difference:
    was, now = (
        None if one.approvers is None else one.approvers.model_dump(mode="json")
        for one in (known, settings)
    )
    if known.approvers is None:
        remedy = "`prorata deploy` takes it over once a person says yes, or with --yes"
        return Difference("approvers", was, now, Way.ASKED, remedy)
    remedy = (
        f"`prorata plan` it, let {known.approvers.need} of the present approvers sign the plan, "
        "and `prorata apply` it"
    )
    return Difference("approvers", was, now, Way.APPROVED, remedy)


def _taken(field: str, was: Any, now: Any) -> Difference:
    return Difference(field, was, now, Way.TAKEN, "`prorata deploy` takes it over")


def _named(rules: RuleSettings | str | None) -> str | None:
    return "settings of a file" if isinstance(rules, RuleSettings) else rules


def _text(value: Any) -> str:
    if value is None:
        return ""
    return spelled(value)


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else spelled(value)
