# SPDX-License-Identifier: MIT
"""The chain: nodes, ABI and artifacts, events, and transactions sent exactly once."""

from prorata.chain.abi import decode_error, encode_constructor, function, topics_of
from prorata.chain.artifacts import Artifact, artifact, compiler, standard_input
from prorata.chain.calls import Call, DecodedEvent, Event, decode_log, decode_logs, deploy_call
from prorata.chain.events import Moment, find_events, moment_of, read_events, stream_events
from prorata.chain.journal import Journal, JournalEntry
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.readings import read_steadily
from prorata.chain.signers import LocalSigner, Signer
from prorata.chain.steps import Intent, Progress, Receipt
from prorata.chain.types import Block, BlockTag, Chain, Fees, Log, Sent, Simulated, SimulatedBlock

__all__ = [
    "Artifact",
    "Block",
    "BlockTag",
    "Call",
    "Chain",
    "DecodedEvent",
    "Event",
    "Fees",
    "Intent",
    "Journal",
    "JournalEntry",
    "LocalSigner",
    "Log",
    "Moment",
    "Operator",
    "Progress",
    "Receipt",
    "RpcChain",
    "Sent",
    "Signer",
    "Simulated",
    "SimulatedBlock",
    "artifact",
    "compiler",
    "decode_error",
    "decode_log",
    "decode_logs",
    "deploy_call",
    "encode_constructor",
    "find_events",
    "function",
    "moment_of",
    "read_events",
    "read_steadily",
    "standard_input",
    "stream_events",
    "topics_of",
]
