# SPDX-License-Identifier: MIT
"""Fractional ownership of real-world assets on Ethereum, exact to the last unit.

What is named here is pure: integers in, integers out; the law itself is
``prorata.apportion.apportion``. Whatever needs a chain is in a module of its
own: ``prorata.chain`` and ``prorata.contracts`` to talk to one, ``prorata.deploy`` and
``prorata.operations`` to act, ``prorata.ledger``, ``prorata.books`` and ``prorata.audit`` to prove.
"""

from prorata.apportion import Apportionment, entitlement, withhold
from prorata.errors import InputError, Problem, ProrataError
from prorata.register.captable import CapTable, Holding, parse_csv, read_csv, write_csv
from prorata.values.amounts import format_units, parse_units

__all__ = [
    "Apportionment",
    "CapTable",
    "Holding",
    "InputError",
    "Problem",
    "ProrataError",
    "entitlement",
    "format_units",
    "parse_csv",
    "parse_units",
    "read_csv",
    "withhold",
    "write_csv",
]
