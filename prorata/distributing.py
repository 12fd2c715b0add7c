"""Declaring distributions: what the vault would refuse, the money, and who held what.

A `Declaration` says who is to be paid what on which terms. `declare_all` checks all that it is
given before anything is sent: what the vault would refuse, what the account lacks, and some things
that the vault cannot know. Each declaration is named by its contents, so that it is made once
however often this runs.

Amounts are the currency's smallest unit, times Unix seconds of the chain's clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from prorata.abi import ZERO_ADDRESS, topics_of
from prorata.apportion import Apportionment, apportion
from prorata.chain import Block, BlockTag, RpcChain, read_steadily
from prorata.contracts import (
    Call,
    Currency,
    Distribution,
    DividendVault,
    ShareToken,
    TaxPolicy,
    Terms,
    decode_logs,
)
from prorata.deploy import Deployment
from prorata.errors import BooksError, ChainError, InputError, NoEligibleShares, Problem
from prorata.ledger import Ledger
from prorata.money import format_units
from prorata.operator import Operator, Receipt
from prorata.permits import PERMIT_SECONDS, sign_permit
from prorata.settings import moment
from prorata.streams import balances_at_stream

__all__ = [
    "Declaration",
    "Declared",
    "approvals",
    "closing_time",
    "declare",
    "declare_all",
    "faults",
    "find_distribution",
    "holders_at",
    "holders_now",
    "holders_of",
    "is_declared",
    "lacking",
    "money",
    "preview",
    "record_token",
    "require_eligible",
    "tag_after",
    "why_not_payable",
]


@dataclass(frozen=True)
class Declaration:
    """A distribution to be declared; `push` pays everyone afterwards.

    With `stream` the record is a stream of the asset's, which is a record of another contract.
    `line` is where it stands in a file, for what there is to say against it.
    """

    record_id: int
    currency: Currency
    amount: int
    terms: Terms = field(default_factory=Terms)
    push: bool = False
    line: int | None = field(default=None, compare=False)
    stream: bool = False

    @property
    def column(self) -> str:
        """What `record_id` counts, as it is called in files and by doors."""
        return "stream" if self.stream else "record"


@dataclass(frozen=True)
class Declared:
    """A declared distribution; amounts in the currency's smallest unit."""

    id: int
    record_id: int
    currency: str
    received: int
    carried_in: int
    receipt: Receipt


def money(amount: int, currency: Currency) -> str:
    """An amount as people read it: `85,000 USD`."""
    return f"{format_units(amount, currency.decimals(), trim=True)} {currency.symbol()}"


# ------------------------------------------------------------------------------------- declaring


def declare(
    operator: Operator,
    deployment: Deployment,
    *,
    record_id: int,
    currency: Currency,
    amount: int,
    terms: Terms | None = None,
    permit: bool = False,
    stream: bool = False,
) -> Declared:
    """Approve exactly the amount, then declare and fund a distribution; see `declare_all`.

    Raises: InputError when the record does not exist, the account holds too little, the times
    contradict each other; NoEligibleShares; what `Operator.send` raises.
    """
    declaration = Declaration(record_id, currency, amount, terms or Terms(), stream=stream)
    return declare_all(operator, deployment, [declaration], permit=permit)[0]


def declare_all(
    operator: Operator,
    deployment: Deployment,
    declarations: Sequence[Declaration],
    *,
    permit: bool = False,
    subject: str = "the distributions",
) -> list[Declared]:
    """Declare one distribution after the other, once all of them have been checked.

    The same distribution is declared once however often this runs: one that differs in nothing
    needs another `document_hash`. With `permit` a signature takes the place of each approval.

    Raises: InputError with everything that stands in the way; NoEligibleShares; DeploymentError
    for a stream of an asset without any; what `Operator.send` raises.
    """
    operator.settle()
    vault = deployment.vault()
    paying = {d: record_token(deployment, d) for d in declarations}
    earlier = {d: _declared_before(operator, _key(paying[d], vault, d)) for d in declarations}
    new = [declaration for declaration in declarations if earlier[declaration] is None]
    problems = [
        *(fault for d in new for fault in faults(operator, deployment, d)),
        *lacking(operator, new),
    ]
    if problems:
        raise InputError(problems, subject)
    for declaration in new:
        require_eligible(operator.chain, paying[declaration], declaration)
    return [
        _noted(
            deployment,
            declaration,
            earlier[declaration]
            or _carry_out(operator, paying[declaration], vault, declaration, permit),
        )
        for declaration in declarations
    ]


