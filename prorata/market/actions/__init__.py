# SPDX-License-Identifier: MIT
"""Corporate actions as plans: what a holder gets is computed to the unit before anything is sent.

Pure first: ratios, entitlements, conversions. Then what acts: each action is a plan of several
transactions, written to the deployment's folder before the first one leaves, and resumed by running
the same command again.
"""
