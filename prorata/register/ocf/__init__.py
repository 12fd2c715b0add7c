# SPDX-License-Identifier: MIT
"""The Open Cap Format 1.2: packages of stakeholders, stock and its transactions, in and out."""
