"""What ape compiles is, byte for byte, what prorata deploys and keeps for verification."""

from __future__ import annotations

import ape

from prorata.toolchain.compiler import compile_contracts


def test_ape_and_prorata_build_the_same_bytes():
    ours = {
        name: (artifact.bytecode.hex(), artifact.runtime.hex())
        for name, artifact in compile_contracts().items()
        if artifact.deployable
    }
    # All files at once: the remappings in the metadata are those of the files compiled together.
    built = {c.name: c for c in ape.project.load_contracts(use_cache=False).values()}
    theirs = {
        name: (
            built[name].deployment_bytecode.bytecode.removeprefix("0x"),
            built[name].runtime_bytecode.bytecode.removeprefix("0x"),
        )
        for name in ours
    }
    assert theirs == ours
