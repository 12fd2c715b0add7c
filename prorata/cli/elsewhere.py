# SPDX-License-Identifier: MIT
"""An account that signs elsewhere: files for those who sign, and what waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from prorata.chain.abi import function
from prorata.chain.elsewhere import ElsewhereOperator, give_up, note_steps
from prorata.chain.rehearsed_steps import RehearsedStep, digest_of_steps
from prorata.chain.safe_batches import in_parts, safe_batch, unsigned_batch
from prorata.chain.signers import ElsewhereSigner
from prorata.cli.networks import connected
from prorata.cli.output import Output
from prorata.cli.parameters import parse_moment
from prorata.cli.stage import Stage
from prorata.deployments.deployment import open_journal
from prorata.errors import ChainError, InputError
from prorata.files.writer import write_json
from prorata.values.times import moment

__all__ = ["WAITS", "write_down"]

WAITS = 4
"""The exit code of a command that others have to go on with."""

FOR_GAS = ("push", "pushWithGas", "claim", "claimTo", "remit", "sweep")
"""What anyone may send, and nobody should have to sign with others: pages and pages of it."""


def write_down(context: click.Context, stage: Stage, signer: ElsewhereSigner) -> bool:
    """Write the steps of a play to files for those who sign; whether any step is still to be done.

    Raises: InputError for what such an account cannot or should not send; JournalError.
    """
    if not stage.steps:
        return False
    if stage.ended is not None:
        raise ChainError(
            f"{stage.ended.sentence}, so the effects of the steps are not known",
            "use a node that knows eth_simulateV1",
        )
    operator = stage.operators[-1]
    assert isinstance(operator, ElsewhereOperator)
    _refuse_for_gas(operator)
    fresh, output = operator.to_sign, Output(bool(context.params["as_json"]))
    with connected(context.params["network"]) as (chain, _):
        expires = parse_moment(context.params["expires"], chain, "expires")
        files = []
        if fresh:
            assert stage.folder is not None
            with open_journal(chain, stage.folder) as journal:
                if context.params["abandon"]:
                    give_up(journal, context.params["abandon"])
                steps = [step for step, _ in fresh]
                digest = digest_of_steps(chain, signer.address, steps)
                usual = stage.folder / f"to-sign-{digest[2:10]}.json"
                path = context.params["to_sign"] or usual
                files = _written(signer, path, steps, digest, chain.chain_id, chain.now())
                note_steps(journal, chain, signer.address, fresh, file=str(path), expires=expires)
    _show(output, operator, files, [step for step, _ in fresh], expires)
    return True


def _refuse_for_gas(operator: ElsewhereOperator) -> None:
    known = {function("DividendVault", name).selector: name for name in FOR_GAS}
    for step in operator.steps:
        if (name := known.get(step.data[:4])) is not None:
            rule = f"should not have to sign to {step.label}: anyone may send it ({name})"
            remedy = "use an account that signs here and only pays for gas"
            raise InputError.of("account", operator.address, rule, remedy)


def _written(
    signer: ElsewhereSigner,
    path: Path,
    steps: Sequence[RehearsedStep],
    digest: str,
    *place: int,
) -> list[Path]:
    """The files, one for each part that fits one; later ones name those before them."""
    chain_id, now = place
    parts = list(in_parts(steps))
    paths = [path if len(parts) == 1 else _numbered(path, n) for n in range(1, len(parts) + 1)]
    for number, (part, target) in enumerate(zip(parts, paths, strict=True), start=1):
        content: dict[str, Any]
        if signer.kind == "safe":
            after = f", after {paths[number - 2].name}" if number > 1 else ""
            content = safe_batch(
                chain_id,
                signer.address,
                part,
                name=f"prorata {digest[:10]}, {number} of {len(parts)}{after}",
                description="; ".join(step.label for step in part)[:1_000],
                created_at=now,
            )
        else:
            content = unsigned_batch(chain_id, signer.address, part, digest)
        write_json(target, content, column="to-sign")
    return paths


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}-{number}{path.suffix}")


def _show(
    output: Output,
    operator: ElsewhereOperator,
    files: Sequence[Path],
    fresh: Sequence[RehearsedStep],
    expires: int,
) -> None:
    rows = [(step.label, "to be signed") for step in fresh]
    rows += [(step.label, f"waits since, in {step.file}") for step in operator.waiting.values()]
    output.table(f"For {operator.address} to sign", ("step", "state"), rows)
    for path in files:
        output.say(f"Written to {path}")
    output.say(
        "Nothing was sent. Once it is done on the chain, the same command goes on; until "
        f"{moment(expires)}"
    )
    output.result(
        {
            "waiting": True,
            "account": operator.address,
            "files": [str(path) for path in files],
            "steps": [step.label for step in fresh],
            "pending": [step.label for step in operator.waiting.values()],
            "expires": moment(expires),
        }
    )
