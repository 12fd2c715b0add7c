"""One codec for all walks of this process: the same that other processes make for themselves."""

from __future__ import annotations

import pytest

from tests.assurance.fuzz import twins
from tests.assurance.fuzz.run import codec as one_codec
from tests.chainkit import Codec
from tests.contracts import twin


@pytest.fixture(scope="session")
def codec() -> Codec:
    return one_codec()


@pytest.fixture(scope="session")
def twin_codec(codec: Codec) -> Codec:
    """The same, which knows the twins, too."""
    vault = twin.build(codec.artifacts["DividendVault"])
    token = twins.build(codec.artifacts["ShareToken"])
    return Codec({**codec.artifacts, twin.TWIN: vault, twins.TWIN: token})
