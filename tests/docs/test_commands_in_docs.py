"""Every command in README and docs: what can be run here is run, each page on a chain of its own.

A block in `sh` is run as it stands, in a folder of its own with the example files, and what a
`text` or `json` block right behind it shows is what was printed (`…` stands for anything). A line
that ends with `# exit code 1` ends so. Blocks in `console`, which need a secret, a public network
or another machine, and commands named in the prose are parsed: the command and its options exist.
"""

from __future__ import annotations

import io
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from itertools import groupby
from pathlib import Path
from pkgutil import iter_modules

import click
import pytest

from prorata.cli import commands
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.docs.pages import PAGES, Block, Page
from tests.prorata.cli.opened import agreed

BUILDING = (
    "prorata deploy --asset examples/building/asset.yaml --dollar",
    "prorata issue examples/building/holders.csv",
)
RECORD = ("prorata record --at +10s", "sleep 11")
SELLER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
TRADING = (
    BUILDING[0],
    f"echo 'address,shares' > seller.csv && echo '{SELLER},500' >> seller.csv",
    "prorata issue seller.csv",
)
ISSUER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
ACTIONS = (
    BUILDING[0],
    f"echo 'address,shares' > two.csv && echo '{ISSUER},503' >> two.csv",
    f"echo '{SELLER},100' >> two.csv",
    "prorata issue two.csv",
    "prorata market deploy",
)
COMPLIANT = (
    "prorata deploy --asset examples/compliant/asset.yaml --dollar",
    "prorata register examples/compliant/investors.csv",
    "prorata issue examples/compliant/holders.csv",
)
PAID = (
    *RECORD,
    "prorata distribute --currency USD --amount 85,000.00 --kind rent",
    "prorata claim --holder 0x434B1AFe11Ab901537048e83e21B7044c1BeEa27",
)

STARTS = {
    "README.md": (),
    "docs/guide/first-asset.md": None,
    "docs/guide/shares.md": BUILDING,
    "docs/guide/income.md": (*BUILDING, *RECORD),
    "docs/guide/schedules.md": (),
    "docs/guide/tax.md": COMPLIANT,
    "docs/guide/compliance.md": (),
    "docs/guide/reports.md": (*BUILDING, *PAID),
    "docs/guide/analytics.md": (),
    "docs/guide/automation.md": BUILDING,
    "docs/guide/plans.md": (),
    "docs/guide/ledger.md": BUILDING,
    "docs/guide/cluster.md": (*BUILDING, *PAID),
    "docs/guide/alerts.md": BUILDING,
    "docs/guide/service.md": BUILDING,
    "docs/guide/loans.md": (),
    "docs/guide/trading.md": TRADING,
    "docs/guide/offering.md": TRADING,
    "docs/guide/exits.md": TRADING,
    "docs/guide/meetings.md": TRADING,
    "docs/guide/corporate-actions.md": ACTIONS,
    "docs/guide/classes.md": (),
    "docs/operations.md": BUILDING,
}
"""What has been done before a page begins; None: not even the example files are there."""

RUN = [page for page in PAGES if page.blocks("sh")]
EXPECTED = re.compile(r"# exit code (\d)$")


def command_line() -> click.Group:
    """Every command under its name."""
    group = click.Group("prorata", help="The commands.")
    for module in iter_modules(commands.__path__):
        command = import_module(f"{commands.__name__}.{module.name}").cli
        group.add_command(command, module.name.replace("_", "-"))
    return group


CLI = command_line()


# ------------------------------------------------------------------------------------- running


@dataclass
class Shell:
    """Runs the lines of a page in one folder, against one node."""

    anvil: Anvil
    folder: Path

    def run(self, line: str) -> str:
        """What a line prints, on stdout and stderr; it must end as it says, or with 0."""
        expected = EXPECTED.search(line)
        words = shlex.split(line, comments=True)
        if words[0] == "prorata":
            code, printed = self._prorata(words[1:])
        elif words[0] == "sleep":
            # The chain's clock goes on, and nobody waits.
            self.anvil.rpc("evm_increaseTime", int(words[1]))
            self.anvil.rpc("evm_mine")
            return ""
        else:
            done = subprocess.run(
                ["bash", "-c", line], cwd=self.folder, capture_output=True, text=True, timeout=30
            )
            code, printed = done.returncode, done.stdout + done.stderr
        assert code == (int(expected[1]) if expected else 0), (line, printed)
        return printed

    def _prorata(self, words: list[str]) -> tuple[int, str]:
        words, target = (words[:-2], words[-1]) if words[-2:-1] == [">"] else (words, None)
        reaches = any(parameter.name == "network" for parameter in found(words).params)
        where = ["--network", self.anvil.url] if reaches else []
        printed, out = io.StringIO(), io.StringIO()
        with (
            redirect_stdout(printed if target is None else out),
            redirect_stderr(printed),
            pytest.raises(SystemExit) as ended,
        ):
            # Whoever reads a page is asked, and agrees.
            CLI.main([*agreed(words), *where], "prorata")
        if target is not None:
            (self.folder / target).write_text(out.getvalue(), encoding="utf-8")
        return int(ended.value.code or 0), printed.getvalue()


