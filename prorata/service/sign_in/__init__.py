# SPDX-License-Identifier: MIT
"""Sign-in with Ethereum (ERC-4361): who has a wallet's key is that wallet's holder, for a while.

A message is written by the server, with a nonce that is used once. Sessions stand in the office,
by the hash of their token. Whoever signs in gets no key of ours, and gives none.
"""
