"""Real words both ways through a speech-to-speech double: it hears what it is sent, and can be heard."""

from __future__ import annotations

from tests.doubles.coded_speech import CodedEar, blocks, spoken

from antiphon.speech.ssml import Shaper

PIECE_MS = 100


class CodedSession:
    """One connection's ear and mouth. Audio is s16le."""

    def __init__(self, in_hz: int, out_hz: int) -> None:
        self._ear, self._out_hz = CodedEar(in_hz), out_hz
        self._told = 0  # Words.

    def push(self, pcm: bytes) -> None:
        self._ear.push(pcm)

    def heard(self) -> str:
        """The words since the last time."""
        words, self._told = self._ear.words[self._told :], len(self._ear.words)
        return " ".join(word.text for word in words)

    def sound(self, text: str) -> list[bytes]:
        """The words as a voice reads them, in pieces of `PIECE_MS`."""
        pcm = spoken(Shaper("en-US").utterance(text).text, self._out_hz)
        return list(blocks(pcm, 2 * self._out_hz * PIECE_MS // 1000))
