"""Labelled recordings: a folder with `manifest.jsonl`, one JSON object a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.audio.wav import read_wav
from antiphon.errors import ConfigError


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one file. `language` is a primary subtag, "en+zh" where it switches, None for noise.

    Attributes:
        transcript: "" where nobody speaks, None where it is not known.
        wer_ok: The transcript may be used for word error rate.
        slots: Values of a spoken order; each is in the transcript word for word.
    """

    file: str
    kind: str
    duration: float
    language: str | None = None
    transcript: str | None = None
    wer_ok: bool = False
    slots: dict[str, str] = {}

    @property
    def main_language(self) -> str:
        return (self.language or "en").partition("+")[0]


def read_manifest(folder: Path) -> Sequence[Recording]:
    """Raises ConfigError where there is no manifest, or one we cannot read."""
    path = folder / "manifest.jsonl"
    try:
        return msgspec.json.Decoder(Recording).decode_lines(path.read_bytes())
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigError(f"cannot read the labelled recordings: {error}", where=str(path)) from error


def load(folder: Path, recording: Recording) -> tuple[NDArray[np.int16], int]:
    """Mono samples and their rate in Hz."""
    return read_wav(folder / recording.file)