def record_token(deployment: Deployment, what: Declaration) -> ShareToken:
    """The contract whose record is paid: the share token, or its streams, which answer like it.

    Raises: DeploymentError when it is a stream and none was ever defined.
    """
    token = deployment.token()
    return ShareToken(token.chain, deployment.streams().address) if what.stream else token


def is_declared(operator: Operator, deployment: Deployment, declaration: Declaration) -> bool:
    """Whether this account has declared it already, as far as its journal tells."""
    key = _key(record_token(deployment, declaration), deployment.vault(), declaration)
    return _declared_before(operator, key) is not None


def _key(token: ShareToken, vault: DividendVault, declaration: Declaration) -> str:
    """What the journal calls it, however it is funded."""
    data = _call(token, vault, declaration).data.hex()
    return f"declare/{declaration.record_id}/{sha256(data.encode()).hexdigest()[:16]}"


def _call(token: ShareToken, vault: DividendVault, what: Declaration) -> Call:
    return vault.declare(
        token.address, what.record_id, what.currency.address, what.amount, what.terms
    )


def _declared_before(operator: Operator, key: str) -> Receipt | None:
    # A permit's signature makes other call data each time, so that each attempt has its own key.
    signed = range(operator.attempts(f"{key}/permit"))
    for known in (key, *(f"{key}/permit/{attempt}" for attempt in signed)):
        if (receipt := operator.earlier(known)) is not None:
            return receipt
    return None


def _carry_out(
    operator: Operator, token: ShareToken, vault: DividendVault, what: Declaration, permit: bool
) -> Receipt:
    key = _key(token, vault, what)
    if permit:
        deadline = operator.chain.now() + PERMIT_SECONDS
        signed = sign_permit(operator, what.currency, vault.address, what.amount, deadline)
        call = vault.declare_with_permit(
            token.address,
            what.record_id,
            what.currency.address,
            what.amount,
            what.terms,
            permit=signed,
        )
        return operator.send_one(f"{key}/permit/{operator.attempts(f'{key}/permit')}", call)
    attempt = operator.attempts(f"approve/{key}")
    for number, approval in enumerate(approvals(operator, vault, what)):
        operator.send_one(f"approve/{key}/{attempt}/{number}", approval)
    return operator.send_one(key, _call(token, vault, what))


def approvals(operator: Operator, vault: DividendVault, what: Declaration) -> list[Call]:
    """What lets the vault take exactly the amount."""
    currency = what.currency
    if currency.is_native:
        return []
    allowed = currency.allowance(operator.address, vault.address)
    if allowed >= what.amount:
        return []
    # Some currencies change an allowance only from or to zero.
    first = [currency.approve(vault.address, 0)] if allowed else []
    return [*first, currency.approve(vault.address, what.amount)]


def _noted(deployment: Deployment, declaration: Declaration, receipt: Receipt) -> Declared:
    """What the vault said, written down in the deployment's state too."""
    said = receipt.events("Declared")[0].args
    declared = Declared(
        id=said["id"],
        record_id=said["recordId"],
        currency=said["currency"],
        received=said["received"],
        carried_in=said["carriedIn"],
        receipt=receipt,
    )
    facts = {
        "id": declared.id,
        declaration.column: declaration.record_id,
        "currency": declared.currency,
        "received": declared.received,
        "transaction": receipt.hash,
    }
    deployment.note("distributions", facts, "id")
    return declared


# -------------------------------------------------------------------------------------- checking


def faults(
    operator: Operator, deployment: Deployment, declaration: Declaration
) -> Iterator[Problem]:
    """All that the vault would refuse in a declaration, apart from the money and the shares."""
    paying, vault = record_token(deployment, declaration), deployment.vault()
    terms = declaration.terms
    found = [
        *_faulty_times(operator.chain, paying, declaration),
        *_faulty_sweep(terms, vault),
        *_faulty_policy(operator.chain, terms, vault),
    ]
    return (replace(problem, line=declaration.line) for problem in found)


