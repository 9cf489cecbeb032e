"""What the caller is saying, kept until it has been understood. Bounded."""

from __future__ import annotations

PREROLL_MS = 400  # Before the onset: what the recogniser's contract promises, and the VAD's own delay.
KEPT_MS_MAX = 30_000  # Of one utterance; the oldest is dropped first, and counted.


class KeptAudio:
    """The caller's audio since shortly before the utterance that is not understood yet.

    Attributes:
        speaking: The caller speaks now, as far as the voice activity says.
        dropped_ms: How much of long utterances did not fit.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._bytes_a_ms = sample_rate_hz * 2 // 1000
        self._before = bytearray()
        self._said = bytearray()
        self._stops: list[int] = []  # Where in `_said` a final was asked for that has not come.
        self.speaking = False
        self.dropped_ms = 0

    @property
    def duration_ms(self) -> int:
        return (len(self._before) + len(self._said)) // self._bytes_a_ms

    @property
    def owed_ms(self) -> int:
        """Sound since the end of what the oldest final is owed for."""
        return (len(self._said) - self._stops[0]) // self._bytes_a_ms if self._stops else 0

    def add(self, pcm: bytes) -> None:
        if not self.speaking and not self._stops:
            self._before = self._tail(self._before + pcm)
            return
        self._said += pcm
        excess = len(self._said) - KEPT_MS_MAX * self._bytes_a_ms
        if excess > 0:
            del self._said[:excess]
            self._stops = [max(0, stop - excess) for stop in self._stops]
            self.dropped_ms += excess // self._bytes_a_ms

    def started(self) -> None:
        self.speaking = True

    def stopped(self) -> None:
        self.speaking = False
        self._stops.append(len(self._said))

    def understood(self) -> None:
        """The oldest final that was owed has come: its words need not be heard again."""
        stop = self._stops.pop(0) if self._stops else 0
        self._before.clear()
        del self._said[:stop]
        self._stops = [later - stop for later in self._stops]
        if not self.speaking and not self._stops:
            self._before = self._tail(self._said)
            self._said.clear()

    def parts(self) -> tuple[bytes, bytes, bytes]:
        """Before the onset; up to where the latest final is owed; and what the caller says since."""
        stop = self._stops[-1] if self._stops else len(self._said)
        self._stops = self._stops[-1:]
        return bytes(self._before), bytes(self._said[:stop]), bytes(self._said[stop:])

    def _tail(self, audio: bytearray) -> bytearray:
        return audio[-PREROLL_MS * self._bytes_a_ms :]
