"""`python -m antiphon.providers.local.worker --socket PATH`: load, warm, say ready, serve."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import msgspec
import structlog

from antiphon.errors import AntiphonError, ConfigError
from antiphon.providers.local.worker.lanes import LaneExecutor
from antiphon.providers.local.worker.offer import DEFAULTS, build_offer, known_roles, warm
from antiphon.providers.local.worker.process import Announcement
from antiphon.providers.local.worker.server import WorkerServer

_AUTOGROUP = Path("/proc/self/autogroup")


def main() -> int:
    arguments = _parser().parse_args()
    # Standard output carries one line, the announcement; everything else goes to standard error.
    # Tracebacks without the values of variables, among which are callers' words.
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    if arguments.nice:
        _give_way(arguments.nice)
    try:
        asyncio.run(_serve(arguments))
    except ConfigError as error:
        _announce(Announcement(ready=False, message=error.message, where=error.where, fix=error.fix))
        return 2
    except AntiphonError as error:
        _announce(Announcement(ready=False, message=str(error)))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _give_way(by: int) -> None:
    """Less nice than we are may be forbidden: it is a wish.

    Where Linux shares the processor out by session first (autogroup in sched(7)), niceness counts within ours
    alone, so the session gives way as a whole.
    """
    with contextlib.suppress(OSError):
        os.nice(by)
    if os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):
            _AUTOGROUP.write_text(str(by))


async def _serve(arguments: argparse.Namespace) -> None:
    executor = LaneExecutor(arguments.threads)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    offer = build_offer(arguments.roles.split(","), executor)
    await warm(offer)
    server = WorkerServer(offer, executor)
    await server.listen(arguments.socket)
    _announce(Announcement(ready=True))
    if arguments.with_parent:
        loop.add_reader(sys.stdin.fileno(), stop.set)  # Nobody writes there: readable means the end.
    await stop.wait()
    await server.aclose()
    executor.shutdown(wait=False, cancel_futures=True)
    with contextlib.suppress(OSError):
        arguments.socket.unlink()


def _announce(announcement: Announcement) -> None:
    sys.stdout.write(msgspec.json.encode(announcement).decode() + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="antiphon.providers.local.worker")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--roles", default=",".join(DEFAULTS), help=f"of {', '.join(known_roles())}")
    cores = os.cpu_count() or 1
    parser.add_argument("--threads", type=int, default=max(1, min(4, cores)))
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--with-parent", action="store_true", help="end when standard input does")
    return parser


if __name__ == "__main__":
    sys.exit(main())
