"""Whisper on CTranslate2 with an encoder that sees only the audio there is, not 30 padded seconds.

Encoding short audio alone makes the decoder loop: it learned where speech ends from long silence. So frames
of silence, encoded once at start, are spliced behind the real ones (measurements:
docs/decisions/0003-short-context-whisper.md). Everything here blocks, and is safe from several threads.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import ctranslate2
import numpy as np
import tokenizers
from numpy.typing import NDArray

from antiphon.errors import ConfigError, ProviderUnavailable
from antiphon.providers.local.models import model_dir
from antiphon.providers.local.whisper.features import SAMPLE_RATE_HZ, log_mel
from antiphon.providers.local.whisper.word_times import dated_words
from antiphon.speech.loops import has_loop, without_loops

CONTEXT_FRAMES = 1500  # Encoder frames of the 30 s Whisper was trained on; a frame is 20 ms.
MAX_SAMPLES = 30 * SAMPLE_RATE_HZ
_FRAME_SAMPLES = 320
# Silence encoded with the speech before the spliced frames begin. Half a second costs a point of WER;
# the multilingual model gains another from four.
_PAD_S, _PAD_MULTILINGUAL_S = 2, 4
PARTIAL_BEAM, FINAL_BEAM = 1, 3
_POSITIONS = 448  # Decoder positions, prompt included.
_PROMPT_TOKENS = 100
# English runs at 3 to 5 tokens a second; three times that leaves room and makes endless loops impossible.
_TOKENS_PER_S = 12
_TOKENS_AT_LEAST = 16
# Below this the decoder was guessing; a second look with real context costs 0.3 s and is rare on speech.
_DOUBTFUL_LOGPROB = -1.1
_SURELY_NO_SPEECH = 0.6
_LOOPING_COMPRESSION = 2.4  # Text that shrinks more than this repeats itself (Whisper's own threshold).


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """What one decode gave.

    Attributes:
        no_speech_prob: The model's own doubt that there is any speech, 0..1.
        avg_logprob: Mean log probability of the tokens; about -0.3 on clear speech.
        compression_ratio: Length of the text over its zlib length; high when it repeats itself.
        full_context: It took a second decode at 30 s of context.
    """

    text: str
    language: str = "en"
    no_speech_prob: float = 0.0
    avg_logprob: float = 0.0
    compression_ratio: float = 0.0
    tokens: tuple[int, ...] = ()
    full_context: bool = False
    took_ms: int = 0

    @property
    def guessed(self) -> bool:
        return self.avg_logprob < _DOUBTFUL_LOGPROB


class WhisperEngine:
    """One loaded model, shared by all calls of the process.

    Args:
        model: "tiny.en" or "base" for an installed embedded model, or a directory in CTranslate2 format.
        threads: Threads of one decode; more than one gains nothing at short context.
        workers: Decodes that may run at once; they share the weights.

    Raises:
        ConfigError: The model is not installed.
        ProviderUnavailable: Its files cannot be loaded.
    """

    def __init__(self, model: str | Path, threads: int = 1, workers: int = 2) -> None:
        directory = Path(model) if Path(model).is_dir() else model_dir(f"whisper-{model}")
        try:
            self._model = ctranslate2.models.Whisper(
                str(directory), compute_type="int8", intra_threads=threads, inter_threads=workers
            )
            self._tokenizer = tokenizers.Tokenizer.from_file(str(directory / "tokenizer.json"))
        except (RuntimeError, ValueError, OSError) as error:
            raise ProviderUnavailable("local/whisper", f"cannot load {directory.name}: {error}") from error
        self.multilingual = bool(self._model.is_multilingual)
        self._silence = self._encode(_tone_then_silence())

    def transcribe(
        self,
        samples: NDArray[np.float32],
        *,
        prompt: Sequence[str] = (),
        language: str = "en",
        beam: int = FINAL_BEAM,
    ) -> Recognition:
        """Words in up to 30 s of audio (16 kHz, -1..1; longer is cut).

        Args:
            prompt: Names and terms that are likely; they pull the spelling toward them.
            language: Primary subtag; "" lets a multilingual model find out.
            beam: `PARTIAL_BEAM` or `FINAL_BEAM`. A partial gets no second look: more of it is heard in a
                moment anyway.

        Raises:
            ConfigError: A language this model does not speak.
        """
        began = time.perf_counter()
        if not self.speaks(language):
            raise ConfigError(f'this Whisper model does not speak "{language}"', fix='use the model "base"')
        if len(samples) < _FRAME_SAMPLES:
            return Recognition(text="", language=language, no_speech_prob=1.0)
        encoded = self._encode_spliced(samples)
        language = language or self._detect_language(encoded)
        start = self._prompt_tokens(prompt) + self._start_tokens(language)
        room = _TOKENS_AT_LEAST + _TOKENS_PER_S * len(samples) // SAMPLE_RATE_HZ
        found = self._decode(encoded, start, beam, room, language)
        if _is_doubtful(found) and beam == PARTIAL_BEAM:
            found = replace(found, text=without_loops(found.text))
        elif _is_doubtful(found):
            found = self._decode_again(samples, language, room, found)
        return _timed(found, began)

    def dated(self, samples: NDArray[np.float32], text: str, language: str) -> list[tuple[str, int, int]]:
        """(word, start_ms, end_ms) of the words of `text`, which was recognised in `samples`; empty where the
        language writes no spaces. Costs an encoding of 30 s."""
        encoding = self._tokenizer.encode(" " + text, add_special_tokens=False)
        if not text or not encoding.ids:
            return []
        whole = np.pad(samples[:MAX_SAMPLES], (0, max(0, MAX_SAMPLES - len(samples))))
        encoded = ctranslate2.StorageView.from_array(self._encode(whole)[None])
        start = self._start_tokens(language)[:-1]  # It adds "no timestamps" itself.
        frames = 2 * (min(len(samples), MAX_SAMPLES) // _FRAME_SAMPLES)
        path = self._model.align(encoded, start, [encoding.ids], frames)[0].alignments
        audio_ms = 1000 * len(samples) // SAMPLE_RATE_HZ
        return list(dated_words(text, encoding.tokens, path, audio_ms))

    def speaks(self, language: str) -> bool:
        """`language` is a primary subtag; "" (find out) is for multilingual models only."""
        if not self.multilingual:
            return language == "en"
        return not language or self._tokenizer.token_to_id(f"<|{language}|>") is not None

    def _decode_again(
        self, samples: NDArray[np.float32], language: str, room: int, first: Recognition
    ) -> Recognition:
        """At full context and without bias, keeping whichever of the two the model believes more."""
        encoded = self._encode(np.pad(samples[:MAX_SAMPLES], (0, max(0, MAX_SAMPLES - len(samples)))))
        second = self._decode(encoded, self._start_tokens(language), FINAL_BEAM, room, language)
        looped = has_loop(first.text) or first.compression_ratio > _LOOPING_COMPRESSION
        best = second if looped or second.avg_logprob > first.avg_logprob else first
        return Recognition(
            text=without_loops(best.text),
            language=language,
            no_speech_prob=max(first.no_speech_prob, second.no_speech_prob),
            avg_logprob=best.avg_logprob,
            compression_ratio=best.compression_ratio,
            tokens=best.tokens,
            full_context=True,
        )

    def _encode(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        features = ctranslate2.StorageView.from_array(log_mel(samples)[None])
        encoded: NDArray[np.float32] = np.array(self._model.encode(features, to_cpu=True))[0]
        return encoded

    def _encode_spliced(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        pad_s = _PAD_MULTILINGUAL_S if self.multilingual else _PAD_S
        padded = np.pad(samples[:MAX_SAMPLES], (0, pad_s * SAMPLE_RATE_HZ))[:MAX_SAMPLES]
        heard = self._encode(padded[: len(padded) // _FRAME_SAMPLES * _FRAME_SAMPLES])
        return np.concatenate([heard, self._silence[len(heard) :]])

    def _decode(
        self, encoded: NDArray[np.float32], start: list[int], beam: int, room: int, language: str
    ) -> Recognition:
        # CTranslate2 gives the answer at most half of `max_length`.
        length = min(_POSITIONS, max(2 * room, room + len(start)))
        answer = self._model.generate(
            ctranslate2.StorageView.from_array(encoded[None]),
            [start],
            beam_size=beam,
            max_length=length,
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        tokens = answer.sequences_ids[0]
        text = self._tokenizer.decode(tokens).strip()
        return Recognition(
            text=text,
            language=language,
            no_speech_prob=answer.no_speech_prob,
            avg_logprob=answer.scores[0] * len(tokens) / (len(tokens) + 1),
            compression_ratio=_compression_ratio(text),
            tokens=tuple(tokens),
        )

    def _detect_language(self, encoded: NDArray[np.float32]) -> str:
        if not self.multilingual:
            return "en"
        view = ctranslate2.StorageView.from_array(encoded[None])
        best: str = self._model.detect_language(view)[0][0][0]
        return best.strip("<|>")

    def _start_tokens(self, language: str) -> list[int]:
        names = ["<|startoftranscript|>"]
        if self.multilingual:
            names += [f"<|{language}|>", "<|transcribe|>"]
        return [self._token(name) for name in [*names, "<|notimestamps|>"]]

    def _prompt_tokens(self, phrases: Sequence[str]) -> list[int]:
        if not phrases:
            return []
        text = " " + ", ".join(phrases) + "."
        tokens: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return [self._token("<|startofprev|>"), *tokens[:_PROMPT_TOKENS]]

    def _token(self, name: str) -> int:
        token: int | None = self._tokenizer.token_to_id(name)
        assert token is not None, f"a Whisper vocabulary has {name}"
        return token


def _is_doubtful(found: Recognition) -> bool:
    """Worth a second look: a loop, or words the model was unsure of although it heard speech."""
    return (
        (found.guessed and found.no_speech_prob < _SURELY_NO_SPEECH)
        or found.compression_ratio > _LOOPING_COMPRESSION
        or has_loop(found.text)
    )


def _compression_ratio(text: str) -> float:
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0


def _timed(found: Recognition, began: float) -> Recognition:
    took_ms = round((time.perf_counter() - began) * 1000)
    return replace(found, took_ms=took_ms)


def _tone_then_silence() -> NDArray[np.float32]:
    """30 s whose first second hums like a voice: the silence that follows speech encodes differently from
    silence alone, and what is spliced must be the former. A real voice in its place measures the same."""
    at_s = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    pitch_hz = 120 * (1 + 0.05 * np.sin(2 * np.pi * 3 * at_s))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
    buzz = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 20))
    syllables = 0.5 - 0.5 * np.cos(2 * np.pi * 4 * at_s)
    samples = np.zeros(MAX_SAMPLES, np.float32)
    samples[:SAMPLE_RATE_HZ] = 0.05 * buzz * syllables
    return samples
