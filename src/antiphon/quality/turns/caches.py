"""What the embedded models say of a piece of audio, remembered on disk by its content.

A sweep over policies asks the same questions again and again; each is computed once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, TextIO

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.quality.turns.line import Ear, LineEvent, Samples
from antiphon.speech.ports import EndOfTurn


class Recognises(Protocol):
    """The whisper engine's face, and its answer as plain fields."""

    def transcribe(
        self,
        samples: NDArray[np.float32],
        *,
        prompt: Sequence[str] = (),
        language: str = "en",
        beam: int = 1,
    ) -> Any: ...


class Store:
    """One JSON line an answer, `{"key": …, "value": …}`; a line cut short by a crash is asked again."""

    def __init__(self, path: Path) -> None:
        self._values: dict[str, Any] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            for line in path.read_text().splitlines():
                try:
                    entry = json.loads(line)
                except json.JSONDecodeError:
                    continue
                self._values[entry["key"]] = entry["value"]
        self._file: TextIO = path.open("a")

    def get(self, key: str) -> Any:
        return self._values.get(key)

    def put(self, key: str, value: Any) -> None:
        self._values[key] = value
        self._file.write(json.dumps({"key": key, "value": value}) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def key_of(*parts: object) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(
            np.ascontiguousarray(part).tobytes() if isinstance(part, np.ndarray) else repr(part).encode()
        )
        digest.update(b"|")
    return digest.hexdigest()


class KnownRecogniser:
    """The embedded recogniser, asked once about the same audio."""

    def __init__(self, engine: Recognises, recognition: type[Any], store: Store, name: str) -> None:
        self._engine, self._recognition, self._store, self._name = engine, recognition, store, name

    def transcribe(
        self, samples: NDArray[np.float32], *, prompt: Sequence[str] = (), language: str = "en", beam: int = 1
    ) -> Any:
        key = key_of("stt", self._name, samples, tuple(prompt), language, beam)
        known = self._store.get(key)
        if known is None:
            found = self._engine.transcribe(samples, prompt=prompt, language=language, beam=beam)
            known = msgspec.to_builtins(found)
            self._store.put(key, known)
        return msgspec.convert(known, self._recognition)


class KnownScores:
    """The end-of-turn scorer, asked once about the same audio."""

    def __init__(self, scorer: EndOfTurn, store: Store, name: str) -> None:
        self._scorer, self._store, self._name = scorer, store, name

    async def score(self, pcm: bytes, sample_rate_hz: int) -> float:
        key = key_of("eot", self._name, pcm, sample_rate_hz)
        known = self._store.get(key)
        if known is None:
            known = await self._scorer.score(pcm, sample_rate_hz)
            self._store.put(key, known)
        return float(known)


class KnownLines:
    """Voice activity and dating of whole recordings, asked once about the same audio and gate."""

    def __init__(self, ear: Ear, store: Store, name: str) -> None:
        self._ear, self._store, self._name = ear, store, name

    def hear(self, samples: Samples, rate_hz: int) -> list[LineEvent]:
        key = key_of("vad", self._name, samples, rate_hz)
        known = self._store.get(key)
        if known is None:
            known = msgspec.to_builtins(self._ear.hear(samples, rate_hz))
            self._store.put(key, known)
        return msgspec.convert(known, list[LineEvent])
