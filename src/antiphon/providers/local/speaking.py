"""How any embedded voice speaks a request: piece by piece, off the event loop, trimmed and resampled once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as engine_errors

from antiphon.audio.linear import linear16
from antiphon.audio.resample import StreamResampler
from antiphon.errors import ProviderUnavailable
from antiphon.providers.local.loudness import Trimmer, VoiceGains, levelled
from antiphon.providers.local.models import broken_model
from antiphon.providers.local.phonetics import Piece, pieces_of
from antiphon.speech.ports import TtsAudio, TtsRequest

ENGINE_ERRORS: Final = (
    engine_errors.EngineError,
    engine_errors.Fail,
    engine_errors.InvalidArgument,
    engine_errors.InvalidGraph,
    engine_errors.InvalidProtobuf,
    engine_errors.NoModel,
    engine_errors.NoSuchFile,
    engine_errors.NotImplemented,
    engine_errors.RuntimeException,
)
# Silence after a piece, by how it ends; what follows then sounds like the same speaker going on.
_PAUSE_MS: Final = {",": 130, ";": 200, ":": 200, ".": 260, "?": 280, "!": 260}
_PAUSE_OTHERWISE_MS: Final = 40
# Someone is writing along.
_SPELLED_SLOWER: Final = 1.2
_SPEED_MIN, _SPEED_MAX = 0.5, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What an engine gives: samples in -1..1, block by block as they are asked for (each `next` blocks while
    the model works), and the sample after the last of each word."""

    blocks: Iterator[NDArray[np.float32]]
    word_ends: tuple[int, ...]


class Engine(Protocol):
    """A loaded voice model. `speak` blocks, may be called from several threads, and it and its blocks stop
    early with an engine error when `run.terminate` is set."""

    @property
    def name(self) -> str: ...

    @property
    def sample_rate_hz(self) -> int: ...

    @property
    def gains(self) -> VoiceGains: ...

    def check(self, request: TtsRequest) -> None:
        """Raises ConfigError for a voice or language it does not have."""

    def speak(
        self, piece: Piece, request: TtsRequest, speed: float, run: onnxruntime.RunOptions
    ) -> Spoken: ...


async def speak(
    engine: Engine, request: TtsRequest, emit: Callable[[TtsAudio], None], executor: Executor
) -> None:
    """Emit audio as it comes from the model; text without anything to pronounce gives none.

    Raises:
        ConfigError: The engine has no such voice.
        ProviderUnavailable: The engine failed.
    """
    engine.check(request)
    loop = asyncio.get_running_loop()
    spoken_samples = 0
    word_ends: tuple[int, ...] = ()
    for piece in pieces_of(request.text, request.ssml):
        run = onnxruntime.RunOptions()
        utterance = _Utterance(engine, piece, request, run)
        piece_samples = 0
        try:
            while not utterance.complete:
                pcm = await loop.run_in_executor(executor, utterance.next_block)
                piece_samples += len(pcm) // 2
                if pcm or utterance.complete:
                    before_ms = spoken_samples * 1000 / request.sample_rate_hz
                    ends = utterance.word_ends_ms(piece_samples * 1000 / request.sample_rate_hz)
                    so_far = word_ends + tuple(int(before_ms + end) for end in ends)
                if pcm:
                    emit(TtsAudio(pcm=pcm, word_ends_ms=so_far))
        except asyncio.CancelledError:
            # The model works in its own thread; this frees the core within one operator.
            run.terminate = True
            raise
        except ENGINE_ERRORS as error:
            raise ProviderUnavailable(engine.name, str(error).splitlines()[0]) from error
        spoken_samples += piece_samples
        word_ends = so_far


class _Utterance:
    """One piece on its way from the model to PCM at the request's rate. Used by one thread at a time."""

    def __init__(
        self, engine: Engine, piece: Piece, request: TtsRequest, run: onnxruntime.RunOptions
    ) -> None:
        self._engine, self._piece, self._request, self._run = engine, piece, request, run
        self._speed = min(max(request.speed, _SPEED_MIN), _SPEED_MAX) / (
            _SPELLED_SLOWER if piece.spelled else 1
        )
        self._spoken: Spoken | None = None
        self._raw: list[NDArray[np.float32]] = []
        self._trimmer = Trimmer(engine.sample_rate_hz)
        self._resampler = StreamResampler(engine.sample_rate_hz, request.sample_rate_hz)
        self._audible = False
        self._pause_ms = 0.0
        self.complete = False

    def next_block(self) -> bytes:
        """PCM of the next block of the model, perhaps none; the last one ends with the piece's pause."""
        engine, voice = self._engine, self._request.voice
        if self._spoken is None:
            self._spoken = engine.speak(self._piece, self._request, self._speed, self._run)
        block = next(self._spoken.blocks, None)
        if block is not None:
            self._raw.append(block)
            gain = engine.gains.gain(voice)
            # The level of a voice that never spoke is known only at the end of its first sentence.
            return b"" if gain is None else self._converted(block, gain)
        self.complete = True
        unknown = engine.gains.gain(voice) is None
        whole = np.concatenate(self._raw) if self._raw else np.zeros(0, dtype=np.float32)
        engine.gains.learn(voice, whole, engine.sample_rate_hz)
        waited = self._converted(whole, engine.gains.gain(voice) or 1.0) if unknown else b""
        return waited + self._ending()

    def word_ends_ms(self, given_ms: float) -> list[float]:
        """Ends of the words that lie within the first `given_ms` of the piece; all once it is complete."""
        if self._spoken is None:
            return []
        if self.complete and not self._audible:
            return [0.0] * len(self._piece.words)
        rate_hz = self._engine.sample_rate_hz
        ends = [max(0, end - self._trimmer.dropped) * 1000 / rate_hz for end in self._spoken.word_ends]
        if self.complete:
            return [min(end, given_ms - self._pause_ms) for end in ends]
        return [end for end in ends if end <= given_ms]

    def _converted(self, raw: NDArray[np.float32], gain: float) -> bytes:
        voiced = self._trimmer.push(levelled(raw, gain))
        self._audible |= len(voiced) > 0
        return _pcm(self._resampler.push(linear16(voiced)))

    def _ending(self) -> bytes:
        if not self._audible:
            return b""
        tail = self._resampler.push(linear16(self._trimmer.finish()))
        by_mark_ms = _PAUSE_MS.get(self._piece.mark, _PAUSE_OTHERWISE_MS) / self._speed
        self._pause_ms = max(by_mark_ms, self._piece.pause_ms)
        pause = np.zeros(int(self._request.sample_rate_hz * self._pause_ms / 1000), dtype=np.int16)
        return _pcm(np.concatenate((tail, self._resampler.flush(), pause)))


def _pcm(samples: NDArray[np.int16]) -> bytes:
    return samples.astype("<i2").tobytes()


def load_session(model: str, data: bytes, *, threads: int) -> onnxruntime.InferenceSession:
    """A session of a serialised graph that takes no more than its share of the machine.

    Raises:
        ConfigError: The model is damaged.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning threads would take the core from the media loop between two clauses.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except ENGINE_ERRORS as error:
        raise broken_model(model, error) from error
