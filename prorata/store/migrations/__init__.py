# SPDX-License-Identifier: MIT
"""How the office's tables came to be what they are: one step after another, each in `versions`.

`prorata.store.office_upgrade` takes them when an office is opened, all in one transaction, after a
backup. There is no way back: a backup is opened by the version that wrote it.
"""
