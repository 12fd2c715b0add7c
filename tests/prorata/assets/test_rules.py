"""rules.py: settings from people to the contract and back, and refusals from the contract."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.assets.rules import RuleSettings, parse_class
from prorata.chain.artifacts import artifact
from prorata.chain.calls import deploy_call
from prorata.contracts.registry import Investor
from prorata.contracts.rules import Code, Explanation, Refusal
from prorata.errors import InputError
from prorata.register.refusals import Check, Transfer, explain_in_words
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.countries import all_countries, bitmap, codes_in, country_name, find_country
from prorata.values.kinds import InvestorClass
from prorata.values.times import moment, parse_time

REGISTRY, LOCK_UPS = "0x" + "11" * 20, "0x" + "22" * 20
ANN, BEN = "0x" + "aa" * 20, "0x" + "bb" * 20
EVERYTHING = {
    "title": "All rules at once",
    "sources": ["none"],
    "notice": "an example, not legal advice",
    "countries": {"but": ["US", "PRK", "364"], "until": "2027-01-04"},
    "classes": ["retail", "institutional"],
    "opens_at": "2026-01-05T09:00:00Z",
    "closes_at": "2026-12-31T23:59:59+01:00",
    "max_holders": 2_000,
    "max_holders_in_country": 500,
    "limited_class": "retail",
    "max_holders_of_class": 35,
    "max_holders_of_class_in_country": 20,
    "max_holding": "1,000.50",
    "min_holding": 10,
    "lock_up_days": 365,
    "supply_cap": "10,000",
}


def refusal(content) -> str:
    with pytest.raises(InputError) as refused:
        RuleSettings.of(content, "rules.yaml")
    return str(refused.value)


# ------------------------------------------------------------------------------------ single values


def test_all_countries_are_known_by_all_their_codes():
    assert len(all_countries()) == 249
    assert len({country.code for country in all_countries()}) == 249
    for country in all_countries():
        codes = (country.alpha2, country.alpha3, f"{country.code:03d}")
        assert {find_country(code) for code in codes} == {country}
        assert 0 < country.code < 1_000
    assert country_name(840) == "United States of America"
    assert country_name(999) == "country 999"


@given(st.frozensets(st.integers(0, 999)))
def test_a_bitmap_lists_exactly_its_countries(codes):
    assert codes_in(bitmap(codes)) == tuple(sorted(codes))
    assert all(word < 2**256 for word in bitmap(codes))


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (False, "is yes or no to YAML"),  # NO
        (32, "is a number to YAML"),  # 040
        ("us", "is no country of ISO 3166-1"),
        ("40", "is no country of ISO 3166-1"),
        ("UK", "is no country of ISO 3166-1"),
    ],
)
def test_what_yaml_misreads_is_refused_not_guessed_at(value, rule):
    with pytest.raises(InputError) as refused:
        find_country(value)
    assert rule in str(refused.value)


@pytest.mark.parametrize("value", ["Retail", 0, True, None, "rich"])
def test_a_class_is_a_name(value):
    with pytest.raises(InputError, match="is no class of investor"):
        parse_class(value)
    assert [parse_class(known.label) for known in InvestorClass] == list(InvestorClass)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2027-03-31", "2027-03-31T23:59:59Z"),
        ("2027-03-31T12:00:00Z", "2027-03-31T12:00:00Z"),
        ("2027-03-31T12:00:00+02:00", "2027-03-31T10:00:00Z"),
    ],
)
def test_times_are_iso_8601(text, read):
    assert moment(parse_time("at", text)) == read


@pytest.mark.parametrize(
    "text",
    ["2027-02-30", "2027-03-31T12:00:00", "tomorrow", "", "1969-12-31", "2027-03-31T12:00:00.5Z"],
)
def test_other_times_are_refused(text):
    with pytest.raises(InputError):
        parse_time("at", text)


@given(
    st.integers(0, 2**48 - 1), st.integers(0, 999), st.integers(0, 255), st.integers(0, 2**48 - 1),
    st.booleans(),
)  # fmt: skip
def test_an_investor_survives_packing(person, country, kind, until, lost):
    investor = Investor(person, country, kind, until, lost)
    assert Investor.unpack(investor.packed) == investor
    assert investor.packed < 2**121


def test_an_investor_that_does_not_fit_is_refused():
    with pytest.raises(InputError, match="does not fit 48 bits"):
        _ = Investor(2**48, 0, 0, 0).packed


# ------------------------------------------------------------------------------------- the settings


def test_every_setting_reaches_the_contract_in_its_place():
    settings = RuleSettings.of(EVERYTHING)
    encoded = settings.encodable(REGISTRY, LOCK_UPS, 2)
    assert encoded == [
        REGISTRY, LOCK_UPS, True, 2, parse_time("", "2027-01-04"),
        list(bitmap([840, 408, 364])), 0b10001,
        parse_time("", "2026-01-05T09:00:00Z"), parse_time("", "2026-12-31T22:59:59Z"),
        2_000, 500, 0, 35, 20, 100_050, 1_000, 365 * 86_400, 1_000_000,
    ]  # fmt: skip
    constructor = next(e for e in artifact("TransferRules").abi if e["type"] == "constructor")
    fields = [part["name"] for part in constructor["inputs"][0]["components"]]
    struct = dict(zip(fields, encoded, strict=True))
    read = RuleSettings.decode(struct, 2)
    unsaid = {"title": "", "sources": (), "notice": "", "countries": read.countries}
    assert read == settings.model_copy(
        update={**unsaid, "max_holding": "1,000.5", "min_holding": "10"}
    )
    assert set(read.countries.but) == {840, 408, 364}
    assert read.countries.until == settings.countries.until


def test_settings_survive_the_manifest():
    settings = RuleSettings.of(EVERYTHING)
    assert RuleSettings.of(settings.model_dump(mode="json")) == settings


def test_no_settings_are_a_whitelist():
    settings = RuleSettings.of({})
    assert not settings.counts
    assert not settings.locks
    encoded = settings.encodable(REGISTRY, LOCK_UPS, 0)
    assert encoded == [REGISTRY, LOCK_UPS, True, 0, 0, [0] * 4, *[0] * 12]
    assert deploy_call(artifact("TransferRules"), encoded).data


@pytest.mark.parametrize(
    "counting",
    [
        {"max_holders": 1},
        {"max_holders_in_country": 1},
        {"limited_class": "retail", "max_holders_of_class": 1},
        {"limited_class": "retail", "max_holders_of_class_in_country": 1},
        {"max_holding": 1},
        {"min_holding": 1},
    ],
)
def test_rules_about_persons_count_and_need_known_persons(counting):
    assert RuleSettings.of(counting).counts
    assert "leaves persons to be counted unknown" in refusal({**counting, "eligible": False})


def test_every_fault_is_listed_at_once():
    assert refusal(
        {
            "countries": {"only": ["US", False], "but": ["FR"]},
            "classes": ["rich"],
            "max_holders": 0,
            "max_holding": 1.5,
            "opens_at": "soon",
            "rent": 3,
        }
    ) == (
        "6 problems in rules.yaml:\n"
        '  countries.only.1: "False" is yes or no to YAML; write Norway in quotes: "NO"\n'
        '  classes.0: "rich" is no class of investor; write retail, accredited, qualified, '
        "professional, institutional\n"
        '  opens_at: "soon" is no time; write 2027-03-31T23:59:59Z, or a day such as 2027-03-31\n'
        '  max_holders: "0" is not a number of 1 or more; leave the rule out to switch it off\n'
        '  max_holding: "1.5" is not a whole number; write digits, in quotes if there is a point\n'
        '  rent: "3" is no setting; remove it; the settings there are title, sources, notice, '
        "eligible, countries, classes, opens_at, closes_at, max_holders, max_holders_in_country, "
        "limited_class, max_holders_of_class, max_holders_of_class_in_country, max_holding, "
        "min_holding, lock_up_days and supply_cap"
    )


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ({"countries": {}}, "is not one list of countries"),
        ({"countries": {"only": ["US"], "but": ["FR"]}}, "is not one list of countries"),
        ({"countries": {"only": []}}, "is an empty list"),
        ({"max_holders_of_class": 35}, "is not a class with a limit"),
        ({"limited_class": "retail"}, "is not a class with a limit"),
        ({"opens_at": "2027-01-02", "closes_at": "2027-01-01"}, "is after closes_at"),
        ({"max_holders": 2**32}, "is more than"),
    ],
)
def test_rules_that_make_no_sense_are_refused(content, rule):
    assert rule in refusal(content)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ({"max_holding": "0.5"}, "is not a whole number of shares"),
        ({"max_holding": "5", "min_holding": "6"}, "is over 5"),
        ({"supply_cap": "0"}, "is not between 1 and"),
    ],
)
def test_holdings_have_to_fit_the_token(content, rule):
    with pytest.raises(InputError, match=rule):
        RuleSettings.of(content).encodable(REGISTRY, LOCK_UPS, 0)


# ----------------------------------------------------------------------------------------- refusals

TRANSFER = Transfer(ANN, BEN, 25, "HARB", 0)
TIME = parse_time("", "2027-01-04T12:00:00Z")


@pytest.mark.parametrize(
    ("refused", "sentence"),
    [
        (
            (Code.PAUSED, 0, 0),
            "transfers of HARB are stopped; wait until an agent allows them again",
        ),
        (
            (Code.SENDER_BLOCKED, 0, 0),
            f"the sender {ANN} is frozen or was lost; ask the issuer",
        ),
        (
            (Code.AMOUNT_FROZEN, 25, 1_450),
            (
                "25 HARB are more than the 1,450 HARB of the sender that are not frozen; transfer "
                "less, or ask the issuer"
            ),
        ),
        (
            (Code.NOT_ELIGIBLE, 0, TIME),
            (
                f"the receiver {BEN} is not registered as eligible; let the issuer check the "
                "person and register the wallet"
            ),
        ),
        (
            (Code.NOT_ELIGIBLE, TIME, TIME + 1),
            (
                f"the receiver {BEN} was eligible until 2027-01-04T12:00:00Z, and it is "
                "2027-01-04T12:00:01Z; let the issuer check the person and register the wallet"
            ),
        ),
        (
            (Code.COUNTRY, 840, 0),
            (
                "the receiver's country is United States of America, whose investors may not "
                "receive now; send to an investor of another country"
            ),
        ),
        (
            (Code.CLASS, 0, 0b110),
            (
                "the receiver's class is retail, and only accredited and qualified may receive; "
                "send to such an investor, or have the receiver's class corrected"
            ),
        ),
        (
            (Code.WINDOW_CLOSED, TIME, TIME + 60),
            (
                "it is 2027-01-04T12:00:00Z, and transfers open at 2027-01-04T12:01:00Z; wait "
                "until then"
            ),
        ),
        (
            (Code.WINDOW_CLOSED, TIME + 60, TIME),
            (
                "it is 2027-01-04T12:01:00Z, and transfers closed at 2027-01-04T12:00:00Z; ask the "
                "issuer whether they reopen"
            ),
        ),
        (
            (Code.MAX_HOLDERS_OF_CLASS, 36, 35),
            (
                "the receiver would be holder number 36 of the receiver's class, and there may be "
                "35; send to somebody who holds already, or wait until a holder leaves"
            ),
        ),
        (
            (Code.MAX_HOLDING, 1_025, 1_000),
            (
                "the receiver's person would hold 1,025 HARB, and one person may hold 1,000 HARB; "
                "transfer 25 HARB less"
            ),
        ),
        (
            (Code.MIN_HOLDING_TAKER, 4, 10),
            (
                "the receiver's person would hold 4 HARB, and who holds must hold 10 HARB or more; "
                "transfer 6 HARB more"
            ),
        ),
        (
            (Code.LOCKED_UP, 25, 3),
            (
                "25 HARB are more than the 3 HARB of the sender that are not locked up; transfer "
                "less, or wait until more are released"
            ),
        ),
    ],
)
def test_a_refusal_says_who_what_the_limit_and_what_would_help(refused, sentence):
    assert explain_in_words([Refusal(*refused)], TRANSFER) == [sentence]


@pytest.mark.parametrize("code", list(Code))
def test_every_code_has_a_sentence_with_a_remedy(code):
    [sentence] = explain_in_words([Refusal(code, 7, 5)], TRANSFER)
    assert sentence.count("; ") == 1
    assert sentence[0].islower() or sentence[0].isdigit()


def test_the_codes_are_those_of_the_contract():
    source = (PROJECT_ROOT / "contracts/compliance/ITransferRules.sol").read_text()
    names = re.search(r"enum Code \{([^}]*)\}", source)[1].replace(",", " ").split()
    ours = [code.name.replace("_", "").lower() for code in Code]
    assert ours == [name.lower() for name in names]


def test_amounts_have_the_decimals_of_the_token():
    cents = Transfer(ANN, BEN, 25, "HARB", 2)
    [sentence] = explain_in_words([Refusal(Code.LOCKED_UP, 2_550, 100)], cents)
    assert sentence.startswith("25.5 HARB are more than the 1 HARB")


def test_a_short_balance_is_a_reason_too():
    check = Check(TRANSFER, Explanation((), 2**256 - 1), 10)
    assert (check.passes, check.most) == (False, 10)
    assert check.sentences == ["the sender holds 10 HARB; transfer no more than that"]
    assert Check(TRANSFER, Explanation((), 30), 30).passes
