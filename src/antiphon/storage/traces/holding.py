"""Whether somebody still writes a trace: the writer holds a lock on the file, which dies with its process."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path


def hold(fd: int) -> None:
    """Of whoever writes; until the file is closed, or the process is gone."""
    with contextlib.suppress(OSError):  # A file system without locks: its traces are taken for finished.
        fcntl.flock(fd, fcntl.LOCK_SH)


def is_held(path: Path) -> bool:
    """Somebody writes it. False too when it is not there."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(fd)
    return False
