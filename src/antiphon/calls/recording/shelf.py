"""Where recordings lie: a folder a day, found by call id, read with the storage keys, purged by date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import structlog
from numpy.typing import NDArray

from antiphon.audio import g711
from antiphon.audio.ports import Encoding
from antiphon.errors import ConfigError
from antiphon.storage.keys import Keyring
from antiphon.storage.sealed import read_head, read_sealed

log = structlog.get_logger(__name__)

_SUFFIX: Final = ".recording"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRecording:
    """A recording, opened.

    Attributes:
        samples: int16 [n, 2]: the caller, the agent.
        since_ms: Call time of the first sample.
        consent: What permits it, as it was written down then.
        complete: The call came to its end; else a crash cut the file, and this is what was kept.
    """

    call_id: str
    samples: NDArray[np.int16]
    sample_rate_hz: int
    since_ms: int
    retain_until: datetime
    consent: dict[str, Any]
    complete: bool


def recordings_directory(home: Path) -> Path:
    return home / "recordings"


def recording_path(directory: Path, call_id: str, began: datetime) -> Path:
    return directory / f"{began:%Y-%m-%d}" / f"{call_id}{_SUFFIX}"


def kept_recordings(directory: Path) -> list[Path]:
    """All of them, oldest day first."""
    return sorted(directory.glob(f"*/*{_SUFFIX}"))


def find_recording(directory: Path, call_id: str) -> Path:
    """Raises ConfigError: There is none of that call."""
    for path in kept_recordings(directory):
        if path.name == f"{call_id}{_SUFFIX}":
            return path
    raise ConfigError(
        f"there is no recording of the call {call_id!r}",
        where=str(directory),
        fix="calls are recorded where their agent file has `recording:` and the caller did not refuse",
    )


def read_recording(path: Path, keyring: Keyring) -> KeptRecording:
    """Open one.

    Raises:
        ConfigError: It is none, its key is not here, or somebody changed it.
    """
    sealed = read_sealed(path, keyring)
    head = sealed.head
    try:
        encoding, rate_hz = Encoding(head["encoding"]), int(head["sample_rate_hz"])
        channels = [_joined(sealed.pieces, number, encoding) for number in (0, 1)]
        return KeptRecording(
            call_id=str(head["call"]),
            samples=np.stack(channels, axis=1),
            sample_rate_hz=rate_hz,
            since_ms=int(head["since_ms"]),
            retain_until=datetime.fromisoformat(head["retain_until"]),
            consent=dict(head["consent"]),
            complete=sealed.complete,
        )
    except (KeyError, ValueError, TypeError) as error:
        raise ConfigError("was written by another version of Antiphon", where=str(path)) from error


def purge_recordings(directory: Path, now: datetime) -> list[Path]:
    """Remove those whose time is over; gives what was removed. One whose date cannot be read stays, and is
    warned of: a person must look."""
    return [path for path in kept_recordings(directory) if _is_over(path, now) and _removed(path)]


def _is_over(path: Path, now: datetime) -> bool:
    try:
        until = datetime.fromisoformat(str(read_head(path)["retain_until"]))
        return (until if until.tzinfo else until.replace(tzinfo=UTC)) <= now
    except (ConfigError, KeyError, ValueError):
        log.warning("recording_without_a_date", file=path.name)
        return False


def _removed(path: Path) -> bool:
    path.unlink(missing_ok=True)
    log.info("recording_purged", call=path.name.removesuffix(_SUFFIX))
    return True


def _joined(pieces: tuple[bytes, ...], channel: int, encoding: Encoding) -> NDArray[np.int16]:
    sound = b"".join(_halves(pieces, channel))
    if encoding is Encoding.MULAW:
        return g711.decode(np.frombuffer(sound, np.uint8))
    return np.frombuffer(sound, "<i2").astype(np.int16)


def _halves(pieces: tuple[bytes, ...], channel: int) -> Iterator[bytes]:
    """A piece is the caller's sound and then as much of the agent's."""
    for piece in pieces:
        half = len(piece) // 2
        yield piece[half:] if channel else piece[:half]
