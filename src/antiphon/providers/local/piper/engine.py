"""A Piper voice: phonemes in, samples and their durations out."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from antiphon.errors import ConfigError
from antiphon.providers.local.espeak import TIE, espeak_voice, phonemize
from antiphon.providers.local.loudness import VoiceGains
from antiphon.providers.local.models import broken_model, model_dir
from antiphon.providers.local.onnx_graph import Tensor, part_of
from antiphon.providers.local.phonetics import Piece, phonemes_of
from antiphon.providers.local.speaking import Spoken, load_session
from antiphon.speech.ports import TtsRequest

VOICES: Final[Mapping[str, tuple[str, str]]] = {"joe": ("piper-joe", "en_US-joe-medium.onnx")}
# Frames per symbol, just before they are added up; the model's own view of its timing.
_DURATIONS: Final = "/Ceil_output_0"
_FRAME_SAMPLES: Final = 256
# What the vocoder turns into samples: frames of 192 numbers. Everything before needs the whole sentence;
# the vocoder looks 12 frames around (measured: the rest changes nothing above 1e-6), so it works in blocks
# and the first is ready in half the time of the sentence.
_FRAMES: Final = Tensor(name="/Mul_7_output_0", shape=(1, 192, None))
_MARGIN_FRAMES: Final = 12
# 0.4 s first, then twice as much each time: always more than the model needs for the next.
_FIRST_BLOCK_FRAMES: Final = 36


class PiperEngine:
    """One loaded voice.

    Raises:
        ConfigError: Unknown voice, or its model is missing or damaged.
    """

    def __init__(self, voice: str, *, threads: int) -> None:
        if voice not in VOICES:
            raise ConfigError(f'Piper has no voice "{voice}"', fix=f"use one of: {', '.join(sorted(VOICES))}")
        model, file = VOICES[voice]
        directory = model_dir(model)
        self.name = f"local/piper-{voice}"
        self.voice = voice
        self._read_config(model, directory / f"{file}.json")
        self.gains = VoiceGains()
        try:
            data = (directory / file).read_bytes()
            planner = part_of(data, outputs=[_FRAMES.name, _DURATIONS])
            vocoder = part_of(data, outputs=["output"], inputs=[_FRAMES])
        except (OSError, ValueError) as error:
            raise broken_model(model, error) from error
        self._planner = load_session(model, planner, threads=threads)
        self._vocoder = load_session(model, vocoder, threads=threads)

    def _read_config(self, model: str, path: Path) -> None:
        try:
            config = json.loads(path.read_text(encoding="utf-8"))
            self.sample_rate_hz = int(config["audio"]["sample_rate"])
            self._ids: dict[str, list[int]] = config["phoneme_id_map"]
            self._noise = float(config["inference"]["noise_scale"])
            self._length = float(config["inference"]["length_scale"])
            self._noise_of_durations = float(config["inference"]["noise_w"])
            self._espeak_voice = espeak_voice(config["espeak"]["voice"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise broken_model(model, error) from error

    def check(self, request: TtsRequest) -> None:
        if request.voice not in (self.voice, self.name):
            raise ConfigError(
                f'Piper was loaded with the voice "{self.voice}", not "{request.voice}"',
                fix=f"use one of: {', '.join(sorted(VOICES))}",
            )

    def speak(self, piece: Piece, request: TtsRequest, speed: float, run: onnxruntime.RunOptions) -> Spoken:
        phonemes = phonemes_of(piece, partial(phonemize, voice=self._espeak_voice))
        ids, ends = self._encode(phonemes.symbols)
        if not phonemes.symbols:
            return Spoken(blocks=iter(()), word_ends=())
        scales = [self._noise, self._length / speed, self._noise_of_durations]
        inputs = {
            "input": np.array([ids], dtype=np.int64),
            "input_lengths": np.array([len(ids)], dtype=np.int64),
            "scales": np.array(scales, dtype=np.float32),
        }
        frames, durations = self._planner.run(None, inputs, run)
        passed = np.concatenate(([0], np.cumsum(durations.reshape(-1)))) * _FRAME_SAMPLES
        word_ends = tuple(int(passed[ends[end]]) for end in phonemes.word_ends)
        return Spoken(blocks=self._blocks(frames, run), word_ends=word_ends)

    def _blocks(
        self, frames: NDArray[np.float32], run: onnxruntime.RunOptions
    ) -> Iterator[NDArray[np.float32]]:
        count, start, size = frames.shape[2], 0, _FIRST_BLOCK_FRAMES
        while start < count:
            # A short rest is not worth a run of its own.
            end = start + size if count - start > size * 3 // 2 else count
            first = max(0, start - _MARGIN_FRAMES)
            around = np.ascontiguousarray(frames[:, :, first : end + _MARGIN_FRAMES])
            (samples,) = self._vocoder.run(None, {_FRAMES.name: around}, run)
            skip = (start - first) * _FRAME_SAMPLES
            yield samples.reshape(-1)[skip : skip + (end - start) * _FRAME_SAMPLES]
            start, size = end, size * 2

    def _encode(self, symbols: str) -> tuple[list[int], list[int]]:
        """Symbol ids as the voice was trained (each followed by a pad), and for every prefix of `symbols`
        how many ids it takes."""
        pad = self._ids["_"]
        ids = [*self._ids["^"], *pad]
        ends = [len(ids)]
        for symbol in symbols:
            for part in "" if symbol == TIE else unicodedata.normalize("NFD", symbol):
                if part in self._ids:
                    ids += [*self._ids[part], *pad]
            ends.append(len(ids))
        return ids + self._ids["$"], ends
