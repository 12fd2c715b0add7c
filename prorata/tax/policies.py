# SPDX-License-Identifier: MIT
"""What an issuer does about withholding.

Deploy a policy, set rates, file certificates, snapshot the status of investors.

Nothing done here reaches a record that has closed, so each step belongs before a record date. Run
twice with the same inputs, it does its work once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prorata.assets.withholding import PolicySettings
from prorata.chain.artifacts import artifact
from prorata.chain.calls import deploy_call
from prorata.chain.operator import Operator
from prorata.chain.steps import Intent, Receipt
from prorata.contracts.registry import InvestorRegistry
from prorata.contracts.withholding import AppliedRate, Facts, Filed, WithholdingPolicy
from prorata.deployments.deployer import add_contract
from prorata.deployments.deployment import POLICY, Deployment
from prorata.errors import InputError
from prorata.files.csv_reader import Sheet
from prorata.register.holders import holders_at
from prorata.register.investors import first_block_of, registered_wallets
from prorata.register.shares import Ledger
from prorata.tax.certificates import COLUMNS, CertificateRow
from prorata.tax.over_withheld import LateCertificate, find_late
from prorata.tax.years import note_years
from prorata.values.addresses import ZERO_ADDRESS, check_address
from prorata.values.kinds import FOREVER, Kind
from prorata.values.times import moment

__all__ = [
    "Answers",
    "Certified",
    "Placed",
    "RatesSet",
    "Shown",
    "StatusSnapshots",
    "certify",
    "deploy_policy",
    "find_policy",
    "revoke",
    "set_rates",
    "show",
    "snapshot",
]

SNAPSHOTS_PER_BATCH = 200
CERTIFICATES_PER_BATCH = 100

# An estimate in the second of the last change knows of no history to be written.
HISTORY_GAS = 25_000

# A transaction that deploys has at most 49,152 bytes (EIP-3860), of which a rate takes 128.
MOST_RATES = 250


# -------------------------------------------------------------------------------------- the policy


@dataclass(frozen=True)
class Placed:
    """A policy on the chain; of a dry run, without receipt and with the `gas` it would be given."""

    policy: WithholdingPolicy | None
    receipt: Receipt | None
    gas: int = 0


def deploy_policy(
    operator: Operator,
    deployment: Deployment,
    settings: PolicySettings,
    *,
    dry_run: bool = False,
) -> Placed:
    """Put a policy on the chain, unless it is there already, and remember it by its name.

    It asks the registry that the token asks now, or none if the token asks none. The rates hold
    from the beginning of time, so a record that has closed can be taxed by it. In which year income
    counts, where the file says so, is noted in the journal.

    Raises: InputError when there are too many rates, or another policy has the name; what
    `Operator.send` raises.
    """
    table = settings.table()
    if len(table) > MOST_RATES:
        raise InputError.of(
            "rates",
            len(table),
            f"are more than the {MOST_RATES} that a deployment can carry",
            "deploy with fewer, and set the whole table with `tax rates`",
        )
    rows = [list(rate.encodable()) for rate in table]
    owner = settings.owner or operator.address
    arguments = [owner, deployment.token().identity_registry(), settings.collector, rows]
    if (known := deployment.policies().get(settings.name)) is not None:
        if known.arguments != arguments:
            raise InputError.of(
                "name",
                settings.name,
                f"is a policy with other settings, at {known.address}",
                "change its rates with `tax rates`, or give the new one another name",
            )
        if not dry_run:
            note_years(operator.journal, settings.years)
        return Placed(WithholdingPolicy(operator.chain, known.address), None)
    label = f"{POLICY}{settings.name}"
    if dry_run:
        step = Intent(label, deploy_call(artifact("WithholdingPolicy"), *arguments))
        return Placed(None, None, operator.price([step])[0])
    operator.settle()
    found = add_contract(operator, deployment, "WithholdingPolicy", arguments, label)
    note_years(operator.journal, settings.years)
    policy = WithholdingPolicy(operator.chain, found.manifest.contracts[label].address)
    return Placed(policy, operator.earlier(f"deploy/{label}"))


def find_policy(deployment: Deployment, named: str | None = None) -> WithholdingPolicy:
    """The policy of this name or at this address; with neither, the only one there is.

    Any contract's address is taken, so a distribution can name a policy of another make; only
    ours answers more than the vault's question.

    Raises: InputError when there is none, or no contract at the address.
    """
    known = {name: policy.address for name, policy in deployment.policies().items()}
    names = ", ".join(sorted(known)) or "none yet"
    if named is None:
        if len(known) == 1:
            return WithholdingPolicy(deployment.chain, next(iter(known.values())))
        raise InputError.of(
            "policy",
            "",
            f"is missing, and {deployment.settings.symbol} has these: {names}",
            "deploy one with `tax deploy`, or name one with --policy",
        )
    if named.lower().startswith("0x"):
        address = check_address("policy", named)
    elif (address := known.get(named, "")) == "":
        rule = f"is no policy of {deployment.settings.symbol}, which has: {names}"
        raise InputError.of("policy", named, rule, "write such a name, or an address")
    if not deployment.chain.code(address):
        raise InputError.of(
            "policy",
            named,
            f"is not a contract on chain {deployment.chain.chain_id}",
            "check the address and the network",
        )
    return WithholdingPolicy(deployment.chain, address)


@dataclass(frozen=True)
class RatesSet:
    """A table in force for records from second `since` on; `receipt` is None if it was already."""

    since: int
    count: int
    receipt: Receipt | None


def set_rates(
    operator: Operator, policy: WithholdingPolicy, settings: PolicySettings, since: int = 0
) -> RatesSet:
    """Put a whole table in force from second `since`, or at once, and withdraw later ones.

    What the file says of the year of income is noted in the journal, and counts at once.

    Raises: InputError when the account is not the owner, the collector is another, or the time is
    past; what `Operator.send` raises.
    """
    operator.settle()
    _require_owner(policy, operator.address)
    if settings.collector != (collector := policy.collector()):
        raise InputError.of(
            "collector",
            settings.collector,
            f"is not {collector}, whom the policy pays and will always pay",
            "write that one, or deploy another policy",
        )
    now, table = operator.chain.now(), settings.table()
    if since and since < now:
        raise InputError.of(
            "from",
            moment(since),
            f"is in the past: the chain's time is {moment(now)}",
            "give a later time, because a record that has closed keeps its rates",
        )
    note_years(operator.journal, settings.years)
    if policy.table_at(since or now) == policy.table_at(FOREVER) == table:
        return RatesSet(since or now, len(table), None)
    prefix = f"tax/rates/{policy.address}"
    key = f"{prefix}/{operator.attempts(prefix)}"
    receipt = operator.send([Intent(key, policy.set_rates(table, since), extra_gas=HISTORY_GAS)])[0]
    said = receipt.events("RatesSet")[0].args
    return RatesSet(said["from"], said["count"], receipt)


# ------------------------------------------------------------------------------------ certificates


@dataclass(frozen=True)
class Certified:
    """A file against the chain: `filed` are or would be sent, in the batches of `receipts`.

    `unchanged` were on file before. `late` are the closed records that they came too late for. Of
    a dry run, `gas` is that of each batch.
    """

    filed: tuple[CertificateRow, ...]
    unchanged: int
    receipts: tuple[Receipt, ...]
    gas: tuple[int, ...] = ()
    late: tuple[LateCertificate, ...] = ()


def certify(
    operator: Operator,
    policy: WithholdingPolicy,
    entries: Sequence[CertificateRow],
    *,
    deployment: Deployment | None = None,
    dry_run: bool = False,
) -> Certified:
    """File the certificates that are not on file, in batches; the same file again sends nothing.

    With the `deployment` of an asset it is said which of its records they come too late for.

    Raises: InputError when the account may not, or for certificates that have ended, with their
    lines; what `Operator.send` raises.
    """
    _require_agent(policy, operator.address)
    if not dry_run:
        operator.settle()
    holders = sorted({entry.address for entry in entries})
    files = dict(zip(holders, policy.certificates_of(holders), strict=True))
    there = {
        (who, filed.certificate)
        for who, file in files.items()
        for filed in file
        if not filed.revoked_at
    }
    new = [entry for entry in entries if (entry.address, entry.certificate) not in there]
    _check_running(operator, new)
    prefix = f"tax/certify/{policy.address}"
    attempt = operator.attempts(prefix)
    intents = []
    for start in range(0, len(new), CERTIFICATES_PER_BATCH):
        page = new[start : start + CERTIFICATES_PER_BATCH]
        call = policy.certify([e.address for e in page], [e.certificate for e in page])
        extra = len(page) * HISTORY_GAS
        intents.append(Intent(f"{prefix}/{attempt}/{start}", call, extra_gas=extra))
    unchanged = len(entries) - len(new)
    late = () if deployment is None else tuple(find_late(deployment, policy, entries))
    if dry_run:
        return Certified(tuple(new), unchanged, (), tuple(operator.price(intents)), late)
    return Certified(tuple(new), unchanged, tuple(operator.send(intents)), late=late)


def _check_running(operator: Operator, entries: Sequence[CertificateRow]) -> None:
    now, sheet = operator.chain.now(), Sheet("the certificates", COLUMNS)
    for entry in entries:
        if (until := entry.certificate.valid_until) < now:
            rule = f"is past: the chain's time is {moment(now)}, and no record before it can change"
            sheet.add(entry.line, "valid_until", moment(until), rule, "remove the line")
    sheet.check()


def revoke(
    operator: Operator, policy: WithholdingPolicy, holder: str, number: int
) -> Receipt | None:
    """Revoke a certificate for records from now on; None if it was revoked before.

    Raises: InputError when the account may not, or the holder has no such certificate; what
    `Operator.send` raises.
    """
    operator.settle()
    _require_agent(policy, operator.address)
    [file] = policy.certificates_of([holder])
    if not 1 <= number <= len(file):
        known = f"has 1 to {len(file)}" if file else "has none"
        rule = f"is no certificate of {holder}, who {known}"
        raise InputError.of("certificate", number, rule, "see `tax show`")
    if file[number - 1].revoked_at:
        return None
    return operator.send_one(
        f"tax/revoke/{policy.address}/{holder}/{number}", policy.revoke(holder, number)
    )


# -------------------------------------------------------------------------------------- snapshots


@dataclass(frozen=True)
class StatusSnapshots:
    """What the policy knew of each holder, before and after, where that differs.

    `unchanged` are the others.

    Of a dry run, `gas` is that of each batch.
    """

    changed: Mapping[str, tuple[Facts, Facts]]
    unchanged: int
    receipts: tuple[Receipt, ...]
    gas: tuple[int, ...] = ()


def snapshot(
    operator: Operator,
    deployment: Deployment,
    policy: WithholdingPolicy,
    holders: Sequence[str] | None = None,
    *,
    dry_run: bool = False,
) -> StatusSnapshots:
    """Snapshot what the registry knows of `holders`, or of everyone, where the policy differs.

    Everyone, so that whoever buys before the next record date is known, too. The same again sends
    nothing.

    Raises: InputError when the policy has no registry, or not the asset's; what `Operator.send`
    raises.
    """
    registry = _registry(deployment, policy)
    if not dry_run:
        operator.settle()
    if holders is None:
        holders = sorted(registered_wallets(registry, first_block_of(deployment, registry)))
    pairs = zip(policy.facts_at(holders), _known(registry, holders), strict=True)
    found = dict(zip(holders, pairs, strict=True))
    changed = {who: (old, new) for who, (old, new) in found.items() if old != new}
    wallets, unchanged = list(changed), len(found) - len(changed)
    prefix = f"tax/note/{policy.address}"
    attempt = operator.attempts(prefix)
    intents = []
    for start in range(0, len(wallets), SNAPSHOTS_PER_BATCH):
        page = wallets[start : start + SNAPSHOTS_PER_BATCH]
        extra = len(page) * HISTORY_GAS
        intents.append(
            Intent(f"{prefix}/{attempt}/{start}", policy.snapshot(page), extra_gas=extra)
        )
    if dry_run:
        return StatusSnapshots(changed, unchanged, (), tuple(operator.price(intents)))
    return StatusSnapshots(changed, unchanged, tuple(operator.send(intents)))


def _known(registry: InvestorRegistry, wallets: Sequence[str]) -> list[Facts]:
    """What a snapshot would hold of each wallet; of a lost one, what is known of its successor."""
    known = []
    for wallet, investor in zip(wallets, registry.investors_of(wallets), strict=True):
        successor, found = wallet, investor
        while found.lost:
            successor = registry.successor_of(successor)
            found = registry.investor_of(successor)
        there = found.person != 0
        known.append(Facts(there, *(found.country, found.investor_class) if there else (0, 0)))
    return known


def _registry(deployment: Deployment, policy: WithholdingPolicy) -> InvestorRegistry:
    """The registry that the policy asks, which must be the one that the asset asks now."""
    address = policy.registry()
    if address == ZERO_ADDRESS:
        raise InputError.of(
            "policy",
            policy.address,
            "has no registry, so there is nothing to snapshot",
            "file certificates, or deploy a policy for an asset with a registry",
        )
    if address != (present := deployment.token().identity_registry()):
        raise InputError.of(
            "policy",
            policy.address,
            f"asks the registry {address}, and {deployment.settings.symbol} asks {present}",
            "deploy a policy that asks the same",
        )
    return InvestorRegistry(policy.chain, address)


def _require_owner(policy: WithholdingPolicy, account: str) -> None:
    if (owner := policy.owner()) != account:
        rule = f"does not own the policy {policy.address}"
        raise InputError.of("account", account, rule, f"use the owner's account, {owner}")


def _require_agent(policy: WithholdingPolicy, account: str) -> None:
    if account != (owner := policy.owner()) and not policy.is_agent(account):
        raise InputError.of(
            "account",
            account,
            f"is no agent of the policy {policy.address}",
            f"use an agent's account, or let the owner {owner} add it",
        )


# ----------------------------------------------------------------------------------------- looking


@dataclass(frozen=True)
class Shown:
    """What applies to a holder at a record: its snapshot by then, its rates, all it filed."""

    holder: str
    facts: Facts
    rates: Mapping[Kind, AppliedRate]
    certificates: tuple[Filed, ...]


@dataclass(frozen=True)
class Answers:
    """What a policy says about a record; it may say other things later unless `final`."""

    record_id: int
    closes_at: int
    final: bool
    holders: tuple[Shown, ...]


def show(
    deployment: Deployment,
    policy: WithholdingPolicy,
    record_id: int,
    holders: Sequence[str] | None = None,
) -> Answers:
    """What applies to `holders` at a record, or to all its holders; present ones while it is open.

    Raises: RevertError when there is no such record; ChainError.
    """
    chain, token = deployment.chain, deployment.token()
    closes_at = token.record_time(record_id)
    final = chain.now() > closes_at
    if holders is None and final:
        holders = sorted(holders_at(deployment, record_id))
    elif holders is None:
        holders = Ledger.read(chain, token.address, deployment.manifest.first_block).holders
    pairs = [(holder, kind) for holder in holders for kind in Kind]
    rates = iter(policy.rates_of(pairs, closes_at))
    rows = zip(
        holders, policy.facts_at(holders, closes_at), policy.certificates_of(holders), strict=True
    )
    shown = [
        Shown(holder, facts, {kind: next(rates) for kind in Kind}, tuple(filed))
        for holder, facts, filed in rows
    ]
    return Answers(record_id, closes_at, final, tuple(shown))
