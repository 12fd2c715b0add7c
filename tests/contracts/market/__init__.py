"""Tests of the contracts of trading."""