def _faulty_times(chain: RpcChain, token: ShareToken, what: Declaration) -> Iterator[Problem]:
    try:
        closes_at = closing_time(token, what.record_id, stream=what.stream)
    except InputError as error:
        yield from error.problems
        return
    deadline = what.terms.deadline
    opens = max(what.terms.payable_from, closes_at + 1, chain.now())
    if deadline and deadline <= opens:
        rule = f"leaves no time to claim: payments start at {moment(opens)}"
        yield Problem(None, "deadline", moment(deadline), rule, "give a later deadline")


def _faulty_sweep(terms: Terms, vault: DividendVault) -> Iterator[Problem]:
    if bool(terms.deadline) != (terms.sweep_to != ZERO_ADDRESS):
        given, lacking = ("deadline", "recipient") if terms.deadline else ("recipient", "deadline")
        yield Problem(
            None,
            "sweep-to",
            moment(terms.deadline) if terms.deadline else terms.sweep_to,
            f"is a {given} for what is unclaimed, without a {lacking}",
            "give both, or neither",
        )
    if terms.sweep_to == vault.address:
        rule = "is the vault itself, which can send nothing on"
        yield Problem(None, "sweep-to", terms.sweep_to, rule, "name somebody else")


def _faulty_policy(chain: RpcChain, terms: Terms, vault: DividendVault) -> Iterator[Problem]:
    if terms.tax_policy == ZERO_ADDRESS:
        return
    try:
        collector = TaxPolicy(chain, terms.tax_policy).collector()
    except ChainError:
        collector = ZERO_ADDRESS
    if collector in (ZERO_ADDRESS, vault.address):
        rule = "names nobody to collect the tax"
        remedy = "give the address of a tax policy, such as FlatTax"
        yield Problem(None, "tax-policy", terms.tax_policy, rule, remedy)


def lacking(operator: Operator, declarations: Sequence[Declaration]) -> Iterator[Problem]:
    """Each currency of which the account holds less than all declarations together take."""
    currencies = {d.currency.address: d.currency for d in declarations}
    for address, currency in currencies.items():
        taking = [d for d in declarations if d.currency.address == address]
        needed = sum(declaration.amount for declaration in taking)
        held = currency.balance_of(operator.address)
        if held < needed:
            rule = f"is more than the {money(held, currency)} that {operator.address} holds"
            remedy = "fund the account or distribute less"
            line = taking[0].line if len(taking) == 1 else None
            yield Problem(line, "amount", money(needed, currency), rule, remedy)


def require_eligible(chain: RpcChain, token: ShareToken, what: Declaration) -> None:
    """Raises: NoEligibleShares when the record has closed and nobody would be paid."""
    if chain.now() <= token.record_time(what.record_id):
        return
    excluded = sorted(set(what.terms.excluded))
    now = ShareToken(token.chain, token.address, block="pending")
    if now.total_supply_at(what.record_id) == sum(now.balances_of_at(excluded, what.record_id)):
        raise NoEligibleShares(what.amount, len(excluded))


def closing_time(token: ShareToken, record_id: int, *, stream: bool = False) -> int:
    """When a record closes, or has closed; with `stream`, one of the streams that `token` is.

    Raises: InputError when it was never scheduled, or defined.
    """
    count = token.record_count()
    if not 1 <= record_id <= count:
        column, done, do = ("record", "scheduled", "schedule")
        if stream:
            column, done, do = ("stream", "defined", "define")
        known = f"there are {column}s 1 to {count}" if count else "there is none yet"
        raise InputError.of(
            column, record_id, f"was never {done}: {known}", f"{do} it with `{column}`"
        )
    return token.record_time(record_id)


# ----------------------------------------------------------------------------------- who held what


def preview(
    deployment: Deployment,
    record_id: int,
    amount: int,
    balances: Mapping[str, int],
    excluded: Sequence[str] = (),
) -> Apportionment[str]:
    """Who would receive what, by the law, before anything is declared.

    `balances` are those at the record, from the ledger; they are checked against the chain's
    total, so that no holder can be missing.

    Raises: InputError when the balances are not the whole supply at the record; NoEligibleShares.
    """
    _require_closed(deployment, record_id)
    supply = deployment.token("pending").total_supply_at(record_id)
    if sum(balances.values()) != supply:
        raise InputError.of(
            "balances",
            sum(balances.values()),
            f"are not the {supply} shares of record {record_id}",
            "take them from the ledger",
        )
    return apportion(amount, balances, excluded)


