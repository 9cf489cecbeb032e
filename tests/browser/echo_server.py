"""`antiphon serve` with the echo worker in place of the media worker; ports chosen by the system."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from antiphon.errors import AntiphonError
from antiphon.server.logs import log_to_stderr
from antiphon.server.serving import serve
from antiphon.server.settings import WIDGET_ORIGINS, ServeSettings


def main(home: Path) -> int:
    log_to_stderr("control")
    guests = tuple(filter(None, os.environ.get(WIDGET_ORIGINS, "").split(",")))
    settings = ServeSettings(port=0, media_port=0, agents=home, home=home, drain_s=5.0, widget_origins=guests)
    command = [sys.executable, str(Path(__file__).with_name("echo_worker.py"))]
    try:
        return asyncio.run(serve(settings, lambda words: print(words, flush=True), worker_command=command))
    except AntiphonError as error:
        print(f"refused: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
