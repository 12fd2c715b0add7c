# SPDX-License-Identifier: MIT
"""The service: what others read of assets, over HTTP, and what wallets sign, prepared."""
