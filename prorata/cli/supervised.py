# SPDX-License-Identifier: MIT
"""`python -m prorata.cli.supervised …`: a command that ends when whoever supervises it is gone.

Its standard input is a pipe that the supervisor holds open. However that process ends, the pipe
does too: so nothing goes on by itself after a supervisor that was killed.
"""

from __future__ import annotations

import os
import signal
import threading
import time

from prorata.cli.main import main

GRACE_SECONDS = 30.0


def _end_with_the_supervisor() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_supervisor, daemon=True).start()
    main()
