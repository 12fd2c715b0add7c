"""Wrong files and options: each is one sentence, exit code 1 or 2, and sends nothing (I4)."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from eth_account import Account

from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.opened import Commands

pytestmark = pytest.mark.slow

BUILDING = PROJECT_ROOT / "examples" / "building"
ADA, BOB = (
    "0x1000000000000000000000000000000000000001",
    "0x1000000000000000000000000000000000000002",
)
MIXED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
KEY, PASSPHRASE = "0x" + "4c" * 32, "correct horse battery"
HEAD = "address,shares\n"
EXPLORER, AIRDROP = "HolderAddress,Balance\n", "token_type,token_address,receiver,amount,id\n"
CERTIFICATES = "Stakeholder Name,Security ID,Quantity Outstanding,Wallet\n"
CYRILLIC, MANY = "\u0435", "problems in"


@pytest.fixture(scope="module")
def building(tmp_path_factory) -> Iterator[Commands]:
    with Anvil() as anvil:
        commands = Commands(anvil, tmp_path_factory.mktemp("deployments") / "HARB12")
        commands.says("deploy", "--asset", str(BUILDING / "asset.yaml"), "--dollar")
        yield commands


def archive(member: str) -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr(member, "x")
    return content.getvalue()


# What stands in the file, the further words, and what the sentence says.
TABLES: list[tuple[str, str | bytes, tuple[str, ...], str]] = [
    ("empty", "", (), '"" is no header; start with a line address,shares'),
    ("header only", HEAD, (), '"the file" has no rows; add a line for each holder'),
    ("no header", f"{ADA},100\n", (), "has no header; add a line address,shares, or read it with "),
    ("spaces", f"{ADA} 100\n", (), "read it with `--as disperse`"),
    ("torn workbook", b"PK\x03\x04 torn", (), "is damaged"),
    ("OpenDocument", archive("content.xml"), (), "is an OpenDocument spreadsheet"),
    ("old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", (), "workbook"),
    ("PDF", b"%PDF-1.7\n", (), "is a PDF document, not CSV"),
    ("web page", "<!DOCTYPE html>", (), "is a web page, not CSV"),
    ("gzip", b"\x1f\x8b\x08\x00", (), "is a gzip archive, not CSV"),
    ("Merkle drop", json.dumps({ADA: "0x64"}), (), "read it with `--as merkle-drop`"),
    ("Open Cap Format", '{"file_type": "OCF_MANIFEST_FILE"}', (), MANY),
    ("keystore", '{"crypto": {}, "version": 3}', (), "is a keystore, not a table"),
    ("JSON", '{"a": [', (), "cannot be read as JSON"),
    ("UTF-16", f"{HEAD}{ADA},1\n".encode("utf-16"), (), "is not UTF-8; save the file as CSV"),
    ("code page", f"address,shares,name\n{ADA},1,José\n".encode("cp1252"), (), "the byte 0xE9"),
    ("semicolons", f"address;shares\n{ADA};1\n", (), "is separated by semicolons"),
    ("tabs", f"address\tshares\n{ADA}\t1\n", (), "is separated by tabs"),
    ("one holder twice", f"{HEAD}{ADA},1\n{ADA},2\n", (), "add its lines up with `--merge`"),
    ("wrong checksum", f"{HEAD}{MIXED.replace('aA', 'Aa')},1\n", (), "fails its EIP-55 checksum"),
    ("look-alike", f"{HEAD}{MIXED.replace('e', CYRILLIC, 1)},1\n", (), "CYRILLIC SMALL LETTER IE"),
    ("zero address", f"{HEAD}0x{'0' * 40},1\n", (), "is the zero address"),
    ("name for an address", f"{HEAD}ada.eth,1\n", (), "is not an address"),
    ("part of a share", f"{HEAD}{ADA},1.5\n", (), "is not a whole number of shares"),
    ("float", f"{HEAD}{ADA},5171.0\n", (), "with `--as explorer`"),
    ("exponent", f"{HEAD}{ADA},1.8E+7\n", (), "is in exponent notation"),
    ("negative", f"{HEAD}{ADA},-5\n", (), "is negative"),
    ("nothing", f"{HEAD}{ADA},0\n", (), "is not a holding"),
    ("NaN", f"{HEAD}{ADA},NaN\n", (), "is not a number"),
    ("spreadsheet error", f"{HEAD}{ADA},#REF!\n", (), "is a spreadsheet's error mark"),
    ("thousands", f'{HEAD}{ADA},"1,450"\n', (), "with --decimal-mark"),
    ("two ways", f"{HEAD}{ADA},1.000\n", (), "with --decimal-mark"),
    ("comma in a number", f"{HEAD}{ADA},1,450\n", (), "has 3 cells where the header has 2"),
    ("hidden", f"{HEAD}{ADA},1\u200b\n", (), "ZERO WIDTH SPACE"),
    ("formula", f"address,shares,name\n{ADA},1,=1+1\n", (), "begins like a spreadsheet formula"),
    ("NUL", f"{HEAD}{ADA},1\0\n", (), "has a NUL byte"),
    ("quotes", f'{HEAD}{ADA},"1\n', (), "has unbalanced quotes"),
    ("endless line", f"{HEAD}{ADA},{'1' * 20_000}\n", (), "characters long"),
    ("blank row", f"{HEAD}{ADA},1\n\n{BOB},1\n", (), "is a blank row"),
    ("too many", f"{HEAD}{ADA},10001\n", (), "exceeds the 10,000 authorised shares by 1"),
    ("strange column", f"address,shares,mail\n{ADA},1,x\n", (), '"mail" is no known column'),
    ("column twice", f"address,shares,shares\n{ADA},1,1\n", (), "is a column twice"),
    ("unknown kind", f"address,shares,kind\n{ADA},1,bank\n", (), "is no kind of holder"),
    ("many faults", f"{HEAD}{ADA},x\n0x1,1\n", (), MANY),
    ("explorer's list", f'{EXPLORER}{ADA},"5,171"\n', (), "read it with `--as explorer`"),
    ("explorer's exponent", f"{EXPLORER}{ADA},2E+3\n", ("--as", "explorer"), "take a full export"),
    ("explorer's fraction", f"{EXPLORER}{ADA},1.5\n", ("--as", "explorer"), "not a whole number"),
    ("payout list", f"{AIRDROP}erc20,{BOB},{ADA},1,\n", (), "with `--as safe-airdrop`"),
    ("ether in it", f"{AIRDROP}native,,{ADA},1,\n", ("--as", "safe-airdrop"), "no payment of an"),
    ("certificates", f"{CERTIFICATES}Ada,CS-1,5,{ADA}\n", (), "with `--as certificates`"),
    ("without a wallet", f"{CERTIFICATES}Ada,CS-1,5,\n", ("--as", "certificates"), "is blank"),
    ("address book", f"address,name,chainId\n{ADA},Ada,1\n", (), "which has no shares"),
    ("register", "address,person,country,class,eligible_until\n", (), "with `prorata register`"),
    ("payments", "holder,shares,gross,tax,net\n", (), "a report of payments, not a cap table"),
    ("unknown format", f"{HEAD}{ADA},1\n", ("--as", "carta"), "is no format we know"),
    ("no pair", f"{HEAD}{ADA},1\n", ("--columns", "address"), "maps no column"),
    ("no such column", f"{HEAD}{ADA},1\n", ("--columns", "shares=Held"), "is in no header"),
    ("not ours", f"{HEAD}{ADA},1\n", ("--columns", "owner=address"), "maps no column of ours"),
    ("no mark", f"{HEAD}{ADA},1\n", ("--decimal-mark", ";"), "is no decimal mark"),
    ("no units", f"{HEAD}{ADA},1\n", ("--units", "wei"), "are no units"),
    ("no sheet", f"{HEAD}{ADA},1\n", ("--sheet", "One"), "the file is no workbook"),
    ("no batch", f"{HEAD}{ADA},1\n", ("--batch", "0"), "is no batch"),
]


def test_there_are_forty_and_more() -> None:
    assert len(TABLES) > 40
    assert len({name for name, *_ in TABLES}) == len(TABLES)


@pytest.mark.attack("I4")
@pytest.mark.parametrize(
    ("content", "words", "said"), [case[1:] for case in TABLES], ids=[case[0] for case in TABLES]
)
def test_a_wrong_table_is_one_sentence(building, tmp_path, content, words, said) -> None:
    path = tmp_path / "holders.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    sentence = building.refuses("issue", str(path), *words)
    assert said in sentence
    assert "; " in sentence
    assert "Traceback" not in sentence
    assert sentence.count("\n") == (len(sentence.split("\n  ")) - 1 if said is MANY else 0)


def test_of_very_many_faults_the_first_are_shown(building, tmp_path) -> None:
    path = tmp_path / "holders.csv"
    path.write_text(HEAD + "".join(f"0x{number},1\n" for number in range(1_000)))
    said = building.run("issue", str(path)).err.split("\n")
    assert said[0] == f"✗ 1,000 problems in {path}:"
    assert said[21:] == ["  and 980 more: `--json` lists them all.", ""]
    listed = json.loads(building.run("issue", str(path), "--json").out)
    assert len(listed["error"]["problems"]) == 1_000


@pytest.mark.attack("I4")
@pytest.mark.parametrize("path", ["nowhere.csv", ".", "/dev/zero"])
def test_what_is_no_file_is_one_sentence(building, tmp_path, path) -> None:
    sentence = building.refuses("issue", str(tmp_path / path))
    assert re.search(r"cannot be read \(|bytes long|is no package", sentence)


# ---------------------------------------------------------------------------- key files


KEYSTORE = Account.encrypt(KEY, PASSPHRASE, kdf="pbkdf2", iterations=1_000)
KEY_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda p: p.write_text(""), "is empty"),
    "folder": (lambda p: p.mkdir(), "is a folder"),
    "two keystores": (lambda p: p.write_text(json.dumps([KEYSTORE] * 2)), "a list of 2 keystores"),
    "not JSON": (lambda p: p.write_text("issuer"), "is no JSON, and no keystore"),
    "another JSON": (lambda p: p.write_text('{"a": 1}'), "is JSON, and no keystore"),
    "bytes": (lambda p: p.write_bytes(b"\x80\x81"), "is no text, and no keystore"),
    "a bare key": (lambda p: p.write_text(KEY), "is a private key that nothing protects"),
    "damaged": (
        lambda p: p.write_text(json.dumps({**KEYSTORE, "crypto": {"kdf": "none"}})),
        "is no keystore that can be opened",
    ),
}


@pytest.mark.attack("I5")
@pytest.mark.parametrize(("write", "said"), KEY_FILES.values(), ids=list(KEY_FILES))
def test_a_wrong_key_file_is_one_sentence_without_a_secret(
    building, tmp_path, monkeypatch, write, said
) -> None:
    monkeypatch.setenv("PRORATA_PASSPHRASE", PASSPHRASE)
    path = tmp_path / "issuer.json"
    write(path)
    path.chmod(0o700 if path.is_dir() else 0o600)
    sentence = building.refuses("record", "--at", "+2h", "--account", str(path))
    assert said in sentence
    assert KEY[2:] not in sentence
    assert PASSPHRASE not in sentence


# ---------------------------------------------------------------------------- any file anywhere

ODD: dict[str, bytes] = {
    "nothing": b"",
    "line ends": b"\r\r\r",
    "bytes": b"\x80\x81\x00",
    "archive": b"PK\x03\x04xx",
    "mark": b"\xef\xbb\xbf{}",
    "UTF-16": "address,shares\n".encode("utf-16"),
    "surrogate": b"address,shares\n\xed\xa0\x80,1\n",
    "depth": b"[" * 20_000,
    "list": b"- a\n- b\n",
    "circle": b"a: &a [*a]\n",
    "tag": b"!!python/object:os.system x\n",
    "no such day": b"name: 2027-13-45\nsymbol: X\n",
    "keys that are lists": b"? [a, b]\n: c\n",
    "no number": b"decimals: .inf\nname: .nan\n",
    "long number": b'{"0x1000000000000000000000000000000000000001": 1' + b"0" * 6_000 + b"}",
    "number": b"7",
    "text": b'"x"',
    "objects": b"[{}]",
    "payments": b"holder,shares,gross,tax,net\n",
    "register": b"address,person,country,class,eligible_until\n",
    "explorer": EXPLORER.encode(),
    "Merkle drop": json.dumps({ADA: "0x64"}).encode(),
}
READERS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "issue": lambda file: ("issue", file, "--dry-run"),
    "register": lambda file: ("register", file, "--dry-run"),
    "tax certify": lambda file: ("tax", "certify", file, "--dry-run"),
    "tax deploy": lambda file: ("tax", "deploy", file, "--dry-run"),
    "distribute": lambda file: ("distribute", "--from", file, "--dry-run"),
    "claim": lambda file: ("claim", "--instruction", file),
    "instruct": lambda file: ("instruct", "--cancel", file),
    "captable": lambda file: ("captable", "--names", file),
    "names import": lambda file: ("names", "import", file),
    "record": lambda file: ("record", "--at", "+2h", "--account", file),
    "deploy": lambda file: ("deploy", "--asset", file, "--dry-run"),
}


@pytest.mark.attack("I4")
@pytest.mark.parametrize("reader", READERS.values(), ids=list(READERS))
@pytest.mark.parametrize("ending", ["csv", "yaml", "json"])
def test_no_file_at_all_is_a_traceback(building, tmp_path, monkeypatch, reader, ending) -> None:
    """Whatever file a command is given: it is read, or refused with a remedy, and nothing sent."""
    monkeypatch.setenv("PRORATA_PASSPHRASE", PASSPHRASE)
    before = building.sent
    for name, content in ODD.items():
        path = tmp_path / f"{name}.{ending}"
        path.write_bytes(content)
        done = building.run(*reader(str(path)))
        assert done.code == 1, (name, done)
        assert "✗ " in done.err, (name, done)
        assert "; " in done.err, (name, done)
        assert "Traceback" not in done.err, (name, done)
    assert building.sent == before


# ---------------------------------------------------------------------------- options


@pytest.mark.parametrize(
    "words",
    [
        ("issue",),
        ("issue", "x.csv", "--batch", "many"),
        ("issue", "x.csv", "--sharse", "1"),
        ("isue", "x.csv"),
        ("names", "set", ADA),
        ("names", "set", ADA, "Ada", "--kind", "bank"),
        ("account", "new"),
        ("captable", "--names", "."),
    ],
    ids=" ".join,
)
def test_a_wrong_option_is_a_usage_error(building, words) -> None:
    done = building.run(*words)
    assert (done.code, done.out) == (2, ""), done
    assert "Traceback" not in done.err
    assert "Error: " in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("captable", "--names", "nowhere.csv"), "cannot be read (no such file"),
        (("names", "set", "0x12", "Ada"), "is not an address"),
        (("names", "set", ADA, "=1+1"), "begins like a spreadsheet formula"),
        (("names", "import", "nowhere.csv"), "cannot be read (no such file"),
        (("register", "nowhere.csv"), "cannot be read (no such file"),
        (("register", str(BUILDING / "holders.csv")), "is the header of a cap table"),
        (("captable", "--at", "yesterday"), "yesterday"),
        (("captable", "--record", "9"), "9"),
    ],
)
def test_a_wrong_value_is_one_sentence(building, words, said) -> None:
    sentence = building.refuses(*words)
    assert said in sentence
    assert "\n" not in sentence
