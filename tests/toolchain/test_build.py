"""From sources to artifacts: cached, complete, and the same settings wherever they are written."""

from __future__ import annotations

import json

import pytest
import yaml

from prorata.errors import BuildError
from prorata.toolchain import compiler, paths
from prorata.toolchain.compiler import compile_contracts, compile_standard, standard_json

pytestmark = pytest.mark.slow

HEADER = "// SPDX-License-Identifier: MIT\npragma solidity 0.8.37;\n"
COUNTER = HEADER + "contract Counter { uint256 public immutable start = 7; }\n"


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """Write sources into a folder of their own, with a cache of their own."""
    monkeypatch.setattr(compiler, "CACHE", tmp_path / "cache")

    def write(**files: str):
        for name, text in files.items():
            (tmp_path / "own").mkdir(exist_ok=True)
            (tmp_path / "own" / f"{name}.sol").write_text(text)
        return tmp_path / "own"

    return write


def test_an_artifact_has_what_a_deployment_needs(sources):
    counter = compile_contracts([sources(Counter=COUNTER)])["Counter"]
    assert counter.source_name == "own/Counter.sol"
    assert counter.abi[0]["name"] == "start"
    assert counter.deployable
    assert counter.runtime in counter.bytecode
    assert [len(places) for places in counter.immutable_references.values()] == [1]


def test_a_second_build_does_without_the_compiler(sources, monkeypatch):
    folder = sources(Counter=COUNTER)
    first = compile_contracts([folder])
    monkeypatch.setattr(compiler, "solc_path", lambda: pytest.fail("the compiler was asked"))
    assert compile_contracts([folder]) == first


def test_a_changed_source_is_compiled_anew(sources):
    first = compile_contracts([sources(Counter=COUNTER)])["Counter"]
    second = compile_contracts([sources(Counter=COUNTER.replace("= 7", "= 8"))])["Counter"]
    assert first.bytecode != second.bytecode


def test_libraries_are_inlined_under_the_names_that_the_remapping_gives_them(sources):
    folder = sources(
        Uses=HEADER
        + 'import {\n    FixedPointMathLib\n} from "solady/utils/FixedPointMathLib.sol";\n'
        + 'import {Counter} from "./Counter.sol";\n'
        + "contract Uses { function f(uint256 a) external pure returns (uint256)"
        + " { return FixedPointMathLib.fullMulDiv(a, a, 3); } }\n",
        Counter=COUNTER,
    )
    gathered = standard_json(folder)
    assert set(gathered["sources"]) == {
        "own/Counter.sol",
        "own/Uses.sol",
        "node_modules/solady/src/utils/FixedPointMathLib.sol",
    }
    assert gathered["settings"]["remappings"] == ["solady/=node_modules/solady/src/"]
    assert set(compile_contracts([folder])) == {"Counter", "Uses"}


def test_a_remapping_that_nothing_uses_stays_out_of_the_metadata(sources):
    assert standard_json(sources(Counter=COUNTER))["settings"]["remappings"] == []


def test_the_input_alone_reproduces_the_bytecode(sources):
    folder = sources(Counter=COUNTER)
    kept = json.loads(json.dumps(standard_json(folder)))
    output = compile_standard(kept)["contracts"]["own/Counter.sol"]["Counter"]
    assert (
        output["evm"]["bytecode"]["object"] == compile_contracts([folder])["Counter"].bytecode.hex()
    )


def test_all_errors_of_a_bad_source_come_as_one_readable_error(sources):
    folder = sources(Bad=HEADER + "contract Bad { uint256 a = lost; uint256 b = missing; }\n")
    with pytest.raises(BuildError) as caught:
        compile_contracts([folder])
    message = str(caught.value)
    assert message.startswith("the contracts do not compile\n")
    assert message.count("--> own/Bad.sol") == 2
    assert "command:" not in message


def test_an_import_that_leads_nowhere_is_an_error(sources):
    with pytest.raises(BuildError, match=r'Source "own/Nowhere\.sol" not found'):
        compile_contracts([sources(Bad=HEADER + 'import {A} from "./Nowhere.sol";\n')])


def test_two_contracts_of_one_name_are_an_error(sources):
    with pytest.raises(BuildError, match=r"two contracts are called Counter, in own/A\.sol and"):
        compile_contracts([sources(A=COUNTER, B=COUNTER)])


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(BuildError, match="there is no Solidity source in"):
        compile_contracts([tmp_path])


def test_ape_is_configured_with_the_same_settings():
    config = yaml.safe_load((paths.PROJECT_ROOT / "ape-config.yaml").read_text())["solidity"]
    assert config == {
        "version": paths.SOLC_VERSION,
        "evm_version": compiler.EVM_VERSION,
        "optimize": True,
        "optimization_runs": compiler.OPTIMIZER_RUNS,
        "via_ir": compiler.SETTINGS["viaIR"],
        "import_remapping": [f"{name}={path}" for name, path in compiler.REMAPPINGS.items()],
    }


def test_a_library_that_would_have_to_be_linked_is_refused(sources):
    library = (
        HEADER + "library Sums { function one() external pure returns (uint256) {return 1;}}\n"
    )
    asks = "contract User { function two() external pure returns (uint256) {return Sums.one();}}\n"
    user = HEADER + 'import {Sums} from "./Sums.sol";\n' + asks
    with pytest.raises(BuildError) as refused:
        compile_contracts([sources(Sums=library, User=user)])
    assert str(refused.value) == "User needs a library to be linked; make its functions internal"


def test_the_sizes_of_all_that_is_deployed_are_told(capsys):
    compiler.main()
    lines = capsys.readouterr().out.splitlines()
    sizes = {line.split()[0]: line for line in lines}
    assert {"ShareToken", "DividendVault", "TransferRules"} <= set(sizes)
    assert all(line.endswith(" of 24,576 bytes") for line in lines)
