# SPDX-License-Identifier: MIT
"""The one loop that brings a chain's log into the ledger, from the first block to the newest.

A step looks at the chain first: the newest block, the final one, and the newest that the ledger
has, in one request. Blocks that were replaced are undone down to the last common one. Then the
sources that are furthest behind are read on, to where the next ones stand: what is old and what is
new go the same way, so that there is no seam between them. What was read above finality is asked
for again once it is final.

Nothing at or below finality is ever undone: where the chain has another block there, or another
log, the loop stops with a sentence and the ledger stays as it is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from prorata.chain.encoding import bytes_of, header_of
from prorata.chain.finality import DEPTH, agreed_final, final_number
from prorata.chain.node import RpcChain
from prorata.chain.types import BlockHeader
from prorata.errors import RUN_AGAIN, ChainError, ProrataError, StoreError
from prorata.store.pages import Header, Page, Source
from prorata.store.reading import MovedError, Reader, as_header
from prorata.store.rechecks import recheck
from prorata.store.watchdog import Watchdog
from prorata.store.writer import Stand, Writer

__all__ = ["Follower", "Step", "Wishes"]

WALK = 64
MOVED_TIMES = 8
LONGEST_PAUSE = 30.0
POLLS = (0.25, 15.0)
"""The shortest and the longest time between two looks, in seconds, if nobody has wished one."""

HEADER = "eth_getBlockByNumber"


class Step(Enum):
    """What a step has done."""

    READ = "read"
    UNDONE = "undone"
    IDLE = "idle"
    BEHIND = "behind"


@dataclass(frozen=True)
class Wishes:
    """How to follow: to the head only, to a block, how often, and from which depth on it is final.

    `tries` is how often nodes may fail in a row before one who only wants to come to the head is
    told.
    """

    once: bool = False
    until: int | None = None
    poll: float | None = None
    depth: int = DEPTH
    tries: int = 5


@dataclass(frozen=True)
class _View:
    """What the nodes say now."""

    head: Header
    tip: Any
    at_final: Any
    final: Header | None


class Follower:
    """Follows one chain into one database.

    `say` hears a sentence whenever the state changes, `show` how many of how many blocks are read,
    `undone` how many blocks a reorganisation took back.
    """

    def __init__(
        self,
        chain: RpcChain,
        writer: Writer,
        wishes: Wishes | None = None,
        *,
        say: Callable[[str], None] = lambda _: None,
        show: Callable[[int, int], None] = lambda _, __: None,
        refresh: Callable[[], None] = lambda: None,
        watchdog: Watchdog | None = None,
        undone: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.chain, self.writer, self.wishes = chain, writer, wishes or Wishes()
        self._reader = Reader(chain)
        self._say, self._show, self._refresh, self._undone = say, show, refresh, undone
        self._watchdog = watchdog or Watchdog()
        self._known = writer.hashes(writer.stand.final + 1)
        self._said = self._lag = ""
        self._stopping = False
        self._begun: int | None = None
        self.wake = threading.Event()
        """Set it, and the next look comes at once."""

    # ---------------------------------------------------------------------------------- the loop

    def stop(self) -> None:
        """End after the step that is under way."""
        self._stopping = True
        self.wake.set()

    def run(self) -> None:
        """Follow until it is done, or `stop` is called; then the writer's place is free.

        Raises: StoreError where the ledger and the chain cannot both be right; with `once`, also
        ChainError when no node answers.
        """
        failures = moved = 0
        try:
            while not self._stopping:
                try:
                    step = self.step()
                except MovedError as error:
                    moved += 1
                    if moved > MOVED_TIMES:
                        raise ChainError(error.sentence, "use another node") from None
                    continue
                except ChainError as error:
                    failures += 1
                    self._endure(error, failures)
                    continue
                moved = 0
                failures = failures + 1 if step is Step.BEHIND else 0
                if step in (Step.READ, Step.UNDONE):
                    continue
                if self._is_done(step):
                    return
                if self._ends and failures >= self.wishes.tries:
                    raise self._behind_error()
                self._refresh()
                self._wait(self.poll)
        finally:
            self.writer.release()

    def _endure(self, error: ChainError, failures: int) -> None:
        """Wait for a node that has failed; one who only wants to come to the head is told.

        Raises: ChainError.
        """
        if self._ends and failures >= self.wishes.tries:
            raise error
        self._tell(f"waiting: {error.sentence}")
        self.writer.beat()
        self._wait(min(LONGEST_PAUSE, self.poll * 2 ** min(failures, 8)))

    @property
    def _ends(self) -> bool:
        return self.wishes.once or self.wishes.until is not None

    def _is_done(self, step: Step) -> bool:
        if step is Step.BEHIND:
            return False
        reached = [one.done_to for one in self.writer.sources() if one.stopped is None]
        until = self.wishes.until
        if until is not None and (not reached or min(reached) >= until):
            return True
        return self.wishes.once

    def _wait(self, seconds: float) -> None:
        self.wake.wait(seconds)
        if not self._stopping:
            self.wake.clear()

    @property
    def poll(self) -> float:
        """Seconds between two looks: as wished, or half the time between two blocks."""
        if self.wishes.poll is not None:
            return self.wishes.poll
        shortest, longest = POLLS
        return min(longest, max(shortest, self._watchdog.block_time / 2))

    # ---------------------------------------------------------------------------------- one step

    def step(self) -> Step:
        """Look, undo what was replaced, and read the next page.

        Raises: StoreError, ChainError.
        """
        stand = self.writer.stand
        view = self._look(stand)
        self._check_final(stand, view)
        if (ancestor := self._ancestor(stand, view)) is not None:
            if ancestor < 0:
                return self._behind(view)
            self._undo(ancestor)
            return Step.UNDONE
        return self._advance(view)

    def _advance(self, view: _View) -> Step:
        self._note(view)
        for sentence in self._watchdog.heard(view.head, self.writer.stand.final):
            self._tell(sentence)
        sources = self.writer.sources()
        checked = recheck(self._reader, self.writer, sources)
        return Step.READ if self._read(sources, view.head) or checked else self._rest(view, sources)

    def _rest(self, view: _View, sources: Sequence[Source]) -> Step:
        stopped = [source for source in sources if source.stopped is not None]
        more = "".join(f"; {one.kind} {one.address} is stopped: {one.stopped}" for one in stopped)
        self._tell(f"at the head{more}", f"at the head, block {view.head.number}{more}")
        return Step.IDLE

    def _behind(self, view: _View) -> Step:
        self._lag = (
            f"{self.chain.name} is behind: it has blocks up to {view.head.number} only, and "
            f"block {self._tip} is in the ledger"
        )
        self._tell("behind", f"{self._lag}; waiting")
        return Step.BEHIND

    def _behind_error(self) -> ChainError:
        return ChainError(self._lag, f"wait until it has caught up and {RUN_AGAIN}")

    # ------------------------------------------------------------------------------ how it stands

    @property
    def _tip(self) -> int:
        """The newest block above finality that the ledger has; -1 without one."""
        return max(self._known, default=-1)

    def _look(self, stand: Stand) -> _View:
        """Raises: ChainError."""
        tags = ["latest", "finalized", *(hex(n) for n in (self._tip, stand.final) if n >= 0)]
        answers = self.chain.try_many([(HEADER, (tag, False)) for tag in tags])
        latest, finalized, *others = answers
        if isinstance(latest, ProrataError):
            raise latest
        if not isinstance(latest, dict):
            raise ChainError(f"{self.chain.name} has no newest block", "wait until it is ready")
        tip = others.pop(0) if self._tip >= 0 else None
        at_final = others.pop(0) if stand.final >= 0 else None
        final = self._final(latest, finalized, stand)
        return _View(as_header(header_of(latest)), tip, at_final, final)

    def _final(self, latest: Any, finalized: Any, stand: Stand) -> Header | None:
        """The final block, as far as it is known and later than the ledger's."""
        found: BlockHeader | None
        depth, local = self.wishes.depth, self.chain.is_local
        if self.chain.node_count > 1:
            tip = self._tip
            known = (tip, f"0x{self._known[tip].hex()}") if tip >= 0 else None
            found = agreed_final(self.chain, depth=depth, known=known)
        else:
            number = final_number(latest, finalized, depth=depth, local=local)
            if number is None or number <= stand.final:
                return None
            said = header_of(finalized) if isinstance(finalized, dict) else None
            found = said if said and said.number == number else self.chain.headers([number])[0]
        return None if found is None or found.number <= stand.final else as_header(found)

    def _check_final(self, stand: Stand, view: _View) -> None:
        """Raises: StoreError when the chain has another block where the ledger has a final one."""
        if stand.final_hash is None or not isinstance(view.at_final, dict):
            return
        found = header_of(view.at_final).hash
        if bytes_of(found) != stand.final_hash:
            raise StoreError(
                f"block {stand.final} is final in the ledger with the hash "
                f"0x{stand.final_hash.hex()}, and {self.chain.name} has {found} there; nothing was "
                "changed",
                "use a node of the right branch; if finality itself was reversed, begin another "
                "ledger with --database",
            )

    def _ancestor(self, stand: Stand, view: _View) -> int | None:
        """The last block that ledger and node share; None while that is the ledger's last one.

        -1 where the node is only behind.

        Raises: StoreError when there is none above finality; ChainError.
        """
        if self._tip < 0:
            return None
        if isinstance(view.tip, dict):
            if bytes_of(header_of(view.tip).hash) == self._known[self._tip]:
                return None
        elif view.head.number >= self._tip:
            raise ChainError(
                f"{self.chain.name} has no block {self._tip}, and has block {view.head.number}",
                "use another node",
            )
        # Where a node's own chain ends it shows whether it is of another branch, or only late.
        elif self._known.get(view.head.number, view.head.hash) == view.head.hash:
            return -1
        highest = min(self._tip, view.head.number)
        numbers = sorted((n for n in self._known if n <= highest), reverse=True)
        for start in range(0, len(numbers), WALK):
            some = numbers[start : start + WALK]
            for number, header in zip(some, self.chain.headers(some), strict=True):
                if header is not None and bytes_of(header.hash) == self._known[number]:
                    return number
        if stand.final >= 0 and not isinstance(view.at_final, dict):
            return -1
        return max(stand.final, min(self._known) - 1, 0)

    def _undo(self, ancestor: int) -> None:
        gone = self._tip - ancestor
        self.writer.undo(ancestor)
        self._undone(gone)
        self._known = {n: one for n, one in self._known.items() if n <= ancestor}
        blocks = "1 block was" if gone == 1 else f"{gone} blocks were"
        self._say(f"reorganised: {blocks} undone, down to block {ancestor}")
        self._said = ""

    def _note(self, view: _View) -> None:
        """Keep head and finality, unless the ledger has another block than the final one."""
        final = view.final
        if final is not None and self._known.get(final.number, final.hash) != final.hash:
            # The next look finds the reorganisation, or the node that asked is not on the branch.
            self._tell(
                "waiting: finality",
                f"waiting: block {final.number} is final with another hash than the ledger and "
                f"{self.chain.name} have",
            )
            raise MovedError(f"block {final.number} was replaced", "look again")
        self.writer.note(view.head, final)
        if final is not None:
            self._known = {n: one for n, one in self._known.items() if n > final.number}

    # ------------------------------------------------------------------------------------ reading

    def _read(self, sources: Sequence[Source], head: Header) -> bool:
        """The next page, of those that are furthest behind; whether there was one.

        Raises: StoreError, ChainError.
        """
        live = [source for source in sources if source.stopped is None]
        if not live:
            return False
        after = min(source.done_to for source in live)
        group = [source for source in live if source.done_to == after]
        ahead = min((s.done_to for s in live if s.done_to > after), default=head.number)
        target = min(head.number, ahead, *(() if (n := self.wishes.until) is None else (n,)))
        if after >= target:
            return False
        self._progress(after, target)
        final = self.writer.stand.final
        if after < final:
            self._tell("reading", f"reading from block {after + 1}")
            page = self._reader.final_page(group, after, min(target, final))
            self.writer.commit(page)
            self._verify(page, sources)
        else:
            page = self._reader.open_page(group, after, target, self._hashes())
            self.writer.commit(page)
        self._known |= {n: one.hash for n, one in page.headers.items() if n > final}
        self._progress(page.until, target)
        return True

    def _verify(self, page: Page, sources: Sequence[Source]) -> None:
        """Below finality a page was asked for twice, unless others had read there before."""
        verified = self.writer.stand.verified_to
        ids = {source.id for source in page.sources}
        others = [one for one in sources if one.id not in ids and one.done_to > page.after]
        if page.after <= verified < page.until and not others:
            self.writer.verified(page.until)

    def _hashes(self) -> dict[int, bytes]:
        """Those above finality that the ledger has, and that of the final block."""
        stand = self.writer.stand
        if stand.final_hash is None:
            return self._known
        return {**self._known, stand.final: stand.final_hash}

    def _progress(self, done: int, target: int) -> None:
        if self._begun is None:
            self._begun = done
        self._show(max(0, done - self._begun), max(0, target - self._begun))

    def _tell(self, state: str, sentence: str | None = None) -> None:
        """Say in what state it is, once."""
        if state != self._said:
            self._said = state
            self._say(sentence or state)
