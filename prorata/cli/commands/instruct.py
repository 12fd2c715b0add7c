# SPDX-License-Identifier: MIT
"""Sign what is to become of a holder's income."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prorata.cli.command import Command, common_options
from prorata.cli.parameters import parse_moment
from prorata.cli.session import Session
from prorata.contracts.relayer import typed_data
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.income.instruction_files import (
    SignedInstruction,
    parse_data,
    read_instruction,
    sign_instruction,
    write_instruction,
)
from prorata.income.instructions import cancel_instruction, draft_instruction
from prorata.values.addresses import check_address
from prorata.values.times import moment

EXAMPLES = (
    "prorata instruct --to 0x… --out to-my-bank.json --account holder.json",
    "prorata instruct --id 3 --to 0x… --hook 0x… --data 0x… --out reinvest.json",
    "prorata instruct --holder 0x… --to 0x… --out to-be-signed.json --unsigned",
    "prorata instruct --cancel to-my-bank.json --account holder.json",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.option("--to", "receiver", help="Whom the money is for, or what the hook makes of it.")
@click.option("--holder", help="Whose income.  [default: the account's own]")
@click.option("--id", "ids", type=int, multiple=True, help="A distribution.  [default: all open]")
@click.option("--hook", help="The contract that takes the money and makes something of it.")
@click.option("--data", default="0x", help="What the hook is to read, as it wants it: 0x…")
@click.option(
    "--valid-until", default="+30d", show_default=True, help="Until when, as for `record --at`."
)
@click.option(
    "--nonce",
    type=click.IntRange(min=0),
    help="A number used once.  [default: follows from the rest]",
)
@click.option("--out", type=click.Path(path_type=Path), help="The file to write.")
@click.option("--unsigned", is_flag=True, help="Write it for another wallet to sign.")
@click.option(
    "--cancel", type=click.Path(path_type=Path), help="Cancel the payment instruction in a file."
)
@common_options
def cli(
    receiver: str | None,
    out: Path | None,
    cancel: Path | None,
    unsigned: bool,
    **options: Any,
) -> None:
    """Sign what is to become of a holder's income.

    Nothing is sent: the file is EIP-712 typed data with a signature, and `prorata claim
    --instruction FILE` brings it to the chain, for whoever pays for that. Until then it can
    be cancelled, which does send. With --unsigned any wallet that signs typed data can sign the
    file; its answer belongs into the file's last member.
    """
    session = Session.of(options)
    if cancel is not None:
        _cancel(session, cancel)
        return
    if receiver is None or out is None:
        missing = "to" if receiver is None else "out"
        raise InputError.of(missing, "", "is missing", f"give --{missing}")
    with session.chain() as chain:
        found = Deployment.open(chain, session.folder(chain))
        signer = None if unsigned else session.signer(chain)
        named = options["holder"]
        if named is None and signer is None:
            raise InputError.of("holder", "", "is missing", "say whose income: --holder 0x…")
        holder = signer.address if signer and named is None else check_address("holder", named)
        drafted = draft_instruction(
            found,
            holder,
            receiver=check_address("to", receiver),
            valid_until=parse_moment(options["valid_until"], chain, "valid-until"),
            ids=options["ids"] or None,
            hook=None if options["hook"] is None else check_address("hook", options["hook"]),
            data=parse_data(options["data"]),
            nonce=options["nonce"],
        )
        signed = drafted if signer is None else sign_instruction(drafted, signer)
        write_instruction(out, signed)
    _show(session, signed, out)


def _cancel(session: Session, path: Path) -> None:
    signed = read_instruction(path)
    with session.deployed() as (operator, found):
        receipt = cancel_instruction(operator, found, signed)
    again = ", cancelled before" if receipt.resumed else ""
    session.output.say(f"{path} will never be executed{again}: {receipt.hash}")
    nonce = str(signed.instruction.nonce)
    session.output.result({"cancelled": nonce, "transaction": receipt.hash})


def _show(session: Session, signed: SignedInstruction, path: Path) -> None:
    said, data = signed.instruction, f"0x{signed.instruction.data.hex()}"
    rows = [
        ("income of", said.holder),
        ("distributions", ", ".join(map(str, said.ids))),
        ("for", said.receiver),
        *([("through", said.hook), ("which reads", data)] if said.has_hook else []),
        ("until", moment(said.valid_until)),
        ("nonce", str(said.nonce)),
        ("digest", f"0x{signed.digest.hex()}"),
    ]
    session.output.table("What is signed", ("", ""), rows)
    if signed.signature:
        session.output.say(
            f"Signed by {said.claimant}: `prorata claim --instruction {path}` does it"
        )
    else:
        session.output.say(f"{path} is to be signed by {said.claimant}; put the signature into it")
    session.output.result(
        {
            "file": str(path),
            "signed": bool(signed.signature),
            "digest": f"0x{signed.digest.hex()}",
            "typed_data": typed_data(said, signed.chain_id, signed.relayer),
        }
    )
