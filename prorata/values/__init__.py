# SPDX-License-Identifier: MIT
"""Exact values: amounts, times, addresses, countries and kinds."""

from prorata.values.addresses import ZERO_ADDRESS, address_fault, check_address, checksummed
from prorata.values.amounts import (
    Amount,
    Unit,
    format_units,
    parse_units,
    percent,
    strange_character,
)
from prorata.values.countries import all_countries, bitmap, codes_in, country_name, find_country
from prorata.values.kinds import FOREVER, InvestorClass, Kind
from prorata.values.times import iso, moment, parse_instant, parse_time

__all__ = [
    "FOREVER",
    "ZERO_ADDRESS",
    "Amount",
    "InvestorClass",
    "Kind",
    "Unit",
    "address_fault",
    "all_countries",
    "bitmap",
    "check_address",
    "checksummed",
    "codes_in",
    "country_name",
    "find_country",
    "format_units",
    "iso",
    "moment",
    "parse_instant",
    "parse_time",
    "parse_units",
    "percent",
    "strange_character",
]
