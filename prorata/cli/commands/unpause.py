# SPDX-License-Identifier: MIT
"""Allow transfers by holders again."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, basis_options, common_options
from prorata.cli.session import Session, show_order
from prorata.register.enforcement import Basis, unpause

EXAMPLES = ('prorata unpause --reason "Order 3/2027 was lifted" --document lifted.pdf',)


@click.command(cls=Command, examples=EXAMPLES)
@basis_options
@common_options
def cli(**options: Any) -> None:
    """Allow transfers by holders again.

    Wallets and shares that are frozen stay frozen.
    """
    session = Session.of(options)
    basis = Basis.of(options["reason"], options["document"])
    with session.deployed() as (operator, found):
        done = unpause(operator, found, basis)
    show_order(session, done)
