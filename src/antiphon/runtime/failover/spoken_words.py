"""One request's audio on its way to the line, so that another voice can go on behind a whole word.

A voice that breaks off leaves sound of which nobody knows the words, unless it has dated them or has said
all of them. So only what ends with a known end of a word goes out at once; the rest waits for as long as the
line does not need it. Voices make audio several times faster than it plays: mostly all is there by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from antiphon.speech.ports import TtsAudio, TtsRequest

# The first sound of a voice waits so long for a known end of a word, and no longer: somebody is listening.
FIRST_HELD_S = 0.3
# Never let the line have less than this to play for the sake of holding back.
LEAD_S = 0.2
# What a line that is running dry is given at a time.
PORTION_S = 0.1
# A voice that dates its words will date this much more in a moment; what is beyond it may go.
DATED_SOON_S = 0.6
# Half a usual speaking rate, for sound that had to go out before its words were known: nobody speaks slower,
# so that a word may be said again and none is left out.
SLOWEST_MS_PER_CHARACTER = 130


class SpokenWords:
    """What of a request was given out, by whichever voice, and what is left to say.

    With dated words, and wherever a sentence was complete before the line needed it, nothing is said twice
    and nothing is lost when the voice changes. Otherwise the words that were given are judged by the slowest
    speaking rate: those in doubt are repeated rather than left out.

    Args:
        hold: Somebody else could go on; nothing is held back otherwise.
    """

    def __init__(self, request: TtsRequest, emit: Callable[[TtsAudio], None], *, hold: bool) -> None:
        self._rate_hz = request.sample_rate_hz
        self._speed = request.speed
        self._words = request.text.split()
        self._emit = emit
        self._hold = hold
        self._loop = asyncio.get_running_loop()
        self._dry_at = self._loop.time() + request.spare_ms / 1000  # When the line has played all it has.
        self._timer: asyncio.TimerHandle | None = None
        self._given_words = 0  # By voices that have broken off.
        self._given_ends_ms: tuple[int, ...] = ()
        self._given_samples = 0
        self._told_ends_ms: tuple[int, ...] = ()
        self._begin()

    def _begin(self) -> None:
        """A voice begins with what is left."""
        self._pending = bytearray()
        self._samples = 0  # Of this voice, given out.
        self._ends_ms: tuple[int, ...] = ()
        self._held_until: float | None = None

    @property
    def rest(self) -> str:
        return " ".join(self._words[self._given_words :])

    @property
    def has_begun(self) -> bool:
        return self._given_samples > 0

    def take(self, audio: TtsAudio) -> None:
        if self._held_until is None and audio.pcm:
            self._held_until = self._loop.time() + FIRST_HELD_S
        self._pending += audio.pcm
        self._ends_ms = audio.word_ends_ms or self._ends_ms
        self._give(self._known_samples())
        self._keep_the_line_fed()

    def finish(self) -> None:
        self.stop()
        self._give(len(self._pending) // 2)

    def break_off(self) -> None:
        """Nobody will hear what is pending; the next voice goes on behind the last whole word."""
        self.stop()
        words = self._words_given()
        ends = self._ends_ms[:words] or self._guessed_ends_ms(words)
        self._given_ends_ms += tuple(end + self._before_ms for end in ends)
        self._given_words += words
        self._given_samples += self._samples
        self._begin()

    def stop(self) -> None:
        """Nothing goes out by itself any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def _before_ms(self) -> int:
        return self._given_samples * 1000 // self._rate_hz

    def _known_samples(self) -> int:
        """Of what is pending, as far as the last end of a word that is there and known."""
        pending = len(self._pending) // 2
        if not self._hold:
            return pending
        # Some voices date a whole sentence with its first sound: only words that are there to their end go.
        come = self._samples + pending
        ends = (end * self._rate_hz // 1000 for end in self._ends_ms)
        return max(max((end for end in ends if end <= come), default=0) - self._samples, 0)

    @property
    def _unknown_samples(self) -> int:
        """Of what is pending, how much may go out although nobody knows where its last word ends."""
        kept_s = DATED_SOON_S if self._ends_ms else 0.0
        samples = len(self._pending) // 2 - round(kept_s * self._rate_hz)
        # A voice does not begin with so little that silence would follow.
        return samples if samples >= (0 if self._samples else LEAD_S * self._rate_hz) else 0

    def _keep_the_line_fed(self) -> None:
        """Give what is pending in portions, but only when the line would have nothing to play."""
        if self._timer is not None or not self._unknown_samples or self._held_until is None:
            return
        due = max(self._held_until, self._dry_at - LEAD_S)
        self._timer = self._loop.call_at(due, self._feed)

    def _feed(self) -> None:
        self._timer = None
        if self._loop.time() >= self._dry_at - LEAD_S:  # A whole word may have come meanwhile.
            wanted_s = max(PORTION_S, self._loop.time() + LEAD_S - self._dry_at)
            self._give(min(round(wanted_s * self._rate_hz), self._unknown_samples))
        self._keep_the_line_fed()

    def _give(self, samples: int) -> None:
        before_ms = self._before_ms
        ends_ms = self._given_ends_ms + tuple(end + before_ms for end in self._ends_ms)
        if not samples and (ends_ms == self._told_ends_ms or not self._samples):
            return
        pcm = bytes(self._pending[: samples * 2])
        del self._pending[: samples * 2]
        self._samples += samples
        self._dry_at = max(self._dry_at, self._loop.time()) + samples / self._rate_hz
        self._told_ends_ms = ends_ms
        self._emit(TtsAudio(pcm=pcm, word_ends_ms=ends_ms))

    def _words_given(self) -> int:
        given_ms = self._samples * 1000 // self._rate_hz
        left = self._words[self._given_words :]
        if self._ends_ms:
            return min(sum(end <= given_ms for end in self._ends_ms), len(left))
        words, spent_ms = 0, 0.0
        for word in left:
            spent_ms += (len(word) + 1) * SLOWEST_MS_PER_CHARACTER / self._speed
            words += spent_ms <= given_ms
        return min(words, max(0, len(left) - 1))  # It broke off, so something was left to say.

    def _guessed_ends_ms(self, words: int) -> list[int]:
        """Of a voice that dates none. The next voice says the word behind them, so that one begins where all
        of this sound ends; without that, what is said twice would count for words that nobody said."""
        ends_ms: list[int] = []
        spent_ms = 0.0
        for word in self._words[self._given_words : self._given_words + words]:
            spent_ms += (len(word) + 1) * SLOWEST_MS_PER_CHARACTER / self._speed
            ends_ms.append(int(spent_ms))
        return [*ends_ms[:-1], self._samples * 1000 // self._rate_hz] if ends_ms else []
