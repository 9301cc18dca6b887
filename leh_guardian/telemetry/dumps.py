"""Owns that no image of this process is written; the one rule: once it has held others' secrets, its memory is nobody's to read.

A core file, or what a handler of crashes is piped, holds every line that was read. Linux writes none of a process that says so,
nor lets others of the same user read its memory (prctl(2), PR_SET_DUMPABLE); elsewhere the limit of core files has to do.
"""

from __future__ import annotations

import ctypes
import resource
from contextlib import suppress
from typing import Final

_PR_SET_DUMPABLE: Final = 4


def forbid_dumps() -> None:
    """From now on let nobody have this process's memory; it cannot be taken back."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
