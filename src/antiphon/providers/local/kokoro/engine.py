"""Kokoro: phonemes and a voice's style in, samples and their durations out."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from antiphon.errors import ConfigError
from antiphon.providers.local.espeak import phonemize
from antiphon.providers.local.kokoro.symbols import SYMBOL_IDS, kokoro_spelling
from antiphon.providers.local.loudness import VoiceGains
from antiphon.providers.local.models import broken_model, model_dir
from antiphon.providers.local.onnx_graph import with_output
from antiphon.providers.local.phonetics import Piece, phonemes_of
from antiphon.providers.local.speaking import Spoken, load_session
from antiphon.speech.ports import TtsRequest

_MODEL: Final = "kokoro-82m"
# Frames per symbol, as the model's duration predictor decided.
_DURATIONS: Final = "/encoder/Clip_output_0"
_FRAME_SAMPLES: Final = 600
_STYLE_WIDTH: Final = 256
_SYMBOLS_MAX: Final = 510


class KokoroEngine:
    """The loaded model; voices are small tables of styles by length, read when first used.

    Raises:
        ConfigError: The model is missing or damaged.
    """

    name = "local/kokoro"
    sample_rate_hz = 24000

    def __init__(self, *, threads: int) -> None:
        self._directory = model_dir(_MODEL)
        self.gains = VoiceGains()
        try:
            data = (self._directory / "model.onnx").read_bytes()
        except OSError as error:
            raise broken_model(_MODEL, error) from error
        self._session = load_session(_MODEL, with_output(data, _DURATIONS), threads=threads)
        self._styles: dict[str, NDArray[np.float32]] = {}
        self._lock = threading.Lock()

    @property
    def voices(self) -> tuple[str, ...]:
        return tuple(sorted(path.stem for path in (self._directory / "voices").glob("*.bin")))

    def check(self, request: TtsRequest) -> None:
        if request.voice not in self.voices:
            raise ConfigError(
                f'Kokoro has no voice "{request.voice}"', fix=f"use one of: {', '.join(self.voices)}"
            )

    def speak(self, piece: Piece, request: TtsRequest, speed: float, run: onnxruntime.RunOptions) -> Spoken:
        # The accent of the phonemes belongs to the voice (a: American, b: British), whatever it reads;
        # voices of other languages speak English with their own accent on American phonemes.
        accent = "en" if request.voice.startswith("b") else "en-us"
        phonemes = phonemes_of(
            piece,
            lambda text: kokoro_spelling(phonemize(text, accent), accent),
            # The model's g is the IPA letter, which few keyboards have.
            lambda ipa: kokoro_spelling(ipa.replace("g", "ɡ"), accent),
        )
        symbols = phonemes.symbols[:_SYMBOLS_MAX]
        if not symbols:
            return Spoken(blocks=iter(()), word_ends=())
        ids = [0, *(SYMBOL_IDS[symbol] for symbol in symbols), 0]
        samples, durations = self._session.run(
            None,
            {
                "tokens": np.array([ids], dtype=np.int64),
                "style": self._style(request.voice)[len(symbols) - 1][None],
                "speed": np.array([speed], dtype=np.float32),
            },
            run,
        )
        passed = np.concatenate(([0], np.cumsum(durations.reshape(-1)))) * _FRAME_SAMPLES
        # Symbol k is id k + 1, after the leading pad.
        word_ends = tuple(int(passed[min(end, len(symbols)) + 1]) for end in phonemes.word_ends)
        return Spoken(blocks=iter((samples.reshape(-1),)), word_ends=word_ends)

    def _style(self, voice: str) -> NDArray[np.float32]:
        with self._lock:
            if voice not in self._styles:
                path = Path(self._directory / "voices" / f"{voice}.bin")
                try:
                    styles = np.fromfile(path, dtype="<f4").reshape(_SYMBOLS_MAX, _STYLE_WIDTH)
                except (OSError, ValueError) as error:
                    raise broken_model(_MODEL, error) from error
                self._styles[voice] = styles.astype(np.float32)
            return self._styles[voice]
