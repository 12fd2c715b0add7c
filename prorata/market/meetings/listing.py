# SPDX-License-Identifier: MIT
"""The meetings of an asset, and what is known of the words behind their hashes.

The chain has the hash of each resolution's text. The words are in the file that the meeting was
convened from, a copy of which is kept beside the deployment: `meetings/<number>.json`. What does
not hash to what the chain says is not shown as a text of the meeting.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from prorata.chain.node import RpcChain
from prorata.contracts.ballot import Ballot, MeetingStage, MeetingTerms
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.files.writer import write_json
from prorata.market.meetings.terms import MeetingFile, read_meeting_file, text_hash
from prorata.market.singletons import find_singleton

__all__ = ["Meeting", "ballot_at", "keep_words", "list_meetings", "meeting_of_asset"]

UNKNOWN = "(its text is not here: name the file with --terms)"


@dataclass(frozen=True)
class Meeting:
    """A meeting of an asset: `texts` are those of its resolutions, as far as they are known."""

    id: int
    terms: MeetingTerms
    stage: MeetingStage
    title: str
    texts: tuple[str | None, ...]

    @property
    def count(self) -> int:
        """How many resolutions there are."""
        return len(self.terms.resolutions)

    @property
    def said_texts(self) -> tuple[str, ...]:
        """The texts for a person."""
        return tuple(UNKNOWN if text is None else text for text in self.texts)


def ballot_at(chain: RpcChain, named: str | None = None) -> Ballot:
    """The contract: where it belongs, or at the address `named`.

    Raises: DeploymentError when there is no code; ChainError.
    """
    return find_singleton(Ballot, chain, named)


def list_meetings(found: Deployment, contract: Ballot) -> list[Meeting]:
    """All meetings of the asset, in the order in which they were convened.

    Raises: ChainError.
    """
    token, ids = found.token().address, range(1, contract.meeting_count() + 1)
    read = zip(ids, contract.all_terms(ids), strict=True)
    return [
        _meeting(found, contract, number, terms, None)
        for number, terms in read
        if terms.token == token
    ]


def meeting_of_asset(
    found: Deployment, contract: Ballot, number: int, words: Path | None = None
) -> Meeting:
    """The meeting of this number, which must be one of the asset; `words` is its file of terms.

    Raises: InputError when there is none, or the file is that of another; ChainError.
    """
    count = contract.meeting_count()
    if not 1 <= number <= count:
        rule = f"is no meeting: there {'is' if count == 1 else 'are'} {count}"
        raise InputError.of("meeting", number, rule, "`prorata meeting status` lists them")
    terms = contract.terms_of(number)
    if terms.token != found.token().address:
        rule = f"is no meeting of {found.settings.symbol}, but of the token {terms.token}"
        raise InputError.of("meeting", number, rule, "use the deployment of its token")
    said = None if words is None else read_meeting_file(words)
    meeting = _meeting(found, contract, number, terms, said)
    if said is not None and None in meeting.texts:
        rule = f"has other resolutions than meeting {number}"
        raise InputError.of("terms", words, rule, "name the file that it was convened from")
    return meeting


def keep_words(folder: Path, number: int, said: MeetingFile) -> Path:
    """Keep the words of a meeting beside the deployment.

    Raises: InputError when they cannot be written.
    """
    path = _path(folder, number)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"title": said.title, "resolutions": list(said.texts)})
    return path


def _meeting(
    found: Deployment,
    contract: Ballot,
    number: int,
    terms: MeetingTerms,
    said: MeetingFile | None,
) -> Meeting:
    title, texts = _kept(found.folder, number) if said is None else (said.title, said.texts)
    known = {text_hash(text): text for text in texts}
    return Meeting(
        number,
        terms,
        contract.stage_of(number),
        title,
        tuple(known.get(one.text_hash) for one in terms.resolutions),
    )


def _kept(folder: Path, number: int) -> tuple[str, tuple[str, ...]]:
    """What is kept of the words: nothing if there is no file, or it is none of ours."""
    nothing = (f"Meeting {number}", ())
    try:
        content = json.loads(_path(folder, number).read_text(encoding="utf-8"))
        return str(content["title"]), tuple(str(text) for text in content["resolutions"])
    except (OSError, ValueError, KeyError, TypeError):
        return nothing


def _path(folder: Path, number: int) -> Path:
    return folder / "meetings" / f"{number}.json"
