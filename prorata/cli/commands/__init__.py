# SPDX-License-Identifier: MIT
"""The commands, one module each."""
