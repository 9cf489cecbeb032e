"""Voices that break off in the middle of a sentence: every word is heard once, in order, whoever says it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.scripted_ports import RATE_HZ, WORD_MS, ScriptedVoice, heard
from tests.doubles.virtual_loop import live, passes

from antiphon.errors import ProviderError
from antiphon.runtime.failover.breaker import DEFAULT_POLICY
from antiphon.runtime.failover.health import HealthBook
from antiphon.runtime.failover.race import Candidate, RaceRules
from antiphon.runtime.failover.voices import FailoverTts, SpeakingAs
from antiphon.runtime.metering import Meter, MeteredTts, Payer, paid_by, payer
from antiphon.speech.phrases import CachingTts, PhraseCache
from antiphon.speech.ports import TextToSpeech, TtsAudio, TtsRequest
from antiphon.storage.blobs import BlobFolder

SENTENCE = "one two three four five six"


class Booth:
    """Voices behind one failover, and what the line got of them."""

    def __init__(
        self,
        *voices: ScriptedVoice,
        hedge: bool = False,
        first_ms: int = 1000,
        phrases: PhraseCache | None = None,
    ) -> None:
        self.voices = voices
        self.book = HealthBook()
        self.pcm = b""
        self.ends_ms: tuple[int, ...] = ()
        self.notes: list[dict[str, Any]] = []
        self.meter = Meter()
        self.meter.note = lambda kind, **fields: self.notes.append({"type": kind, **fields})
        candidates = [
            Candidate(
                name=f"v{i}",
                port=SpeakingAs(tts=_metered(f"v{i}", voice, phrases), voice=f"voice-{i}"),
                health=self.book.of("tts", f"v{i}"),
            )
            for i, voice in enumerate(voices)
        ]
        rules = RaceRules(note="voice_failed", first_ms=first_ms, hedge=hedge)
        self.all_calls = FailoverTts(candidates, rules)
        self.failover = self.all_calls.for_call()

    async def say(self, text: str = SENTENCE, ssml: str = "", spare_ms: int = 0) -> None:
        request = TtsRequest(text=text, voice="voice-0", sample_rate_hz=RATE_HZ, ssml=ssml, spare_ms=spare_ms)
        with paid_by(Payer(meter=self.meter, reply="r1")):
            await self.failover.synthesize(request, self._hear)

    def _hear(self, audio: TtsAudio) -> None:
        self.pcm += audio.pcm
        self.ends_ms = audio.word_ends_ms or self.ends_ms

    @property
    def words(self) -> list[str]:
        return heard(self.pcm, SENTENCE)

    def characters(self) -> dict[str, tuple[int, bool]]:
        uses = [note for note in self.notes if note["type"] == "usage"]
        return {use["provider"]: (use["characters"], use.get("wasted", False)) for use in uses}


def _metered(name: str, voice: ScriptedVoice, phrases: PhraseCache | None) -> TextToSpeech:
    metered = MeteredTts(name, voice)
    if phrases is None:
        return metered
    return CachingTts(
        metered,
        phrases,
        name,
        lasting=lambda text: False,
        spared=lambda characters: payer().spare(name, characters),
    )


def test_one_voice_is_passed_through_untouched() -> None:
    async def story() -> None:
        booth = Booth(ScriptedVoice())
        await booth.say()
        assert booth.words == SENTENCE.split()
        assert booth.ends_ms == tuple(WORD_MS * (n + 1) for n in range(6))
        assert booth.characters() == {"v0": (len(SENTENCE), False)}

    live(story())


@given(st.integers(0, 12), st.booleans())
def test_wherever_a_voice_that_dates_its_words_breaks_off_every_word_is_heard_once(
    blocks: int, hangs: bool
) -> None:
    async def story() -> None:
        booth = Booth(ScriptedVoice(breaks_after=blocks, hangs=hangs), ScriptedVoice())
        await booth.say()
        assert booth.words == SENTENCE.split()
        whole_ms = list(booth.ends_ms)
        assert len(whole_ms) == 6
        assert whole_ms == sorted(whole_ms)
        assert len(booth.pcm) * 1000 // (2 * RATE_HZ) == whole_ms[-1]

    live(story())


def test_the_fallback_speaks_with_its_own_voice_and_only_what_is_left() -> None:
    async def story() -> None:
        booth = Booth(ScriptedVoice(breaks_after=7), ScriptedVoice())
        await booth.say()
        (asked,) = booth.voices[1].asked
        assert (asked.text, asked.voice) == ("four five six", "voice-1")
        assert booth.characters() == {"v0": (len(SENTENCE), False), "v1": (len("four five six"), False)}

    live(story())


@given(st.integers(0, 11), st.booleans())
def test_a_voice_without_dates_that_breaks_off_before_the_line_needs_it_is_as_if_it_had_never_spoken(
    blocks: int, hangs: bool
) -> None:
    async def story() -> None:
        booth = Booth(ScriptedVoice(dated=False, breaks_after=blocks, hangs=hangs), ScriptedVoice())
        await booth.say(spare_ms=3000 if hangs else 0)
        assert booth.words == SENTENCE.split()
        assert [asked.text for asked in booth.voices[1].asked] == [SENTENCE]

    live(story())


@given(st.integers(4, 11), st.sampled_from([110, 150]), st.booleans())
def test_what_a_slow_voice_without_dates_said_is_rather_said_again_than_left_out(
    blocks: int, block_ms: int, hangs: bool
) -> None:
    async def story() -> None:
        slow = ScriptedVoice(dated=False, block_ms=block_ms, breaks_after=blocks, hangs=hangs)
        booth = Booth(slow, ScriptedVoice())
        await booth.say()
        (asked,) = booth.voices[1].asked
        assert booth.words[-len(asked.text.split()) :] == asked.text.split()
        before = [word for word in booth.words[: -len(asked.text.split())] if not word.endswith("-")]
        # Nothing is left out, and no more said again than was given.
        assert before == SENTENCE.split()[: len(before)]
        assert len(before) >= len(SENTENCE.split()) - len(asked.text.split())

    live(story())


def test_words_said_again_by_the_next_voice_are_dated_where_it_says_them() -> None:
    """Whoever cuts in is to have heard no more than he did."""

    async def story() -> None:
        slow = ScriptedVoice(dated=False, block_ms=110, breaks_after=9)
        booth = Booth(slow, ScriptedVoice())
        await booth.say()
        (asked,) = booth.voices[1].asked
        said_again = len(asked.text.split())
        before_ms = len(booth.pcm) * 1000 // (2 * RATE_HZ) - WORD_MS * said_again
        assert 0 < said_again < 6 and before_ms > 0
        assert len(booth.ends_ms) == 6 and list(booth.ends_ms) == sorted(booth.ends_ms)
        assert booth.ends_ms[5 - said_again :] == tuple(
            before_ms + WORD_MS * n for n in range(said_again + 1)
        )

    live(story())


@pytest.mark.parametrize("voices", [1, 2])
def test_only_where_somebody_stands_behind_it_a_first_sound_waits_and_not_for_long(voices: int) -> None:
    async def story() -> None:
        booth = Booth(*(ScriptedVoice(dated=False, block_ms=60) for _ in range(voices)))
        # 50 ms to the first block: at the caller's ear at once, or after 300 ms of waiting for its end.
        assert await first_sound_ms(booth) == (50 if voices == 1 else 350)
        assert booth.words == SENTENCE.split()

    live(story())


def test_a_line_that_has_enough_to_play_is_not_fed_with_what_may_be_taken_back() -> None:
    async def story() -> None:
        booth = Booth(ScriptedVoice(dated=False, block_ms=100), ScriptedVoice())
        loop = asyncio.get_running_loop()
        begun = loop.time()
        saying = asyncio.ensure_future(booth.say(spare_ms=1000))
        while not booth.pcm:
            await passes(10)
        assert 0.7 <= loop.time() - begun <= 0.85
        await saying
        assert booth.words == SENTENCE.split()

    live(story())


@given(st.integers(20, 99))
def test_a_line_never_runs_dry_for_the_sake_of_holding_back(block_ms: int) -> None:
    async def story() -> None:
        booth = Booth(ScriptedVoice(dated=False, block_ms=block_ms), ScriptedVoice())
        loop = asyncio.get_running_loop()
        saying = asyncio.ensure_future(booth.say())
        while not booth.pcm:
            await passes(5)
        begun = loop.time()
        while not saying.done():
            await passes(5)
            assert len(booth.pcm) / 2 / RATE_HZ >= loop.time() - begun or saying.done()

    live(story())


def test_when_every_word_was_given_the_missing_end_costs_nothing_more() -> None:
    async def story() -> None:
        booth = Booth(ScriptedVoice(breaks_after=11), ScriptedVoice())
        await booth.say("one two three four five")
        assert booth.words == ["one", "two", "three", "four", "five"]
        booth = Booth(Ends(), ScriptedVoice())
        await booth.say("one")
        assert booth.words == ["one"]
        assert booth.voices[1].asked == []

    live(story())


class DatesAhead(ScriptedVoice):
    """Dates the whole sentence with its first sound."""

    async def synthesize(self, request: TtsRequest, emit: Any) -> None:
        ends_ms = tuple(WORD_MS * (n + 1) for n in range(len(request.text.split())))
        await super().synthesize(request, lambda audio: emit(replace(audio, word_ends_ms=ends_ms)))


@given(st.integers(0, 11))
def test_a_word_that_is_dated_but_not_there_to_its_end_is_not_begun(blocks: int) -> None:
    async def story() -> None:
        booth = Booth(DatesAhead(breaks_after=blocks), ScriptedVoice())
        await booth.say()
        assert booth.words == SENTENCE.split()

    live(story())


class DatesLate(ScriptedVoice):
    """Dates its words in messages of their own, behind the sound they are about."""

    async def synthesize(self, request: TtsRequest, emit: Any) -> None:
        def apart(audio: TtsAudio) -> None:
            emit(TtsAudio(pcm=audio.pcm))
            emit(TtsAudio(pcm=b"", word_ends_ms=audio.word_ends_ms))

        await super().synthesize(request, apart)


@pytest.mark.parametrize("voices", [1, 2])
def test_words_that_are_dated_behind_their_sound_are_all_dated(voices: int) -> None:
    async def story() -> None:
        booth = Booth(*(DatesLate() for _ in range(voices)))
        await booth.say()
        assert booth.words == SENTENCE.split()
        assert booth.ends_ms == tuple(WORD_MS * (n + 1) for n in range(6))

    live(story())


@given(st.integers(2, 12))
def test_a_voice_that_dates_late_and_breaks_off_is_followed_word_for_word(blocks: int) -> None:
    async def story() -> None:
        booth = Booth(DatesLate(breaks_after=blocks), DatesLate())
        await booth.say()
        # A first word may have been given without its end: it is said again, and nothing else is.
        assert [word for word in booth.words if not word.endswith("-")] == SENTENCE.split()

    live(story())


class Warmed(ScriptedVoice):
    def __init__(self) -> None:
        super().__init__()
        self.warmed: list[TtsRequest] = []

    async def warm(self, request: TtsRequest) -> None:
        self.warmed.append(request)


def test_the_voice_that_is_asked_first_is_warmed_through_all_that_stands_before_it(tmp_path: Path) -> None:
    async def story() -> None:
        first, second = Warmed(), Warmed()
        cached = [
            Candidate(
                name=f"v{i}",
                port=SpeakingAs(
                    tts=CachingTts(
                        MeteredTts(f"v{i}", voice),
                        PhraseCache(BlobFolder(tmp_path, max_bytes=1 << 24)),
                        f"v{i}",
                    ),
                    voice=f"voice-{i}",
                ),
                health=HealthBook().of("tts", f"v{i}"),
            )
            for i, voice in enumerate((first, second))
        ]
        failover = FailoverTts(cached, RaceRules(note="voice_failed", first_ms=1000))
        await failover.warm(TtsRequest(text="", voice="any", sample_rate_hz=RATE_HZ))
        assert [request.voice for request in first.warmed] == ["voice-0"]
        assert second.warmed == []

    live(story())


class Ends(ScriptedVoice):
    """Says everything and loses the connection before it says that this was all."""

    async def synthesize(self, request: TtsRequest, emit: Any) -> None:
        await super().synthesize(request, emit)
        raise ProviderError("voice", "closed")


@pytest.mark.parametrize("voice", [ScriptedVoice(silent=True), ScriptedVoice(first_ms=60_000)])
def test_a_voice_that_gives_nothing_or_comes_too_late_is_followed(voice: ScriptedVoice) -> None:
    async def story() -> None:
        booth = Booth(voice, ScriptedVoice())
        await booth.say()
        assert booth.words == SENTENCE.split()
        assert [note["provider"] for note in booth.notes if note["type"] == "voice_failed"] == ["v0"]

    live(story())


async def first_sound_ms(booth: Booth) -> int:
    """How long a clause takes to be heard."""
    loop = asyncio.get_running_loop()
    begun, pcm = loop.time(), booth.pcm
    saying = asyncio.ensure_future(booth.say())
    while booth.pcm == pcm:
        await passes(10)
    heard_ms = round((loop.time() - begun) * 1000)
    await saying
    return heard_ms


@pytest.mark.parametrize("breaks_after", [None, 3])
def test_a_voice_that_hangs_costs_a_call_one_deadline_and_no_second_one(breaks_after: int | None) -> None:
    async def story() -> None:
        hung = ScriptedVoice(first_ms=60_000)
        if breaks_after is not None:
            hung = ScriptedVoice(breaks_after=breaks_after, hangs=True)
        booth = Booth(hung, ScriptedVoice(), first_ms=2000)
        first_ms = await first_sound_ms(booth)
        assert first_ms >= 2000 or breaks_after is not None
        assert [await first_sound_ms(booth) for _ in range(4)] == [60, 60, 60, 60]
        assert len(hung.asked) == 1
        assert booth.book.states()["tts v0"] == "closed"  # Once is no breaker's business.
        booth.failover = booth.all_calls.for_call()
        await booth.say()
        assert len(hung.asked) == 2

    live(story())


def test_a_voice_that_is_left_alone_is_not_made_ready_for() -> None:
    async def story() -> None:
        first, second = Warmed(), Warmed()
        booth = Booth(first, second)
        for _ in range(3):
            health = booth.book.of("tts", "v0")
            health.failed(health.admit() or 0, ProviderError("v0", "down"))
        await booth.failover.warm(TtsRequest(text="", voice="any", sample_rate_hz=RATE_HZ))
        assert (first.warmed, len(second.warmed)) == ([], 1)

    live(story())


def test_phrases_at_hand_do_not_hide_that_the_voice_is_down() -> None:
    """Greetings and fillers of all calls, out of the cache, are no sign of a vendor's health."""

    async def story() -> None:
        voice = ScriptedVoice()
        booth = Booth(voice, ScriptedVoice(), phrases=PhraseCache())
        await booth.say("hello")
        voice.breaks_after = 0
        for number in range(4):
            for _ in range(2):
                await booth.say("hello")
            await booth.say(f"nobody has said {number} yet")
        assert booth.book.states()["tts v0"] == "open"
        assert len(voice.asked) == 4, "the greeting, and three failures"

    live(story())


