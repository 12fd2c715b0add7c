# SPDX-License-Identifier: MIT
"""The terms of a hold that is to be placed, from the options of `prorata hold place`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prorata.chain.keystores import is_open_to_others
from prorata.chain.operator import Operator
from prorata.chain.signers import ElsewhereSigner
from prorata.cli.networks import connected
from prorata.cli.parameters import is_relative, parse_moment, parse_span
from prorata.cli.session import Session
from prorata.cli.trading import Place
from prorata.contracts.currency import parse_amount
from prorata.contracts.holds import Hold, Holds, HoldState
from prorata.errors import InputError
from prorata.market.counterparts import Counterpart, Expected, find_counterpart
from prorata.market.hold_files import read_hold, require_ours
from prorata.market.hold_secrets import lock_of, make_secret, parse_lock, read_secret, write_secret
from prorata.market.legs import find_asset
from prorata.market.windows import Window, find_finality
from prorata.values.times import WRITE_A_TIME

__all__ = ["WantedHold", "require_fixed"]

_SECRET = "prorata.secret"  # noqa: S105
"""Where a command keeps the secret that it has made, until it is agreed to."""

_DELEGATED = bytes.fromhex("ef0100")
"""What the code of an account with a key begins with, if it has any (EIP-7702)."""


def require_fixed(operator: Operator, session: Session, options: dict[str, Any]) -> None:
    """Check that the same words mean the same hold whenever they are run.

    What is signed elsewhere, or planned, is sent later than it is written down: by then a secret
    that was made for it would be gone, and a time from now would be another.

    Raises: InputError.
    """
    planned = getattr(session.stage, "original", None) is not None
    if not planned and not isinstance(operator.signer, ElsewhereSigner):
        return
    later = "is planned" if planned else "is signed elsewhere"
    path, until = options["secret_file"], options["until"]
    if path is not None and not path.exists():
        rule = f"is not there, and what is held for it {later}"
        remedy = "make it first with `prorata hold secret`, and keep it"
        raise InputError.of("secret-file", path, rule, remedy)
    if until is None or is_relative(until):
        rule = f"is another second whenever it is run, and the hold {later}"
        raise InputError.of("until", until or "", rule, WRITE_A_TIME)


class WantedHold:
    """What the options of `hold place` ask for."""

    def __init__(
        self, session: Session, place: Place, holds: Holds, owner: str, options: dict[str, Any]
    ) -> None:
        self.session, self.place, self.holds = session, place, holds
        self.owner, self.options = owner, options

    def kept(self, out: Path, asset: str, amount: int) -> Hold | None:
        """The terms in a file that an earlier run had written, if the options still say the same.

        Raises: InputError when they are those of another hold.
        """
        if not out.exists():
            return None
        file = read_hold(out, "out")
        require_ours(file, self.place.chain, self.holds.address, "out")
        terms = file.terms
        for column, said, meant in self._said(terms, asset, amount):
            if said != meant:
                rule = f"is another {column} than that of the hold in {out}, {said}"
                raise InputError.of(column, meant, rule, "name another --out for a second hold")
        if self.holds.state_of(file.id)[0] is HoldState.NONE and self.options["against"]:
            # Written, but never placed: the world may be another one by now.
            return None
        return terms

    def _said(self, terms: Hold, asset: str, amount: int) -> list[tuple[str, Any, Any]]:
        options = self.options
        said: list[tuple[str, Any, Any]] = [
            ("asset", terms.asset, asset),
            ("amount", terms.amount, amount),
            ("account", terms.owner, self.owner),
            ("nonce", terms.nonce, options["nonce"]),
        ]
        if options["receiver"] is not None:
            said.append(("to", terms.to, self.place.person("to", options["receiver"])))
        if options["lock"] is not None:
            said.append(("lock", terms.lock, parse_lock(options["lock"])))
        if options["secret_file"] is not None and options["secret_file"].exists():
            said.append(("lock", terms.lock, lock_of(read_secret(options["secret_file"]))))
        if options["until"] is not None and not is_relative(options["until"]):
            said.append(("until", terms.until, parse_moment(options["until"], self.place.chain)))
        return said

    def new(self, asset: str, amount: int) -> Hold:
        """The terms of a hold that is to be opened.

        Raises: InputError.
        """
        options, chain = self.options, self.place.chain
        until = options["until"]
        until = None if until is None else parse_moment(until, chain, "until")
        if options["against"] is not None:
            found = self._counterpart()
            until = self._window(found).checked(until)
            to, lock = options["receiver"], found.terms.lock
            to = self._other(found) if to is None else self.place.person("to", to)
        else:
            if options["receiver"] is None or until is None:
                missing = "to" if options["receiver"] is None else "until"
                raise InputError.of(missing, "", "is missing", f"give --{missing}, or --against")
            to, lock = self.place.person("to", options["receiver"]), self._lock()
        return Hold(asset, self.owner, to, amount, lock, until, options["nonce"])

    def _lock(self) -> bytes:
        """The lock that is given, or that of the secret, which is made if there is none."""
        given, path = self.options["lock"], self.options["secret_file"]
        if (given is None) == (path is None):
            rule = "is not one lock"
            raise InputError.of("lock", given or "", rule, "give either --lock or --secret-file")
        if path is None:
            return parse_lock(given)
        if path.exists():
            if is_open_to_others(path):
                self.session.output.notice(
                    f"{path} can be read by others on this machine; `chmod 600` mends that"
                )
            return lock_of(read_secret(path))
        # What was shown and agreed to is what is sent: one secret for both.
        kept = click.get_current_context().meta
        made: bytes = kept.setdefault(f"{_SECRET}/{path}", make_secret())
        if self.session.stage is None:
            write_secret(path, made)
        return lock_of(made)

    def _counterpart(self) -> Counterpart:
        """The other leg, as it is on its own chain."""
        options = self.options
        for name in ("against_network", "expect"):
            if options[name] is None:
                column = name.replace("_", "-")
                rule = "is missing, and the other leg is believed by what its chain says only"
                raise InputError.of(column, "", rule, f"give --{column}")
        if options["lock"] is not None or options["secret_file"] is not None:
            rule = "is that of the hold against which this one is placed"
            raise InputError.of("lock", options["lock"] or "", rule, "leave it out")
        file = read_hold(options["against"], "against")
        with connected(options["against_network"]) as (chain, _):
            amount, _, token = options["expect"].partition(" ")
            asset = find_asset(chain, token, None, "expect")
            expected = Expected(
                asset.address,
                parse_amount(amount, asset),
                self._receiver(),
            )
            return find_counterpart(
                chain,
                file,
                expected,
                after=options["against_final_after"],
                named=options["against_contract"],
            )

    def _other(self, found: Counterpart) -> str:
        """Whoever holds there, by the same address here: unless that is a contract's there only."""
        owner = found.terms.owner
        there = found.holds.chain.code(owner)
        if there and not there.startswith(_DELEGATED) and not self.place.chain.code(owner):
            rule = f"is a contract on chain {found.file.chain_id}, and nobody's on this one"
            raise InputError.of("to", owner, rule, "ask for an address here, and give it with --to")
        return owner

    def _receiver(self) -> str:
        named = self.options["expect_for"]
        return self.owner if named is None else self.place.person("expect-for", named)

    def _window(self, found: Counterpart) -> Window:
        chain = self.place.chain
        return Window(
            found.terms.until,
            found.finality,
            find_finality(chain, self.options["final_after"]),
            chain.now(),
            parse_span(self.options["margin"], "margin"),
        )
