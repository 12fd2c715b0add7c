# SPDX-License-Identifier: MIT
"""For developers: the compiler, Anvil, and packing the artifacts."""
