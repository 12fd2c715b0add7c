# SPDX-License-Identifier: MIT
"""A command that does something by itself, and has further ones under it."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command

__all__ = ["CommandGroup", "by_itself", "require"]


class CommandGroup(Command, click.Group):
    """A command whose first word may name another one: `record --at …` and `record list`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, invoke_without_command=True, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; or the command under it, to which then all else is left."""
        further = [*ctx.args, *getattr(ctx, "_protected_args", ())]
        return click.Group.invoke(self, ctx) if further else super().invoke(ctx)


def by_itself() -> bool:
    """Whether the present command was called without a further one."""
    return click.get_current_context().invoked_subcommand is None


def require(**options: Any) -> None:
    """Refuse options that are missing: a group cannot, for its further commands need none of them.

    Raises: click.MissingParameter.
    """
    context = click.get_current_context()
    for parameter in context.command.params:
        if parameter.name in options and options[parameter.name] is None:
            raise click.MissingParameter(ctx=context, param=parameter)