def test_a_phrase_at_hand_is_no_probe() -> None:
    async def story() -> None:
        voice = ScriptedVoice()
        booth = Booth(voice, ScriptedVoice(), phrases=PhraseCache())
        await booth.say("hello")
        health = booth.book.of("tts", "v0")
        for _ in range(3):
            health.failed(health.admit() or 0, ProviderError("v0", "down"))
        await passes(DEFAULT_POLICY.open_ms)
        await booth.say("hello")
        assert booth.book.states()["tts v0"] == "half_open"
        await booth.say("something new")
        assert booth.book.states()["tts v0"] == "closed"

    live(story())


def test_what_is_usual_of_a_voice_is_not_told_by_what_was_at_hand() -> None:
    async def story() -> None:
        booth = Booth(ScriptedVoice(first_ms=300), ScriptedVoice(), phrases=PhraseCache())
        for number in range(10):
            await booth.say(f"sentence {number}")
            for _ in range(5):
                await booth.say("sentence 0")
        assert booth.book.of("tts", "v0").first_response.p95_ms() == 300

    live(story())


def test_who_was_only_late_says_the_rest_where_the_hedge_that_overtook_it_breaks_off() -> None:
    async def story() -> None:
        booth = Booth(ScriptedVoice(first_ms=900), ScriptedVoice(breaks_after=4), hedge=True, first_ms=5000)
        for _ in range(20):
            booth.book.of("tts", "v0").first_response.add(200)
        await booth.say()
        assert booth.words == SENTENCE.split()

    live(story())