def holders_at(deployment: Deployment, record_id: int) -> dict[str, int]:
    """Who held how many shares at a closed record, read from the token's events.

    Raises: InputError when the record was never scheduled or has not closed; BooksError when the
    events do not give all the shares that the token knows of.
    """
    _require_closed(deployment, record_id)

    def read(newest: Block) -> dict[str, int]:
        ledger = _register(deployment, newest)
        # Without regular blocks the newest one may be older than the record's end.
        ledger.advance(max(ledger.until, deployment.chain.now()))
        balances = ledger.balances_at(record_id)
        supply = deployment.token("pending").total_supply_at(record_id)
        if sum(balances.values()) != supply:
            raise BooksError(
                f"the events give {sum(balances.values())} shares at record {record_id}, and the "
                f"token says {supply}",
                "check that the node is in step with the chain",
            )
        return balances

    return read_steadily(deployment.chain, read)


def holders_of(deployment: Deployment, found: Distribution) -> dict[str, int]:
    """Who held how many shares at the closed record of a distribution, or weighted in its stream.

    Raises: as `holders_at` does.
    """
    if found.token == deployment.token().address:
        return holders_at(deployment, found.record_id)
    return balances_at_stream(deployment, found.record_id)


def holders_now(deployment: Deployment) -> dict[str, int]:
    """Who holds how many shares at the newest block.

    Raises: BooksError, ChainError.
    """
    return read_steadily(deployment.chain, lambda newest: _register(deployment, newest).balances)


def _register(deployment: Deployment, newest: Block) -> Ledger:
    """The share register, from the two kinds of events that it is made of."""
    chain, address = deployment.chain, deployment.token().address
    first = deployment.manifest.first_block
    topics = topics_of("ShareToken", "Transfer", "RecordScheduled")
    events = decode_logs(list(chain.logs([address], first, newest.number, [topics])))
    numbers = sorted({event.log.block_number for event in events})
    times = {block.number: block.timestamp for block in chain.blocks(numbers)}
    timed = ((event, times[event.log.block_number]) for event in events)
    return Ledger.of(timed, address, newest.timestamp)


def tag_after(block: Block, closes_at: int) -> BlockTag:
    """Where to ask about a closed record: at `block`, or the next if it is older than the end.

    That it can be on a chain without regular blocks.
    """
    return block.number if block.timestamp > closes_at else "pending"


def _require_closed(deployment: Deployment, record_id: int) -> None:
    closes_at, now = closing_time(deployment.token(), record_id), deployment.chain.now()
    if now <= closes_at:
        raise InputError.of(
            "record",
            record_id,
            f"closes at {moment(closes_at)}: the chain's time is {moment(now)}",
            "wait until it has closed",
        )


# --------------------------------------------------------------------------- what was declared


def find_distribution(vault: DividendVault, distribution_id: int) -> Distribution:
    """The distribution of this id.

    Raises: InputError when it was never declared.
    """
    count = vault.distribution_count()
    if not 1 <= distribution_id <= count:
        known = f"there are 1 to {count}" if count else "there is none yet"
        raise InputError.of(
            "distribution", distribution_id, f"was never declared: {known}", "check the id"
        )
    return vault.distribution(distribution_id)


def why_not_payable(chain: RpcChain, found: Distribution) -> InputError | None:
    """Why nobody can be paid from a distribution now, or None."""
    now = chain.now()
    closes_at = ShareToken(chain, found.token).record_time(found.record_id)
    if now <= closes_at:
        return InputError.of(
            "distribution",
            found.id,
            f"cannot be claimed before record {found.record_id} has closed at {moment(closes_at)}: "
            f"the chain's time is {moment(now)}",
            "claim after that",
        )
    if now < found.terms.payable_from:
        return InputError.of(
            "distribution",
            found.id,
            f"cannot be claimed before {moment(found.terms.payable_from)}: the chain's time is "
            f"{moment(now)}",
            "claim after that",
        )
    if found.terms.deadline and now > found.terms.deadline:
        return InputError.of(
            "distribution",
            found.id,
            f"could be claimed until {moment(found.terms.deadline)}: the chain's time is "
            f"{moment(now)}",
            "ask the issuer",
        )
    return None
