# SPDX-License-Identifier: MIT
"""Transports: web3's providers, and what comes back over them."""
