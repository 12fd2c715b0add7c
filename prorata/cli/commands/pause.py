# SPDX-License-Identifier: MIT
"""Stop transfers by holders."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, basis_options, common_options
from prorata.cli.session import Session, show_order
from prorata.register.enforcement import Basis, pause

EXAMPLES = ('prorata pause --reason "Order 3/2027 of the supervisor" --document order.pdf',)


@click.command(cls=Command, examples=EXAMPLES)
@basis_options
@common_options
def cli(**options: Any) -> None:
    """Stop transfers by holders.

    Claims and payments go on, and so do issues, burns and orders by agents. `prorata unpause`
    allows transfers again.
    """
    session = Session.of(options)
    basis = Basis.of(options["reason"], options["document"])
    with session.deployed() as (operator, found):
        done = pause(operator, found, basis)
    show_order(session, done)
