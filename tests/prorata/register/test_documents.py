"""The documents of an asset: names of at most 32 bytes, whatever others have put there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.errors import InputError
from prorata.register.documents import _decoded, _encoded, read_documents

HASH = bytes(range(32))


def test_what_others_have_published_is_listed_whatever_its_name(operator, found):
    """A name that is no text is shown as it is, and can be removed by that."""
    token = found.token()
    names = [b"terms".ljust(32, b"\0"), b"\xff" * 32, bytes(32)]
    for number, name in enumerate(names):
        call = token.set_document(name, f"https://example.org/{number}", HASH)
        operator.send_one(f"documents/{number}", call)
    listed = {document.name: document for document in read_documents(token)}
    assert set(listed) == {"terms", "0x" + "ff" * 32, "0x" + "00" * 32}
    assert listed["terms"].hashed == f"0x{HASH.hex()}"
    assert [_encoded(name) for name in ("terms", "0x" + "ff" * 32)] == names[:2]


@given(st.text(min_size=1, max_size=32))
def test_a_name_is_read_back_as_it_was_written(name):
    """Or refused, because it is too long or has what cannot be seen."""
    try:
        written = _encoded(name)
    except InputError:
        assert len(name.encode(errors="replace")) > 32 or not name.isprintable()
        return
    assert len(written) == 32
    assert _decoded(written) == name


def test_names_that_are_none_are_refused():
    """Each in its own sentence."""
    for name, rule in (
        ("", "is not 1 to 32 bytes long"),
        ("ü" * 17, "is not 1 to 32 bytes long"),
        ("a\tb", "has the hidden character U+0009"),
    ):
        with pytest.raises(InputError) as refusal:
            _encoded(name)
        assert rule in str(refusal.value)
