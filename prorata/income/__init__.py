# SPDX-License-Identifier: MIT
"""Income: declared, previewed, claimed, pushed, forwarded and closed."""

from prorata.income.claims import Payout, claim
from prorata.income.closing import Remitted, remit, remit_all, sweep
from prorata.income.declaration_files import Draft, Drafts, Word, read_drafts, resolve
from prorata.income.declarations import Declaration, Declared, declare, declare_all, preview
from prorata.income.instruction_files import (
    SignedInstruction,
    parse_data,
    read_instruction,
    sign_instruction,
    write_instruction,
)
from prorata.income.instructions import (
    CarriedOut,
    Reinvested,
    cancel_instruction,
    carry_out,
    check_instruction,
    desk_of,
    draft_instruction,
)
from prorata.income.permits import sign_permit
from prorata.income.pools import (
    Passed,
    PassedOn,
    Returned,
    add_pass_through,
    pass_on,
    pass_through,
    register,
)
from prorata.income.previews import Preview, preview_all
from prorata.income.push_report import PushReport, report_push
from prorata.income.pushes import push, push_all
from prorata.income.record_ranges import Stream, define_stream, preview_stream, weigh

__all__ = [
    "CarriedOut",
    "Declaration",
    "Declared",
    "Draft",
    "Drafts",
    "Passed",
    "PassedOn",
    "Payout",
    "Preview",
    "PushReport",
    "Reinvested",
    "Remitted",
    "Returned",
    "SignedInstruction",
    "Stream",
    "Word",
    "add_pass_through",
    "cancel_instruction",
    "carry_out",
    "check_instruction",
    "claim",
    "declare",
    "declare_all",
    "define_stream",
    "desk_of",
    "draft_instruction",
    "parse_data",
    "pass_on",
    "pass_through",
    "preview",
    "preview_all",
    "preview_stream",
    "push",
    "push_all",
    "read_drafts",
    "read_instruction",
    "register",
    "remit",
    "remit_all",
    "report_push",
    "resolve",
    "sign_instruction",
    "sign_permit",
    "sweep",
    "weigh",
    "write_instruction",
]
