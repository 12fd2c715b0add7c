# SPDX-License-Identifier: MIT
"""Exchanges: shares for money or other shares that are here, by their holder or for everybody."""
