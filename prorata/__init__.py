"""Fractional ownership of real-world assets on Ethereum, exact to the last unit."""
