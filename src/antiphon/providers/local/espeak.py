"""Phonemes by espeak-ng: an optional, separately installed GPL-3.0 library, reached through ctypes.

The library keeps one voice and one set of buffers per process, so everything here happens under one lock.
"""

from __future__ import annotations

import ctypes
import threading
from functools import lru_cache
from typing import Final

from antiphon.errors import ConfigError

TIE: Final = "\u0361"
_FIX: Final = "pip install antiphon[espeak]"
# speak_lib.h: no sound, only text to phonemes; UTF-8 text; IPA with a tie inside one phoneme's letters.
_AUDIO_OUTPUT_SYNCHRONOUS: Final = 2
_CHARS_UTF8: Final = 1
_PHONEMES_IPA_TIED: Final = 0x02 | 0x80 | (ord(TIE) << 8)
# It would end the process on a missing data folder; we raise instead.
_INITIALIZE_DONT_EXIT: Final = 0x8000

_LOCK = threading.Lock()
# Its data name the British voice plain "en".
_VOICES: Final = {"en-us": "en-us", "en-gb": "en", "en": "en-us"}


class _Engine:
    """The loaded library. Only used under the lock."""

    def __init__(self) -> None:
        try:
            import espeakng_loader
        except ImportError as error:
            raise ConfigError("the embedded voices need espeak-ng for phonemes", fix=_FIX) from error
        try:
            self._library = ctypes.CDLL(espeakng_loader.get_library_path())
            data_path = espeakng_loader.get_data_path()
        except (OSError, RuntimeError) as error:
            raise ConfigError(
                f"espeak-ng cannot be loaded: {error}", fix=f"{_FIX} --force-reinstall"
            ) from error
        rate = self._library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, 0, data_path.encode(), _INITIALIZE_DONT_EXIT
        )
        if rate <= 0:
            raise ConfigError(
                "espeak-ng does not find its data", where=data_path, fix=f"{_FIX} --force-reinstall"
            )
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._library.espeak_TextToPhonemes.argtypes = [
            ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int,
        ]  # fmt: skip
        self._voice = ""

    def phonemes(self, text: str, voice: str) -> str:
        if voice != self._voice:
            if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
                raise ConfigError(
                    f'espeak-ng has no voice "{voice}"', fix="use a language such as en-US or en-GB"
                )
            self._voice = voice
        # It stops at what it takes for the end of a clause and moves the pointer on; null at the end.
        # A zero byte would end the text early, and the pointer with it.
        rest = ctypes.c_char_p(text.replace("\0", " ").encode("utf-8", "replace"))
        parts = []
        while rest.value is not None:
            part = self._library.espeak_TextToPhonemes(ctypes.byref(rest), _CHARS_UTF8, _PHONEMES_IPA_TIED)
            parts.append((part or b"").decode("utf-8", "replace"))
        return " ".join(" ".join(parts).split())


@lru_cache(maxsize=1)
def _engine() -> _Engine:
    return _Engine()


def espeak_voice(language: str) -> str:
    """espeak's name for a BCP 47 tag; English without a known region is American."""
    tag = language.lower().replace("_", "-")
    if tag in _VOICES:
        return _VOICES[tag]
    return "en-us" if tag.startswith("en-") else tag.split("-")[0]


def phonemize(text: str, voice: str = "en-us") -> str:
    """IPA of a clause without punctuation, words apart by spaces, letters of one phoneme tied by U+0361.

    Unstressed neighbours may come out as one word ("of the"). Empty where nothing can be pronounced.

    Raises:
        ConfigError: The library is not installed or does not know the voice.
    """
    with _LOCK:
        return _engine().phonemes(text, voice)
