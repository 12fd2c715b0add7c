# SPDX-License-Identifier: MIT
"""Calls: offerings, tenders, redemption windows and auctions, from the terms to the last refund."""
