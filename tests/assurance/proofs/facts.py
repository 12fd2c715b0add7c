"""What a fact is, and how z3 decides it.

A fact is a function that returns what is given and what follows, in steps: each step may use those
before it, and the last is the fact. Its docstring is the sentence, its name the name, and `of` the
functions of the contracts that it speaks of. A step is proved if no value satisfies what is given
and refutes it. A fact whose givens nothing satisfies would say nothing, and counts as refuted.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import z3

Given = Iterable[z3.BoolRef]
Steps = z3.BoolRef | list[z3.BoolRef]
Statement = Callable[[], tuple[Given, Steps]]

CITED = re.compile(r"\(Laws? [^)]*\)")
PROVED, REFUTED, TIMEOUT = "proved", "refuted", "timeout"
LIMIT_MS = 60_000
WITNESS_MS = 5_000


@dataclass(frozen=True)
class Fact:
    """A statement about the contracts."""

    name: str
    sentence: str
    of: tuple[str, ...]
    state: Statement
    deep: bool
    """Takes more than a blink: left to `make prove`."""


@dataclass(frozen=True)
class Result:
    """What a tool made of a fact."""

    name: str
    tool: str
    result: str
    seconds: float
    sentence: str
    of: tuple[str, ...] = ()
    detail: str = ""


def citing(sentence: str, laws: str) -> str:
    """The sentence with the laws that its file is about, if it names none itself."""
    return sentence if "(Law" in sentence or not laws else f"{sentence} {laws}"


class Facts(list[Fact]):
    """The facts of one file, in order."""

    def about(self, *of: str, deep: bool = False) -> Callable[[Statement], Statement]:
        """Add the decorated statement, which speaks of these functions."""

        def add(state: Statement) -> Statement:
            sentence = " ".join((state.__doc__ or "").split())
            self.append(Fact(state.__name__, sentence, of, state, deep))
            return state

        return add


def prove(fact: Fact, limit_ms: int = LIMIT_MS) -> Result:
    """Decide a fact."""
    began = time.perf_counter()
    given, steps = fact.state()
    known = list(given)
    result, detail = PROVED, ""
    for step in steps if isinstance(steps, list) else [steps]:
        if result == PROVED:
            result, detail = _decide(known, step, limit_ms)
            known.append(step)
    if result == PROVED and _check(known, min(limit_ms, WITNESS_MS))[0] == z3.unsat:
        result, detail = REFUTED, "nothing satisfies what is given"
    seconds = round(time.perf_counter() - began, 3)
    return Result(fact.name, "z3", result, seconds, fact.sentence, fact.of, detail)


def _decide(given: list[z3.BoolRef], follows: z3.BoolRef, limit_ms: int) -> tuple[str, str]:
    answer, detail = _check([*given, z3.Not(follows)], limit_ms)
    if answer == z3.unsat:
        return PROVED, detail
    return (REFUTED if answer == z3.sat else TIMEOUT), detail


def _check(formulas: list[z3.BoolRef], limit_ms: int) -> tuple[z3.CheckSatResult, str]:
    solver = z3.Solver()
    solver.set("timeout", limit_ms)
    solver.add(*formulas)
    answer = solver.check()
    return answer, str(solver.model()) if answer == z3.sat else ""
