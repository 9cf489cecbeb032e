"""`antiphon recordings list|export|delete|purge`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from antiphon.audio.wav import write_wav
from antiphon.calls.recording.shelf import (
    find_recording,
    kept_recordings,
    purge_recordings,
    read_recording,
    recordings_directory,
)
from antiphon.errors import ConfigError
from antiphon.storage.home import home_directory
from antiphon.storage.keys import keyring
from antiphon.storage.sealed import read_head


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `recordings` to the command line."""
    recordings = commands.add_parser("recordings", help="recordings of calls").add_subparsers(
        dest="what", required=True, metavar="COMMAND"
    )

    def add(name: str, run: Callable[[argparse.Namespace], int], told: str, *arguments: str) -> None:
        command = recordings.add_parser(name, help=told)
        for argument in arguments:
            command.add_argument(argument, metavar=argument.upper())
        command.set_defaults(run=run)

    add("list", _list, "what is kept, and until when")
    add("export", _export, "as a WAV file: the caller on the left, the agent on the right", "call", "file")
    add("delete", _delete, "remove one for good", "call")
    add("purge", _purge, "remove those whose time is over; `antiphon serve` does so every hour")


def _list(args: argparse.Namespace) -> int:
    directory = recordings_directory(home_directory())
    kept = kept_recordings(directory)
    if not kept:
        print(f"no recordings in {directory}")
    for path in kept:
        try:
            print(f"{path.stem:<28} until {read_head(path)['retain_until']}")
        except (ConfigError, KeyError) as error:
            print(f"{path.stem:<28} cannot be read: {error}")
    return 0


def _export(args: argparse.Namespace) -> int:
    home = home_directory()
    kept = read_recording(find_recording(recordings_directory(home), args.call), keyring(home))
    try:
        write_wav(Path(args.file), kept.samples, kept.sample_rate_hz)
    except OSError as error:
        raise ConfigError(f"cannot write: {error.strerror}", where=args.file) from error
    seconds = len(kept.samples) / kept.sample_rate_hz
    print(f"{args.file}: {seconds:.1f} s from {kept.since_ms / 1000:.1f} s of the call on")
    print(f"permitted: {json.dumps(kept.consent, ensure_ascii=False)}")
    if not kept.complete:
        print("the recording was cut short by a crash; this is all that was kept")
    return 0


def _delete(args: argparse.Namespace) -> int:
    find_recording(recordings_directory(home_directory()), args.call).unlink()
    print(f"removed the recording of {args.call}")
    return 0


def _purge(args: argparse.Namespace) -> int:
    gone = purge_recordings(recordings_directory(home_directory()), datetime.now(UTC))
    print(f"removed {len(gone)}")
    return 0
