# SPDX-License-Identifier: MIT
"""Files: read strictly, written whole."""

from prorata.files.csv_reader import Sheet
from prorata.files.models import parsed_by, validated
from prorata.files.old_names import OldNames
from prorata.files.writer import (
    Row,
    csv_text,
    json_object,
    write_csv_rows,
    write_json,
    write_whole,
    written_whole,
)
from prorata.files.yaml_reader import read_yaml

__all__ = [
    "OldNames",
    "Row",
    "Sheet",
    "csv_text",
    "json_object",
    "parsed_by",
    "read_yaml",
    "validated",
    "write_csv_rows",
    "write_json",
    "write_whole",
    "written_whole",
]
