# SPDX-License-Identifier: Apache-2.0
"""Does a sanitizer watch the programs under test? ctest says so (tests/support/sanitizer_environment.cmake.in). They then
take several times the memory and the time that they take otherwise, and a test holds them to everything but that."""
import os

SANITIZED = bool(os.environ.get("PIMAN_SANITIZER"))
SLOWER = 5 if SANITIZED else 1  # times as long as anything may take that only the program's own speed decides


def most(amount):
    """A bar for memory or processor time: none under a sanitizer, whose own it would be."""
    return float("inf") if SANITIZED else amount
