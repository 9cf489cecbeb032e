"""The words of one call: which segment they belong to, and which end of speech they answer. Pure.

A segment is what was said between two commits of a turn; its text is everything frozen in it and what is
still changing after that. Ends of speech are answered in the order they came, each once.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from math import inf

from antiphon.providers.listening.heard import Heard
from antiphon.speech.ports import Transcript

# A vendor that has listened to within this of the end of speech has heard it: the rest is the hangover of
# our own voice activity detection and a block on its way. Never more than half of what was said.
_NEARLY_MS = 500


@dataclass(slots=True, eq=False)
class Owed:
    """A final that was asked for.

    Attributes:
        from_ms, at_ms: Where on the connection its speech began and ended; -1: not yet sent.
        settles_s: When it may settle without an answer.
        settling: That moment has passed.
        presumed: The vendor gave no sign that it has listened.
    """

    segment: int
    asked_s: float
    from_ms: int = -1
    at_ms: int = -1
    settles_s: float = 0.0
    settling: bool = False
    presumed: bool = False

    def is_covered(self, heard_to_ms: int) -> bool:
        """Whether a vendor that has listened this far has listened to what was said."""
        nearly_ms = min(_NEARLY_MS, (self.at_ms - self.from_ms) // 2)
        return 0 <= self.at_ms - nearly_ms <= heard_to_ms


@dataclass(slots=True)
class _Segment:
    """Attributes: start_ms: where on the present connection its audio began (may be before it)."""

    number: int
    start_ms: int = 0
    frozen: list[Heard] = field(default_factory=list)
    ends_ms: list[int] = field(default_factory=list)
    changing: Heard | None = None
    committed: bool = False

    def transcript(self, *, final: bool, took_ms: int = 0) -> Transcript:
        parts = [part for part in (*self.frozen, self.changing) if part is not None and part.text]
        weights = [len(part.text.split()) for part in parts]
        confidence = sum(part.confidence * weight for part, weight in zip(parts, weights, strict=True))
        ends_ms = self.ends_ms
        if self.changing is not None:
            ends_ms = [*ends_ms, *self._placed(self.changing)]
        return Transcript(
            segment=self.number,
            text=" ".join(part.text.strip() for part in parts),
            final=final,
            confidence=round(confidence / sum(weights), 4) if parts else 1.0,
            language=next((part.language for part in reversed(parts) if part.language), ""),
            word_ends_ms=tuple(ends_ms),
            took_ms=took_ms,
        )

    def freeze(self, heard: Heard) -> None:
        self.changing = None
        if heard.text:
            self.frozen.append(heard)
            self.ends_ms += self._placed(heard)

    def _placed(self, heard: Heard) -> list[int]:
        return [max(0, end_ms - self.start_ms) for end_ms in heard.word_ends_ms]


class CallWords:
    """Takes what the vendor says, gives the transcripts that follow from it.

    Args:
        vendor_ends: The vendor finds the ends of turns by itself, so its words may still be changing when a
            final is due.
    """

    def __init__(self, *, vendor_ends: bool) -> None:
        self._segments: deque[_Segment] = deque([_Segment(0)])
        self._owed: deque[Owed] = deque()
        self._vendor_ends = vendor_ends
        self._heard_to_ms = -1

    @property
    def segment(self) -> int:
        """The segment that audio pushed now belongs to."""
        return self._segments[-1].number

    @property
    def oldest(self) -> int:
        """The first segment anybody still waits for."""
        return self._segments[0].number

    @property
    def text(self) -> str:
        """Of the segment that is being answered."""
        return self._segments[0].transcript(final=False).text

    def owes(self, owed: Owed) -> bool:
        return owed in self._owed

    def stopped(self, now_s: float) -> Owed:
        owed = Owed(segment=self.segment, asked_s=now_s)
        self._owed.append(owed)
        return owed

    def commit(self) -> None:
        """What is heard from here on is a new segment, once the finals that were asked for are given."""
        self._segments[-1].committed = True
        self._segments.append(_Segment(self.segment + 1))
        self._leave_settled()

    def began(self, segment: int, start_ms: int) -> None:
        """The audio of this segment begins here on the present connection."""
        for open_segment in self._segments:
            if open_segment.number == segment:
                open_segment.start_ms = start_ms

    def reconnected(self) -> None:
        """The audio that is not frozen will be said again, and its words heard again."""
        self._heard_to_ms = -1
        for segment in self._segments:
            segment.changing = None
        for owed in self._owed:
            owed.at_ms, owed.settling = -1, False

    def hear(self, heard: Heard, now_s: float) -> tuple[list[Transcript], list[Owed]]:
        """Transcripts to give, and the ends of speech that are answered with them."""
        self._heard_to_ms = max(self._heard_to_ms, heard.heard_to_ms or -1)
        for owed in self._owed if heard.presumed or not heard.usage else ():  # Usage goes by another clock.
            owed.presumed = heard.presumed
        segment = self._segments[0]
        changed = self._take(segment, heard)
        if changed:
            self._unsettle()
        if heard.answers and self._is_answer(heard):
            return self._answer(now_s)
        given, answered = self.settle(now_s)
        if given or segment.committed or not changed:
            return given, answered
        transcript = segment.transcript(final=False)
        return ([transcript] if transcript.text else []), []

    @property
    def unsettled(self) -> list[Owed]:
        """Ends of speech whose time to settle must begin anew, because there were new words."""
        return [owed for owed in self._owed if owed.at_ms >= 0 and owed.settles_s == inf]

    def settle(self, now_s: float) -> tuple[list[Transcript], list[Owed]]:
        """Answer what needs no answer from the vendor: it has listened to the end and has nothing left."""
        given: list[Transcript] = []
        answered: list[Owed] = []
        while self._owed and self._has_settled(self._owed[0]):
            more, done = self._answer(now_s)
            given += more
            answered += done
        return given, answered

    def lose(self, owed: Owed, now_s: float) -> list[Transcript]:
        """Nobody knows what was said; whatever was asked before is lost with it."""
        given = []
        while self._owed and owed in self._owed:
            lost = self._owed.popleft()
            took_ms = round((now_s - lost.asked_s) * 1000)
            # No words: half of what was said is not what was meant.
            given.append(Transcript(segment=lost.segment, text="", final=True, took_ms=took_ms, lost=True))
            for segment in self._segments:
                if segment.number == lost.segment:
                    segment.changing = None
        self._leave_settled()
        return given

    def lose_all(self, now_s: float) -> list[Transcript]:
        return self.lose(self._owed[-1], now_s) if self._owed else []

    def _unsettle(self) -> None:
        """Whoever still tells new words is late, and the last of them may be on their way."""
        for owed in self._owed:
            owed.settling, owed.settles_s = False, inf

    def _take(self, segment: _Segment, heard: Heard) -> bool:
        """Whether the words of the segment are others now."""
        if heard.frozen:
            changed = bool(heard.text) or segment.changing is not None
            segment.freeze(heard)
            return changed
        if not heard.text:
            return False
        changed = segment.changing is None or segment.changing.text != heard.text
        segment.changing = heard
        return changed

    def _is_answer(self, heard: Heard) -> bool:
        if not self._owed or self._owed[0].at_ms < 0:
            return False
        # The vendor was late with an earlier one that has settled meanwhile.
        return heard.heard_to_ms is None or self._owed[0].is_covered(heard.heard_to_ms)

    def _has_settled(self, owed: Owed) -> bool:
        if not owed.settling or owed.at_ms < 0 or not owed.is_covered(self._heard_to_ms):
            return False
        return self._vendor_ends or self._segments[0].changing is None

    def _answer(self, now_s: float) -> tuple[list[Transcript], list[Owed]]:
        owed = self._owed.popleft()
        took_ms = round((now_s - owed.asked_s) * 1000)
        segment = next(segment for segment in self._segments if segment.number == owed.segment)
        transcript = segment.transcript(final=True, took_ms=took_ms)
        if owed.presumed and not transcript.text:
            transcript = replace(transcript, doubted=True)
        self._leave_settled()
        return [transcript], [owed]

    def _leave_settled(self) -> None:
        """Go on to the next segment when the first is committed and owes nothing."""
        while self._segments[0].committed and not any(
            owed.segment == self._segments[0].number for owed in self._owed
        ):
            self._segments.popleft()
