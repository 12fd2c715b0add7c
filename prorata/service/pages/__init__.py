# SPDX-License-Identifier: MIT
"""Pages for people: rendered here, readable without script, and nothing in them comes from others.

`wallet.js` is the only script. It shows and checks what a wallet is asked to sign.
"""
