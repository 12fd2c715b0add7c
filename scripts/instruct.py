"""Sign what is to become of a holder's income."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prorata.asset import check_address
from prorata.deploy import Deployment
from prorata.errors import InputError
from prorata.instructions import (
    SignedInstruction,
    cancel_instruction,
    draft_instruction,
    parse_data,
    read_instruction,
    sign_instruction,
    typed_data,
    write_instruction,
)
from prorata.operations import parse_moment
from prorata.settings import moment
from scripts._doors import Door, DoorCommand, common_options

EXAMPLES = (
    "ape run instruct --to 0x… --out to-my-bank.json --account holder.json",
    "ape run instruct --id 3 --to 0x… --hook 0x… --data 0x… --out reinvest.json",
    "ape run instruct --holder 0x… --to 0x… --out to-be-signed.json --unsigned",
    "ape run instruct --cancel to-my-bank.json --account holder.json",
)


@click.command(cls=DoorCommand, examples=EXAMPLES)
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
@click.option("--cancel", type=click.Path(path_type=Path), help="Cancel the instruction in a file.")
@common_options
def cli(
    receiver: str | None,
    out: Path | None,
    cancel: Path | None,
    unsigned: bool,
    **options: Any,
) -> None:
    """Sign what is to become of a holder's income.

    Nothing is sent: the file is EIP-712 typed data with a signature, and `ape run claim
    --instruction FILE` brings it to the chain, for whoever pays for that. Until then it can be
    cancelled, which does send. With --unsigned any wallet that signs typed data can sign the file;
    its answer belongs into the file's last member.
    """
    door = Door.of(options)
    if cancel is not None:
        _cancel(door, cancel)
        return
    if receiver is None or out is None:
        missing = "to" if receiver is None else "out"
        raise InputError.of(missing, "", "is missing", f"give --{missing}")
    with door.chain() as chain:
        found = Deployment.open(chain, door.folder(chain))
        signer = None if unsigned else door.signer(chain)
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
    _show(door, signed, out)


def _cancel(door: Door, path: Path) -> None:
    signed = read_instruction(path)
    with door.deployed() as (operator, found):
        receipt = cancel_instruction(operator, found, signed)
    again = ", cancelled before" if receipt.resumed else ""
    door.spoken.say(f"{path} will never be carried out{again}: {receipt.hash}")
    nonce = str(signed.instruction.nonce)
    door.spoken.result({"cancelled": nonce, "transaction": receipt.hash})


def _show(door: Door, signed: SignedInstruction, path: Path) -> None:
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
    door.spoken.table("What is signed", ("", ""), rows)
    if signed.signature:
        door.spoken.say(f"Signed by {said.claimant}: `ape run claim --instruction {path}` does it")
    else:
        door.spoken.say(f"{path} is to be signed by {said.claimant}; put the signature into it")
    door.spoken.result(
        {
            "file": str(path),
            "signed": bool(signed.signature),
            "digest": f"0x{signed.digest.hex()}",
            "typed_data": typed_data(said, signed.chain_id, signed.desk),
        }
    )