def found(words: list[str]) -> click.Command:
    """The command, or the command of a group, that the words begin with."""
    command: click.Command = CLI
    for word in words:
        if not isinstance(command, click.Group) or word.startswith("-"):
            break
        if command.invoke_without_command and word.startswith("-"):
            break
        assert word in command.commands, f"there is no `prorata {' '.join(words)}`"
        command = command.commands[word]
    return command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the one that commands are run in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def shell(folder: Path) -> Iterator[Shell]:
    with Anvil() as anvil:
        yield Shell(anvil, folder)


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_the_commands_of_a_page_run_in_order(page: Page, shell: Shell) -> None:
    """From where the page says it begins."""
    before = STARTS[page.name]
    if before is not None:
        shutil.copytree(PROJECT_ROOT / "examples", shell.folder / "examples")
    for line in before or ():
        shell.run(line)
    for block in page.blocks("sh"):
        printed = "".join(shell.run(line) for line in lines_of(block))
        if (shown := page.shown_after(block)) is not None:
            assert matches(shown, printed), (block.line, printed)


def lines_of(block: Block) -> list[str]:
    """Its lines, those joined by `&&` apart."""
    return [part for line in block.commands for part in line.split(" && ")]


def matches(shown: str, printed: str) -> bool:
    """Whether what is shown was printed; spaces and line ends do not count."""
    pattern = ".*?".join(re.escape(part.strip()) for part in " ".join(shown.split()).split("…"))
    return re.search(pattern.replace(r"\ ", r"\s+"), " ".join(printed.split())) is not None


def test_every_page_that_is_run_has_a_beginning() -> None:
    """And no beginning is left of a page that is gone."""
    assert {page.name for page in RUN} == set(STARTS)


# ------------------------------------------------------------------------------------- parsing


def simple_commands(line: str) -> Iterator[list[str]]:
    """The words of each command of a line that pipes, redirections and the like join."""
    reader = shlex.shlex(line, posix=True, punctuation_chars=True)
    reader.whitespace_split = True
    for joint, words in groupby(reader, key=lambda word: set(word) <= set("|&;<>()")):
        if not joint:
            yield list(words)


CONSOLE = [
    (f"{page.name}:{block.line}", words)
    for page in PAGES
    for block in page.blocks("console")
    for line in block.commands
    for words in simple_commands(line)
    if words[0] == "prorata"
]
SPANS = sorted({span for page in PAGES for span in page.spans() if span.startswith("prorata ")})


@pytest.mark.parametrize(("place", "words"), CONSOLE, ids=[place for place, _ in CONSOLE])
def test_a_command_that_cannot_run_here_can_be_parsed(place: str, words: list[str]) -> None:
    """Every option exists, none that is needed is missing, and each value is of its kind."""
    name, rest = words[1], words[2:]
    command = CLI.commands[name]
    with command.make_context(name, list(rest)) as context:
        if isinstance(command, click.Group) and context.args + context.protected_args:
            inner, *arguments = context.protected_args + context.args
            command.commands[inner].make_context(inner, arguments, parent=context)


@pytest.mark.parametrize("span", SPANS)
def test_a_command_in_the_prose_exists_with_its_options(span: str) -> None:
    """`prorata record --at` is a command that has that option."""
    words = [word.rstrip(",.") for word in span.split()[1:]]
    if re.fullmatch(r"[a-z-]+", words[0]) is None:
        # `prorata <command>` stands for any of them.
        return
    options = {word.split("=")[0] for word in words if word.startswith("-")}
    command = CLI if words[0].startswith("-") else found(words)
    known = {"--help", "--version"} if command is CLI else {"--help"}
    known |= {name for parameter in command.params for name in parameter.opts}
    assert options <= known, span


# ------------------------------------------------------------------------------- make and links


MAKEFILE = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = sorted(
    {
        target
        for page in PAGES
        for line in (*page.spans(), *page.indented())
        for target in re.findall(r"^make ([a-z]+)(?=$| +#| [A-Z]+=)", line)
    }
)


@pytest.mark.parametrize("target", TARGETS)
def test_make_knows_every_target_that_a_page_names(target: str) -> None:
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Page) -> None:
    """To a file, and if they name a heading, to one of its headings."""
    for path, heading in page.links():
        assert path.exists(), path
        if heading:
            there = Page(path.resolve().relative_to(PROJECT_ROOT).as_posix())
            assert heading in there.anchors(), (path.name, heading)


def test_the_guide_names_each_of_its_pages() -> None:
    pages = {path.resolve() for path, _ in Page("docs/guide.md").links()}
    assert set((PROJECT_ROOT / "docs/guide").glob("*.md")) <= pages
