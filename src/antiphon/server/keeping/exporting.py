"""All that is on record of a person, to be handed over: what the index has, what was said about his calls,
their traces as they are, and their sound."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from antiphon.audio.wav import write_wav
from antiphon.calls.recording import read_recording, recordings_directory
from antiphon.calls.recording.shelf import find_recording
from antiphon.errors import ConfigError
from antiphon.storage.access import Opinions
from antiphon.storage.keys import Keyring
from antiphon.storage.records import CallDetail
from antiphon.storage.traces import read_trace, trace_path


async def told_of(calls: Sequence[CallDetail], opinions: Opinions, home: Path) -> list[dict[str, Any]]:
    """Calls as JSON has them, each with `feedback`, and `trace`: its lines, None where it is gone."""
    told = []
    for call in calls:
        summary = call.summary
        said = await opinions.of_call(summary.organisation_id, summary.call_id)
        trace = _trace(trace_path(home / "calls", summary.call_id, summary.started_at_ms))
        told.append(asdict(call) | {"feedback": [asdict(one) for one in said], "trace": trace})
    return told


def write_told(told: Sequence[dict[str, Any]], path: Path) -> None:
    """Readable by its owner only.

    Raises:
        ConfigError: It cannot be written.
    """
    try:
        path.touch(mode=0o600)
        path.write_text(json.dumps(told, indent=2, ensure_ascii=False, default=_decimal), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write: {error.strerror}", where=str(path)) from error


def write_sound(calls: Sequence[CallDetail], home: Path, keys: Keyring, folder: Path) -> int:
    """A WAV file for every call that was recorded and is kept, the caller on the left; gives how many.

    Raises:
        ConfigError: One cannot be read, or the folder cannot be written.
    """
    written = 0
    for call in calls:
        try:
            found = find_recording(recordings_directory(home), call.summary.call_id)
        except ConfigError:
            continue  # It was not recorded, or its time is over.
        kept = read_recording(found, keys)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_wav(folder / f"{found.stem}.wav", kept.samples, kept.sample_rate_hz)
        except OSError as error:
            raise ConfigError(f"cannot write: {error.strerror}", where=str(folder)) from error
        written += 1
    return written


def _trace(path: Path) -> list[Any] | None:
    if not path.is_file():
        return None
    lines = read_trace(path).splitlines()
    return [_line(line) for line in lines]


def _line(line: bytes) -> Any:
    try:
        return msgspec.json.decode(line)
    except msgspec.DecodeError:
        return line.decode("utf-8", "replace")  # The last one of a call that was cut short.


def _decimal(value: object) -> Any:
    """Any: json takes what it gets. Money is text, so that nothing is lost."""
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(type(value).__name__)
