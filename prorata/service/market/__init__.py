# SPDX-License-Identifier: MIT
"""What the stored log says of an asset's market and of unpaid income: folded, without a node.

Each part is as of a moment of the ledger. What only a contract could say is not in it.
"""
