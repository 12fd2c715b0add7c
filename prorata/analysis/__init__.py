# SPDX-License-Identifier: MIT
"""Questions over the ledger, and figures with their date, count and inputs, or why there is none.

Queries over the published ledger are expressions that every engine answers alike; they need the
extra `analysis`, which nothing else of prorata imports. Figures need none: yields, returns, risk,
concentration, liquidity, indices, scores and portfolios are fractions until they are shown.
"""
