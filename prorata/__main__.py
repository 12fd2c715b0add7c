# SPDX-License-Identifier: MIT
"""`python -m prorata`: the same as the command `prorata`."""

from prorata.cli.main import main

if __name__ == "__main__":
    main()
