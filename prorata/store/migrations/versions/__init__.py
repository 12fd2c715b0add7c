# SPDX-License-Identifier: MIT
"""The steps. One that has been released is never changed: it says what tables were, not are."""
