"""The command line: arguments in, exit codes out. A command's module is imported only when it is used."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

from antiphon import __version__
from antiphon.errors import AntiphonError, ConfigError


class _Room(NamedTuple):
    module: str
    help: str


# Help must be there at once; importing every room costs a second. One row a command.
_COMMANDS = {
    "serve": _Room("antiphon.server.command", "answer calls: talk page, phone streams, API"),
    "call": _Room("antiphon.server.simulating.command", "have a simulated caller call an agent"),
    "calls": _Room("antiphon.server.operating.command", "list calls, explain one, hang one up"),
    "route": _Room("antiphon.calls.routing.command", "check a routes file, explain what answers a number"),
    "transfer": _Room("antiphon.server.operating.command", "put a caller through to a person"),
    "numbers": _Room("antiphon.server.operating.command", "search, buy and configure phone numbers"),
    "keys": _Room("antiphon.server.access.command", "create, list and revoke API keys"),
    "recordings": _Room("antiphon.calls.recording.command", "list, export and remove recordings"),
    "records": _Room("antiphon.server.keeping.command", "index, keep, export and erase calls"),
    "db": _Room("antiphon.server.keeping.command", "the database of calls: upgrade, current"),
    "replay": _Room("antiphon.runtime.command", "run a recorded call through the same core again"),
    "agents": _Room("antiphon.server.checking.command", "check agent files, print their schema"),
    "models": _Room("antiphon.providers.command", "fetch, verify and list the embedded models"),
    "bench": _Room("antiphon.quality.bench.command", "measure an agent's providers from where you run"),
    "providers": _Room("antiphon.providers.command", "list speech and language providers"),
}
EXIT_FAILED, EXIT_CONFIG, EXIT_INTERRUPTED = 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code: 0 well, 1 failed, 2 wrong use or settings, 130 interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(arguments)
    except ConfigError as error:
        print(f"antiphon: {error}", file=sys.stderr)
        return EXIT_CONFIG
    except AntiphonError as error:
        print(f"antiphon: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # `antiphon calls list | head`: the reader had enough; nothing may be flushed into the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(arguments: list[str]) -> int:
    chosen = arguments[0] if arguments and arguments[0] in _COMMANDS else None
    parser = argparse.ArgumentParser(
        prog="antiphon", description="Agents that answer and place calls.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"antiphon {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    if chosen is not None:
        importlib.import_module(_COMMANDS[chosen].module).register(commands)
    else:
        for name, room in _COMMANDS.items():
            commands.add_parser(name, help=room.help, add_help=False)
    args = parser.parse_args(arguments)
    if chosen is None:
        parser.print_help()
        return EXIT_CONFIG
    exit_code: int = args.run(args)
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
