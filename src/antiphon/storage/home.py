"""Where Antiphon keeps what it writes: `ANTIPHON_HOME`, or `.antiphon` under the current directory."""

from __future__ import annotations

import os
from pathlib import Path


def home_directory() -> Path:
    """The data directory; it need not exist yet."""
    return Path(os.environ.get("ANTIPHON_HOME") or ".antiphon").expanduser()


def calls_directory() -> Path:
    """Where the traces of calls lie, one folder a day."""
    return home_directory() / "calls"
