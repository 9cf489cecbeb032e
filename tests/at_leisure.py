"""pytest that gives way to everybody else: `python -m tests.at_leisure ARGUMENT...`. Run by `make test`."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

NICE = 19
# Where Linux shares by session first, niceness holds within one only: see autogroup in sched(7).
AUTOGROUP = Path("/proc/self/autogroup")


def main() -> None:
    with contextlib.suppress(PermissionError):  # It leads a session already.
        os.setsid()
    os.nice(NICE)
    with contextlib.suppress(OSError):
        AUTOGROUP.write_text(str(NICE))
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *sys.argv[1:]])


if __name__ == "__main__":
    main()
