# SPDX-License-Identifier: MIT
"""The worked example and the classes of assets, played on a local chain."""

from prorata.demo.chain import DemoChain
from prorata.demo.keys import rehearsal_key
from prorata.demo.story import play

__all__ = ["DemoChain", "play", "rehearsal_key"]
