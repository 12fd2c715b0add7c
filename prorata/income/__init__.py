# SPDX-License-Identifier: MIT
"""Income: declared, previewed, claimed, pushed, forwarded and closed."""

from prorata.income.claims import Payout, claim
from prorata.income.closing import Refunded, Remitted, refund, remit, remit_all, sweep
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
    ExecutedInstruction,
    Reinvested,
    cancel_instruction,
    check_instruction,
    draft_instruction,
    execute,
    relayer_of,
)
from prorata.income.payees import read_payee, set_payee
from prorata.income.permits import sign_permit
from prorata.income.pools import (
    Forwarded,
    Forwarding,
    Returned,
    add_pass_through,
    forward,
    name_as_payee,
    pass_through,
)
from prorata.income.previews import Preview, preview_all
from prorata.income.push_report import PushReport, report_push
from prorata.income.pushes import push, push_all
from prorata.income.record_ranges import RecordRange, define_range, preview_range, weigh

__all__ = [
    "Declaration",
    "Declared",
    "Draft",
    "Drafts",
    "ExecutedInstruction",
    "Forwarded",
    "Forwarding",
    "Payout",
    "Preview",
    "PushReport",
    "RecordRange",
    "Refunded",
    "Reinvested",
    "Remitted",
    "Returned",
    "SignedInstruction",
    "Word",
    "add_pass_through",
    "cancel_instruction",
    "check_instruction",
    "claim",
    "declare",
    "declare_all",
    "define_range",
    "draft_instruction",
    "execute",
    "forward",
    "name_as_payee",
    "parse_data",
    "pass_through",
    "preview",
    "preview_all",
    "preview_range",
    "push",
    "push_all",
    "read_drafts",
    "read_instruction",
    "read_payee",
    "refund",
    "relayer_of",
    "remit",
    "remit_all",
    "report_push",
    "resolve",
    "set_payee",
    "sign_instruction",
    "sign_permit",
    "sweep",
    "weigh",
    "write_instruction",
]
