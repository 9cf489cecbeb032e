"""Who answered, as a pure machine: what was heard in, verdicts and beeps out. No clock, no samples.

A person is decided by the pause in which he waits for us, a machine by its words, its beep or its length. The
two errors cost differently: a person taken for a machine is hung up on, so a doubt is a person's, and is
taken back when a beep or a word about the tone comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from antiphon.calls.amd import tone_kinds
from antiphon.calls.amd.settings import Thresholds
from antiphon.calls.amd.tones import Tone
from antiphon.calls.amd.wording import NOTHING, Heard, Wording, read

_TONES_MAX = 32
_VOICES_MAX = 64
_BY_LENGTH = "long_greeting"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceBegan:
    at_ms: int
    onset_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceEnded:
    at_ms: int
    ended_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsHeard:
    """`text` is everything that was said so far."""

    at_ms: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneHeard:
    """A tone as it stands, its times in call time."""

    at_ms: int
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePassed:
    """Nothing new was heard up to `at_ms`."""

    at_ms: int


Sign = VoiceBegan | VoiceEnded | WordsHeard | ToneHeard | TimePassed


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """As `conversation.events.AnswererJudged`."""

    kind: str
    evidence: tuple[str, ...]
    heard_ms: int = 0
    records: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Beep:
    tone: Tone


@dataclass(slots=True)
class _Voice:
    """One stretch of voice activity; `ended_ms` is None while it lasts."""

    onset_ms: int
    ended_ms: int | None = None

    def until_ms(self, now_ms: int) -> int:
        return now_ms if self.ended_ms is None else self.ended_ms


@dataclass(slots=True)
class Decision:
    """One call's. `began_ms`: when the line came up."""

    language: str = "en"
    thresholds: Thresholds = field(default_factory=Thresholds)
    began_ms: int = 0
    verdict: Verdict | None = None
    _decided_ms: int = 0
    _voices: list[_Voice] = field(default_factory=list)
    _tones: list[Tone] = field(default_factory=list)
    _beep: Tone | None = None
    _heard: Heard = NOTHING

    def step(self, sign: Sign) -> list[Verdict | Beep]:
        """Take what was heard; gives a new verdict, a beep, both (the verdict first), or nothing."""
        beep: Tone | None = None
        match sign:
            case VoiceBegan() if len(self._voices) < _VOICES_MAX:
                self._voices.append(_Voice(sign.onset_ms))
            case VoiceEnded() if self._voices:
                self._voices[-1].ended_ms = sign.ended_ms
            case WordsHeard():
                self._heard = read(sign.text, self.language)
            case ToneHeard():
                beep = self._take_tone(sign.tone)
        found = self._judge(sign.at_ms)
        told: list[Verdict | Beep] = []
        if found is not None and self._is_news(found, sign.at_ms):
            self.verdict, self._decided_ms = found, sign.at_ms
            told.append(found)
        return [*told, Beep(tone=beep)] if beep is not None else told

    def is_settled(self, at_ms: int) -> bool:
        """Whether nothing that comes could matter any more."""
        verdict, limits = self.verdict, self.thresholds
        if verdict is None:
            return False
        wait_ms = limits.beep_wait_ms if verdict.kind == "machine" else limits.revise_ms
        return verdict.kind == "fax" or at_ms - self._decided_ms > wait_ms

    # --- what is known ------------------------------------------------------------------------------------

    def _take_tone(self, tone: Tone) -> Tone | None:
        """Keep it; gives it back when it is a beep that was not told of."""
        if self._tones and self._tones[-1].started_ms == tone.started_ms:
            self._tones[-1] = tone
        else:
            self._tones = [*self._tones[-_TONES_MAX:], tone]
        known = self._beep is not None and self._beep.started_ms == tone.started_ms
        if known or not tone_kinds.is_beep(tone) or self._is_signal(tone):
            return None
        self._beep = tone
        return tone

    def _is_signal(self, tone: Tone) -> bool:
        """Before anybody has spoken, a tone may be a fax's or the exchange's."""
        if self._spoke_before(tone.started_ms):
            return False
        fax = tone_kinds.is_fax_calling(tone) or tone_kinds.is_fax_answering(tone)
        third = tone_kinds.is_information_signal(self._tones)
        return fax or third or tone_kinds.is_progress(tone)

    def _spoke_before(self, at_ms: int) -> bool:
        return any(voice.onset_ms < at_ms for voice in self._real_voices(at_ms))

    def _real_voices(self, now_ms: int) -> Iterator[_Voice]:
        """Voice activity that is not a tone: detectors take some tones for voices."""
        for voice in self._voices:
            long_ms = voice.until_ms(now_ms) - voice.onset_ms
            if long_ms > 0 and 2 * self._tone_ms(voice, now_ms) < long_ms:
                yield voice

    def _tone_ms(self, voice: _Voice, now_ms: int) -> int:
        until_ms = voice.until_ms(now_ms)
        parts = (
            min(until_ms, tone.started_ms + tone.lasted_ms) - max(voice.onset_ms, tone.started_ms)
            for tone in self._tones
        )
        return sum(part for part in parts if part > 0)

    # --- what follows from it -----------------------------------------------------------------------------

    def _is_news(self, found: Verdict, at_ms: int) -> bool:
        before = self.verdict
        if before is None or before.kind == "silence":
            return before is None or found.kind != "silence"
        if before.kind == found.kind:
            return before.records and not found.records
        if before.kind == "fax":
            return False
        if before.kind == "human":
            lately = at_ms - self._decided_ms <= self.thresholds.revise_ms
            sure = found.kind == "machine" and found.evidence[0] in _TAKES_A_PERSON_BACK
            return lately and sure
        if found.kind == "human":
            # Only a question of his takes a machine back, and only one that was a guess.
            asked = found.evidence[0] == Wording.PERSON.value
            return asked and before.evidence[0] in (_BY_LENGTH, Wording.PERHAPS_MACHINE.value)
        guessed = before.evidence[0] in (_BY_LENGTH, Wording.PERHAPS_MACHINE.value)
        return found.kind == "machine" or (found.kind == "ivr" and guessed)

    def _judge(self, at_ms: int) -> Verdict | None:
        voices = list(self._real_voices(at_ms))
        heard_ms = sum(voice.until_ms(at_ms) - voice.onset_ms for voice in voices)
        return (
            self._by_tone(heard_ms)
            or self._by_words(heard_ms)
            or self._by_length(voices, at_ms, heard_ms)
            or self._by_pause(voices, at_ms, heard_ms)
            or self._by_silence(at_ms, heard_ms)
        )

    def _by_tone(self, heard_ms: int) -> Verdict | None:
        limits = self.thresholds
        if tone_kinds.is_information_signal(self._tones):
            return Verdict(kind="machine", evidence=("information_tones",), heard_ms=heard_ms, records=False)
        for tone in self._tones:
            spoken = self._spoke_before(tone.started_ms)
            needed_ms = limits.fax_late_ms if spoken else limits.fax_answer_ms
            if tone_kinds.is_fax_answering(tone) and tone.lasted_ms >= needed_ms:
                return Verdict(kind="fax", evidence=("2100_hz",), heard_ms=heard_ms)
            if tone_kinds.is_fax_calling(tone) and not spoken:
                return Verdict(kind="fax", evidence=("1100_hz",), heard_ms=heard_ms)
        if self._beep is not None:
            return Verdict(kind="machine", evidence=("beep",), heard_ms=heard_ms)
        return None

    def _by_words(self, heard_ms: int) -> Verdict | None:
        heard = self._heard
        evidence = (heard.wording.value, heard.phrase)
        match heard.wording:
            case Wording.CARRIER:
                return Verdict(kind="machine", evidence=evidence, heard_ms=heard_ms, records=False)
            case Wording.TAPE | Wording.MACHINE:
                return Verdict(kind="machine", evidence=evidence, heard_ms=heard_ms)
            case Wording.IVR:
                return Verdict(kind="ivr", evidence=evidence, heard_ms=heard_ms)
        return None

    def _by_length(self, voices: list[_Voice], at_ms: int, heard_ms: int) -> Verdict | None:
        """Nobody who picks up a telephone talks so long without waiting for an answer."""
        if not voices or voices[-1].ended_ms is not None:
            return None
        first_ms = voices[-1].onset_ms
        for voice in reversed(voices[:-1]):
            if first_ms - voice.until_ms(at_ms) >= self.thresholds.joined_ms:
                break
            first_ms = voice.onset_ms
        if at_ms - first_ms < self.thresholds.long_voice_ms:
            return None
        return Verdict(kind="machine", evidence=(_BY_LENGTH,), heard_ms=heard_ms)

    def _by_pause(self, voices: list[_Voice], at_ms: int, heard_ms: int) -> Verdict | None:
        """It is our turn: a person waits for an answer."""
        limits, heard = self.thresholds, self._heard
        if not voices or voices[-1].ended_ms is None or heard_ms < limits.voice_min_ms:
            return None
        pause_ms = at_ms - voices[-1].ended_ms
        if self._tone_may_be_beep(at_ms):
            return None
        said: tuple[str, ...] = (heard.wording.value, heard.phrase)
        evidence: tuple[str, ...]
        if heard.wording is Wording.PERHAPS_MACHINE:
            if pause_ms < limits.short_pause_ms:
                return None
            return Verdict(kind="machine", evidence=said, heard_ms=heard_ms)
        greets = heard.wording is Wording.HELLO and heard.words <= limits.hello_words_max
        greets = greets and heard_ms <= limits.hello_voice_ms
        if greets or heard.wording is Wording.PERSON:
            needed_ms, evidence = limits.hello_pause_ms, said
        elif heard_ms <= limits.short_voice_ms:
            needed_ms, evidence = limits.short_pause_ms, ("short_greeting",)
        elif heard_ms <= limits.some_voice_ms:
            needed_ms, evidence = limits.some_pause_ms, ("pause",)
        else:
            needed_ms, evidence = limits.pause_max_ms, ("long_pause",)
        return Verdict(kind="human", evidence=evidence, heard_ms=heard_ms) if pause_ms >= needed_ms else None

    def _tone_may_be_beep(self, at_ms: int) -> bool:
        if not self._tones or not self._tones[-1].alone:
            return False
        ended_ms = self._tones[-1].ended_ms
        return ended_ms is None or at_ms - ended_ms < self.thresholds.tone_settles_ms

    def _by_silence(self, at_ms: int, heard_ms: int) -> Verdict | None:
        limits = self.thresholds
        if heard_ms >= limits.voice_min_ms or at_ms - self.began_ms < limits.silence_ms:
            return None
        rings = any(tone_kinds.is_progress(tone) for tone in self._tones)
        return Verdict(kind="silence", evidence=("ringing" if rings else "nothing",), heard_ms=heard_ms)


_TAKES_A_PERSON_BACK = ("beep", Wording.TAPE.value, Wording.CARRIER.value, "information_tones")
