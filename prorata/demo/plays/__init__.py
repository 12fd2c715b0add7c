# SPDX-License-Identifier: MIT
"""The classes of assets, each played from the files of its template: one module a class."""
