"""A folder of turns nobody fitted anything on, made of recordings that are not in our own folder.

Each recording is one whole turn. At each pause that voice activity finds in it, it is also cut, and the room
of that pause goes on: a caller who holds it. Which words such a pause interrupts nobody has labelled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from antiphon.audio.wav import read_wav, write_wav
from antiphon.errors import ConfigError
from antiphon.quality.turns.line import Ear, LineEvent, Samples

PAUSE_MIN_MS = 180
HELD_MS = 1200  # As long as the clips of our own folder.
RATE_HZ = 16000
_TAIL_MS = 2500  # Or the end of a recording that ends with its last word would not be noticed.
_EDGE_SHARE = 4  # The room is taken from the middle half of the pause.


def held_out(collection: Path, ours: Path, out: Path, ear: Ear, *, every: int = 1) -> Path:
    """Write whole turns and held pauses, with a manifest, below `out`; gives it.

    Args:
        collection: *.wav, 16 kHz, one turn each.
        ours: The manifest of our own folder; what it names as a source is left out.
        every: Take only every so manieth recording, and all with a pause.

    Raises:
        ConfigError: Nothing is there, or not at 16 kHz.
    """
    known = {Path(str(entry.get("source", {}).get("path", ""))).name for entry in _lines(ours)}
    left = [path for path in sorted(collection.glob("*.wav")) if path.name not in known]
    if not left:
        raise ConfigError("there is no recording here that is not ours already", where=str(collection))
    entries: list[dict[str, object]] = []
    for number, path in enumerate(left):
        samples, rate_hz = read_wav(path)
        if rate_hz != RATE_HZ:
            raise ConfigError(f"{rate_hz} Hz, not {RATE_HZ}", where=str(path))
        tail = np.zeros(_TAIL_MS * RATE_HZ // 1000, np.int16)
        pauses = list(pauses_in(ear.hear(np.concatenate([samples, tail]), rate_hz)))
        for place, pause in enumerate(pauses):
            clip = held(samples, *pause)
            entries.append(_write(out, "turns", f"{path.stem}_{place}", clip) | {"label": "incomplete"})
        if pauses or number % every == 0:
            entries.append(_write(out, "clean", path.stem, samples))
    text = "".join(json.dumps(entry) + "\n" for entry in entries)
    (out / "manifest.jsonl").write_text(text, encoding="utf-8")
    return out


def pauses_in(events: list[LineEvent]) -> Iterator[tuple[int, int]]:
    """(end of speech, beginning of more), ms."""
    for stopped, began in pairwise(events):
        if not stopped.began and began.began and began.date_ms - stopped.date_ms >= PAUSE_MIN_MS:
            yield stopped.date_ms, began.date_ms


def held(samples: Samples, from_ms: int, to_ms: int) -> Samples:
    """Cut in the pause, whose room goes on, there and back so that it has no seam."""
    ms, edge_ms = RATE_HZ // 1000, (to_ms - from_ms) // _EDGE_SHARE
    spoken, room = np.split(samples[: (to_ms - edge_ms) * ms], [(from_ms + edge_ms) * ms])
    return np.concatenate([spoken, np.resize(np.concatenate([room, room[::-1]]), HELD_MS * ms)])


def _write(out: Path, kind: str, stem: str, samples: Samples) -> dict[str, object]:
    file = f"{kind}/order_{stem}.wav"
    (out / kind).mkdir(parents=True, exist_ok=True)
    write_wav(out / file, samples, RATE_HZ)
    return {"file": file, "kind": kind, "duration": len(samples) / RATE_HZ, "language": "en"}


def _lines(manifest: Path) -> Iterator[dict[str, dict[str, object]]]:
    for line in manifest.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)
