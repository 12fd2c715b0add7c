# SPDX-License-Identifier: MIT
"""The command `prorata`: every command in groups, each loaded when it is run.

Listing the commands loads none of them, so that help comes at once. A test compares the lines here
with what the commands say of themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Final

import click

from prorata.version import __version__

__all__ = ["GROUPS", "cli", "main"]

GROUPS: Final[Mapping[str, Mapping[str, str]]] = {
    "Set up": {
        "doctor": "Look at what this machine and the node have, and say what mends what lacks.",
        "demo": "Play the life of an asset, on a local chain: a building, or another CLASS.",
        "examples": "Write the example files into a folder, to start from.",
        "new-asset": "Write the file of a new asset, from questions or options.",
        "deploy": "Put an asset's contracts on a chain, once.",
        "plan": "Write down what a command would send, to be looked at, approved, and applied.",
        "approve-plan": "Approve a plan with a signature, so that it may be applied.",
        "apply": "Send what a plan says, and nothing else.",
        "handover": "Hand an asset over: every role that this account has goes to another.",
    },
    "Shares": {
        "authorise": "Change how many shares may ever be issued.",
        "check-table": "Check a cap table, or a register of investors, before any chain is asked.",
        "issue": "Issue shares to the holders of a cap table.",
        "record": "Schedule a record date, list them, or cancel the last ones that are open.",
        "record-range": "Define a record range: a range of record dates that is paid as one.",
        "transfer": "Transfer shares of the account.",
        "approve": "Let somebody transfer shares, or money, of the account.",
        "burn": "Destroy shares of a holder.",
        "captable": "Show who holds the shares: now, at a record date, or at any time.",
    },
    "Income": {
        "distribute": "Distribute income to the holders of a record date, or of a record range.",
        "schedule": ("Plan what an asset pays by its terms, and carry it out line by line."),
        "loans": (
            "Service a pool of loans: the monthly report, and what the tranches are paid next."
        ),
        "waterfall": (
            "Pay out what came in by the terms of a waterfall: show the terms, run the periods."
        ),
        "claim": "Claim a holder's income.",
        "payee": "Name where the account's income goes, or show it.",
        "instruct": "Sign what is to become of a holder's income.",
        "pass-through": "Assign what a pool is owed to the pool's own holders.",
        "tax": "Withhold tax from income, by country, class, kind and certificate.",
        "remit": "Send the tax withheld so far to the collector whom the tax policy named.",
        "sweep": "Send what nobody claimed by the deadline to the recipient whom the terms name.",
        "refund": "Send a distribution that nobody can receive back to its declarer.",
    },
    "Corporate actions": {
        "split": "Split the shares of an asset.",
        "reverse-split": "Turn many shares into few, and pay fractions in money.",
        "stock-dividend": "Give the holders new shares, of the asset or of another one.",
        "rights": (
            "Offer new shares to the holders first: issue rights, exercise them, let them lapse."
        ),
        "merge": "Turn all shares of an asset into shares of another one.",
    },
    "Market": {
        "market": "Put the market's contracts on a chain, or show where they are.",
        "order": "Sign orders to buy or sell shares, fill them, post, list and cancel them.",
        "trade": "Trade in several legs: propose, sign one after the other, settle at once.",
        "hold": "Lock shares or money for somebody: by a secret, for a keeper, or until a time.",
        "offer": "Sell shares to many at one price: open an offering, close it, settle it.",
        "subscribe": "Place an order in an offering, or sign one for others to bring.",
        "auction": "Auction shares among holders, at one price for all.",
        "tender": "Buy shares back from holders: a tender at one price for all.",
        "redeem": "Give shares back for money: at once, or in a window at a later price.",
        "meeting": (
            "Meetings of the holders of record: convene, vote, count, declare, write the minutes."
        ),
        "exchange": (
            "Exchange shares for what is here: open, fund, come, carry out, take what is owed, end."
        ),
        "mature": "Redeem all shares at maturity: everybody is paid, and the shares are burnt.",
        "squeeze-out": (
            "Buy out all other holders, after notice: the acquirer gets the shares, everybody is "
            "paid."
        ),
        "retire": (
            "Retire shares for a beneficiary, such as carbon credits, and write the certificate."
        ),
        "tape": "Show what was traded, when, and at what price.",
    },
    "Compliance": {
        "register": "Bring a register of investors to the chain.",
        "registry": (
            "Bind tokens to a register, count their holders, change the register, undo a loss."
        ),
        "rules": "Show the rules for transfers, or put others in force.",
        "check-transfer": "Ask what stands in the way of a transfer.",
        "freeze": "Freeze a wallet, or some of its shares, or release it.",
        "pause": "Stop transfers by holders.",
        "unpause": "Allow transfers by holders again.",
        "force-transfer": "Move shares without the holder's consent.",
        "recover": "Put a new wallet in the place of a lost one.",
        "loss": "Confirm a lost wallet for all assets of a register, or undo that.",
    },
    "Powers": {
        "agents": "Appoint agents, remove them, and list them.",
        "ownership": "Hand the ownership of token, register or tax policy over, in two steps.",
        "settings": "Show or set what a token says of itself.",
        "documents": "Publish the documents of an asset, or list them.",
    },
    "Accounts and names": {
        "account": "Make, import and list the keystore files that sign.",
        "names": "Give addresses names, which every command then shows.",
    },
    "Ledger": {
        "follow": "Read every event of an asset into the ledger's database, and go on doing so.",
        "ledger": "Ask the ledger in the database, and look after it.",
        "alerts": "Decide what is worth a message, and deliver it.",
    },
    "Service": {
        "run": "Follow, deliver alerts and serve, as processes that are begun again when they die.",
        "deliver": "Decide what the rules of alerts say, and deliver it, until it is ended.",
        "serve": "Serve the ledger over HTTP: who held what, who was paid what, at any moment.",
        "keys": "Make keys of the service, list them, and revoke them.",
        "webhooks": "Make webhooks of tenants, list them, rotate their secrets, and end them.",
    },
    "Reports": {
        "report": (
            "Write reports: overview, distribution, reconciliation, register, ageing, portfolio."
        ),
        "statements": "Write a statement of the year for every holder, and a summary of all.",
        "unclaimed": "Show what holders are owed that nobody has claimed, by age.",
    },
    "Analytics": {
        "analyse": "Analyse an asset, from the ledger, the office's people and its marks.",
        "benchmark": (
            "Put several assets of one database in a table, with the same columns for every class."
        ),
        "marks": "Keep what a share was worth, with its source: NAV, prices, appraisals.",
        "score": "Score an asset by a published method, from a card of inputs.",
        "index": "Compute an index from its method and prices, with the log of its changes.",
        "portfolio": (
            "Value several assets together in one currency, from files of positions and marks."
        ),
    },
    "Check": {
        "status": "Show how an asset stands, on one screen.",
        "books": "Prove where every unit of income is.",
        "drift": "Compare the chain with the manifest and the journal.",
        "permissions": "Show who can do what on a deployment.",
        "log": "Show all that was ordered and sent, and verify that it holds.",
        "verify": "Have an explorer verify the sources of a deployment.",
        "journal": "Take into the journal what was sent without it.",
    },
}
"""Every command with a line about it, by group."""


class Commands(click.Group):
    """The commands by name, each in a module of its own."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All of them, group by group."""
        return [name for group in GROUPS.values() for name in group]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, now loaded."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = import_module(f"prorata.cli.commands.{cmd_name.replace('-', '_')}")
        command: click.Command = module.cli
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names; of a wrong word, the likeliest one is offered."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            likely = get_close_matches(args[0], self.list_commands(ctx), n=1)
            if likely:
                error.message = f"{error.message.rstrip('.')}. Did you mean '{likely[0]}'?"
            if "--json" not in args:
                raise
            # Loaded here only, for listing the commands shall load nothing.
            from prorata.cli.output import usage_refusal  # noqa: PLC0415

            usage_refusal(error)
            raise click.exceptions.Exit(error.exit_code) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the groups."""
        width = max(map(len, self.list_commands(ctx)))
        for title, commands in GROUPS.items():
            with formatter.section(title):
                rows = [(name.ljust(width), line) for name, line in commands.items()]
                formatter.write_dl(rows)


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="prorata")
def cli() -> None:
    """Divide a building, a loan book or a fund into shares, and pay the holders exactly.

    Each command explains itself: prorata COMMAND --help. Exit codes: 0 done, 1 refused, 2 a mistake
    in the options, 3 a difference from the chain, 4 waiting for others, 5 not simulated.
    """


def main(**options: Any) -> None:
    """Run the command line."""
    cli(prog_name="prorata", **options)
