"""Keys of the service: shown once, kept as a digest, of one tenant, and gone when revoked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing

import pytest
import sqlalchemy as sa

from prorata.errors import InputError
from prorata.store.keys import add_key, find_key, keys, revoke_key
from prorata.store.office import Office, office_place
from tests.prorata.store.made_logs import OTHER, TOKEN

ASSET = (31_337, TOKEN)


@pytest.fixture
def office(place: str) -> Iterator[Office]:
    with closing(Office.open(office_place(place), who="me", create=True, clock=lambda: 7)) as found:
        yield found


def test_a_key_is_found_by_its_text_and_only_its_digest_is_kept(office):
    """Law 127: and nothing else."""
    made, text = add_key(office, "Ann", scopes=["alerts", "read"], assets=[ASSET, ASSET])
    assert (made.scopes, made.assets, made.made_at) == (("read", "alerts"), (ASSET,), 7)
    assert find_key(office.database, text) == made
    prefix, id_, secret = text.split("_")
    assert (prefix, id_, len(secret)) == ("pr", made.id, 64)
    with office.database.snapshot() as connection:
        [row] = connection.execute(sa.text("SELECT * FROM api_key")).mappings()
    assert bytes(row["digest"]) == hashlib.sha256(secret.encode()).digest()
    assert secret not in str(dict(row))
    assert [(one.action, one.subject) for one in office.trail()] == [("keys.add", made.id)]


def test_no_other_text_is_a_key(office):
    """Law 127: and nothing else."""
    made, text = add_key(office, "Ann", scopes=["read"], assets=[ASSET])
    wrong = text[:-1] + ("0" if text[-1] != "0" else "1")
    for other in (wrong, text.upper(), f" {text}", text[:-1], "", f"pr_{'0' * 16}_{'0' * 64}"):
        assert find_key(office.database, other) is None
    assert keys(office) == [made]


def test_a_key_that_is_revoked_is_none_and_stays_in_the_list(office):
    """Law 127: and nothing else."""
    made, text = add_key(office, "Ann", scopes=["read"], assets=[ASSET])
    _, other = add_key(office, "Ben", scopes=["read"], assets=[(1, OTHER)])
    assert revoke_key(office, "Ann").revoked_at == 7
    assert find_key(office.database, text) is None
    assert find_key(office.database, other) is not None
    assert [one.revoked_at for one in keys(office) if one.id == made.id] == [7]
    with pytest.raises(InputError, match="is no valid key"):
        revoke_key(office, made.id)
    again, _ = add_key(office, "Ann", scopes=["read"], assets=[ASSET])
    assert revoke_key(office, again.id).id == again.id
    assert [one.action for one in office.trail()][-2:] == ["keys.add", "keys.revoke"]


def test_a_tenant_neither_sees_nor_revokes_the_keys_of_another(office):
    made, text = add_key(office, "Ann", scopes=["read"], assets=[ASSET])
    other = Office(office.database, who="you", tenant="other")
    other._admit()
    assert keys(other) == []
    with pytest.raises(InputError, match="is no valid key"):
        revoke_key(other, made.id)
    assert find_key(office.database, text) == made
    assert add_key(other, "Ann", scopes=["read"], assets=[ASSET])[0].tenant == "other"


@pytest.mark.parametrize(
    ("name", "scopes", "assets", "sentence"),
    [
        ("", ["read"], [ASSET], "is not of 1 to 80 characters"),
        ("x" * 81, ["read"], [ASSET], "is not of 1 to 80 characters"),
        ("Ann\n", ["read"], [ASSET], "is not of 1 to 80 characters"),
        ("Ben", ["write"], [ASSET], "is no scope; choose from read"),
        ("Ben", [], [ASSET], "is missing; choose from read"),
        ("Ben", ["read"], [], "is missing; name the token"),
        ("Ann", ["read"], [ASSET], "is the name of a key that is valid; revoke that one"),
    ],
)
def test_a_key_needs_a_name_a_scope_and_an_asset(office, name, scopes, assets, sentence):
    add_key(office, "Ann", scopes=["read"], assets=[ASSET])
    before = keys(office)
    with pytest.raises(InputError, match=sentence):
        add_key(office, name, scopes=scopes, assets=assets)
    assert keys(office) == before