def test_a_hedge_is_heard_alone_and_the_loser_is_charged_as_waste() -> None:
    async def story() -> None:
        booth = Booth(ScriptedVoice(first_ms=900), ScriptedVoice(first_ms=50), hedge=True, first_ms=5000)
        for _ in range(20):
            booth.book.of("tts", "v0").first_response.add(200)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await booth.say()
        assert booth.words == SENTENCE.split()
        assert loop.time() - begun == pytest.approx(0.2 + 0.05 + 12 * 0.01, abs=0.02)
        assert booth.voices[0].cancelled == 1
        assert booth.characters() == {"v0": (len(SENTENCE), True), "v1": (len(SENTENCE), False)}

    live(story())


def test_an_interruption_stops_the_voice_within_a_moment() -> None:
    async def story() -> None:
        booth = Booth(ScriptedVoice(block_ms=100), ScriptedVoice())
        loop = asyncio.get_running_loop()
        saying = asyncio.ensure_future(booth.say())
        await passes(300)
        begun = loop.time()
        saying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await saying
        assert loop.time() - begun < 0.05
        assert booth.voices[0].cancelled == 1
        assert booth.voices[1].asked == []

    live(story())


def test_when_all_voices_fail_it_is_an_error_and_no_silence() -> None:
    async def story() -> None:
        booth = Booth(ScriptedVoice(breaks_after=0), ScriptedVoice(silent=True))
        with pytest.raises(ProviderError):
            await booth.say()

    live(story())


def test_marks_of_words_that_were_said_are_not_said_again() -> None:
    async def story() -> None:
        booth = Booth(ScriptedVoice(breaks_after=7), ScriptedVoice())
        await booth.say(ssml=f"<emphasis>{SENTENCE}</emphasis>")
        assert booth.voices[0].asked[0].ssml == f"<emphasis>{SENTENCE}</emphasis>"
        assert booth.voices[1].asked[0].ssml == ""

    live(story())


def test_a_voice_that_takes_over_before_a_word_was_said_gets_the_marks_too() -> None:
    async def story() -> None:
        booth = Booth(ScriptedVoice(breaks_after=0), ScriptedVoice())
        await booth.say(ssml=f"<emphasis>{SENTENCE}</emphasis>")
        assert booth.voices[1].asked[0].ssml == f"<emphasis>{SENTENCE}</emphasis>"

    live(story())
