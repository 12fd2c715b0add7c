# SPDX-License-Identifier: MIT
"""What wallets and multisigs sign, prepared: no key is here, and nothing is ever sent.

An action is played to its end by the same code that a command runs, on a chain that runs steps to
no effect. What remains is each transaction in order, what it would do, and the words for it.
"""
