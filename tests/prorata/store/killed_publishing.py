"""Publish in a process of its own, which kills itself at the n-th page.

python -m tests.prorata.store.killed_publishing DATABASE FOLDER PAGE
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import closing
from itertools import count
from pathlib import Path

from prorata.store.database import Database
from prorata.store.publishing import assets_in, publish


def main() -> None:
    place, folder, last = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    pages = count(1)

    def follow(table: str, rows: int) -> None:
        if next(pages) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    with closing(Database.open(place)) as database:
        [asset] = assets_in(database)
        publish(database, asset, folder, page=20, follow=follow)


if __name__ == "__main__":
    main()
