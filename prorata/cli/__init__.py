# SPDX-License-Identifier: MIT
"""The command line: one click group, whose commands `ape run` plays too. No arithmetic."""
