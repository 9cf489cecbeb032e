"""Recognisers that are lost while the caller speaks: the answer comes all the same, with every word."""

from __future__ import annotations

from typing import Any

import pytest
from tests.doubles.scripted_ports import RATE_HZ, ScriptedStt, say
from tests.doubles.virtual_loop import live, passes

from antiphon.errors import ProviderError
from antiphon.runtime.failover.health import HealthBook
from antiphon.runtime.failover.kept_audio import KEPT_MS_MAX, KeptAudio
from antiphon.runtime.failover.race import Candidate
from antiphon.runtime.failover.recognisers import FailoverStt
from antiphon.runtime.metering import Meter, MeteredStt, Payer, paid_by
from antiphon.speech.ports import SttConfig, SttEvent, Transcript, TurnEvent, TurnMoment

VOCABULARY = "my name is linda chen and so on"
SILENCE = b"\0\0" * (RATE_HZ // 10)


class Ear:
    """Recognisers behind one failover, and what they made of the caller."""

    def __init__(self, *recognisers: ScriptedStt, provider_turns: bool = False) -> None:
        self.recognisers = recognisers
        self.book = HealthBook()
        self.transcripts: list[Transcript] = []
        self.moments: list[TurnMoment] = []
        self.notes: list[dict[str, Any]] = []
        meter = Meter()
        meter.note = lambda kind, **fields: self.notes.append({"type": kind, **fields})
        candidates = [
            Candidate(name=f"s{i}", port=MeteredStt(f"s{i}", stt), health=self.book.of("stt", f"s{i}"))
            for i, stt in enumerate(recognisers)
        ]
        with paid_by(Payer(meter=meter)):
            config = SttConfig(sample_rate_hz=RATE_HZ, provider_turns=provider_turns)
            self.failover = FailoverStt(candidates)
            self.stream = self.failover.open(config, self._hear)

    def _hear(self, event: SttEvent) -> None:
        if isinstance(event, TurnEvent):
            self.moments.append(event.moment)
        else:
            self.transcripts.append(event)

    async def utter(self, *words: str, breaks_before: str = "", how: str = "push") -> None:
        """One utterance; the recogniser in use breaks just before a word."""
        self.stream.push(SILENCE * 5)
        first, *rest = words
        self.stream.push(say(first))
        self.stream.speech_started()
        for word in rest:
            if word == breaks_before:
                self.recognisers[0].fails = how
            self.stream.push(say(word))
            await passes(200)
        self.stream.speech_stopped()
        await passes(3000)

    @property
    def finals(self) -> list[str]:
        return [transcript.text for transcript in self.transcripts if transcript.final]

    def shown(self) -> str:
        """What the core holds of one turn: the latest of every segment."""
        latest = {transcript.segment: transcript.text for transcript in self.transcripts}
        return " ".join(latest[segment] for segment in sorted(latest) if latest[segment])


@pytest.mark.parametrize("provider_turns", [False, True])
def test_who_left_the_end_of_turns_to_the_vendor_hears_that_it_is_gone(provider_turns: bool) -> None:
    async def story() -> None:
        ear = Ear(ScriptedStt(VOCABULARY), ScriptedStt(VOCABULARY), provider_turns=provider_turns)
        await ear.utter(*NAME, breaks_before="linda")
        await ear.utter("and", "so", "on")
        assert ear.finals == ["my name is linda chen", "and so on"]
        assert ear.moments == [TurnMoment.LOST] * provider_turns

    live(story())


def test_a_probe_of_a_call_that_ends_without_a_word_is_none_any_more() -> None:
    async def story() -> None:
        ear = Ear(ScriptedStt(VOCABULARY), ScriptedStt(VOCABULARY))
        health = ear.book.of("stt", "s0")
        for _ in range(3):
            health.failed(health.admit() or 0, ProviderError("s0", "down"))
        await passes(5000)
        config = SttConfig(sample_rate_hz=RATE_HZ)
        probe, beside = (ear.failover.open(config, ear._hear) for _ in range(2))
        assert [len(stt.streams) for stt in ear.recognisers] == [2, 1]
        await probe.aclose()
        ear.failover.open(config, ear._hear)
        assert [len(stt.streams) for stt in ear.recognisers] == [3, 1]
        await beside.aclose()

    live(story())


NAME = ("my", "name", "is", "linda", "chen")


@pytest.mark.parametrize("how", ["push", "breaks", "lost", "silent"])
@pytest.mark.parametrize("breaks_before", ["name", "is", "chen"])
@pytest.mark.parametrize("partials", [False, True])
def test_wherever_it_breaks_the_whole_utterance_is_understood_by_the_next(
    how: str, breaks_before: str, partials: bool
) -> None:
    async def story() -> None:
        ear = Ear(ScriptedStt(VOCABULARY, partials=partials), ScriptedStt(VOCABULARY, partials=partials))
        await ear.utter(*NAME, breaks_before=breaks_before, how=how)
        assert ear.finals == [" ".join(NAME)]
        assert ear.shown() == " ".join(NAME)
        assert [note["provider"] for note in ear.notes if note["type"] == "recogniser_failed"] == ["s0"]
        assert ear.recognisers[0].streams[0].closed

    live(story())


def test_a_fault_of_who_listens_is_no_recognisers_failure() -> None:
    async def story() -> None:
        ear = Ear(ScriptedStt(VOCABULARY, partials=True), ScriptedStt(VOCABULARY))

        def breaks(event: SttEvent) -> None:
            raise ValueError("bug")

        stream = ear.failover.open(SttConfig(sample_rate_hz=RATE_HZ), breaks)
        with pytest.raises(ValueError, match="bug"):
            stream.push(say("my"))
        assert ear.recognisers[1].streams == []
        await stream.aclose()

    live(story())


def test_a_call_stays_with_the_recogniser_it_changed_to_and_segments_go_on_counting() -> None:
    async def story() -> None:
        ear = Ear(ScriptedStt(VOCABULARY), ScriptedStt(VOCABULARY))
        await ear.utter("my", "name")
        ear.stream.turn_committed()
        await ear.utter("is", "linda", "chen", breaks_before="chen")
        ear.stream.turn_committed()
        await ear.utter("and", "so", "on")
        assert ear.finals == ["my name", "is linda chen", "and so on"]
        segments = [transcript.segment for transcript in ear.transcripts]
        assert segments == sorted(set(segments))
        assert len(ear.recognisers[1].streams) == 1

    live(story())


def test_words_that_were_understood_are_not_replayed() -> None:
    async def story() -> None:
        ear = Ear(ScriptedStt(VOCABULARY), ScriptedStt(VOCABULARY))
        ear.stream.push(say("my"))
        ear.stream.speech_started()
        ear.stream.push(say("name"))
        ear.stream.speech_stopped()
        # The caller goes on before the final of the first half has come.
        ear.stream.speech_started()
        ear.stream.push(say("is"))
        await passes(200)
        ear.recognisers[0].fails = "push"
        ear.stream.push(say("linda"))
        ear.stream.speech_stopped()
        await passes(2000)
        assert ear.finals == ["my name", "is linda"]

    live(story())


def test_hints_go_to_the_next_one_too() -> None:
    async def story() -> None:
        ear = Ear(ScriptedStt(VOCABULARY), ScriptedStt(VOCABULARY))
        ear.stream.expect(["linda"])
        await ear.utter("my", "name", breaks_before="name")
        assert ear.recognisers[1].streams[0].expected == ["linda"]

    live(story())


def test_one_that_does_not_open_is_passed_over() -> None:
    async def story() -> None:
        ear = Ear(ScriptedStt(VOCABULARY, fails="open"), ScriptedStt(VOCABULARY))
        await ear.utter("my", "name")
        assert ear.finals == ["my name"]
        with pytest.raises(ProviderError):
            Ear(ScriptedStt(VOCABULARY, fails="open"))

    live(story())


@pytest.mark.parametrize("how", ["push", "lost"])
def test_when_nobody_can_hear_the_final_says_so_and_the_next_utterance_is_tried(
    how: str,
) -> None:
    async def story() -> None:
        ear = Ear(ScriptedStt(VOCABULARY, fails=how), ScriptedStt(VOCABULARY, fails=how))
        await ear.utter("my", "name")
        assert [transcript.lost for transcript in ear.transcripts if transcript.final] == [True]
        for recogniser in ear.recognisers:
            recogniser.fails = ""
        await ear.utter("is", "linda")
        assert ear.finals[-1] == "is linda"

    live(story())


def test_calls_that_come_later_do_not_wait_for_what_is_known_to_be_down() -> None:
    async def story() -> None:
        first, second = ScriptedStt(VOCABULARY, fails="open"), ScriptedStt(VOCABULARY)
        ears = [Ear(first, second)]
        book = ears[0].book
        for _ in range(5):
            book.of("stt", "s0").failed(0, ProviderError("s0", "down"))
        first.fails = ""
        candidates = [
            Candidate(name="s0", port=first, health=book.of("stt", "s0")),
            Candidate(name="s1", port=second, health=book.of("stt", "s1")),
        ]
        FailoverStt(candidates).open(SttConfig(sample_rate_hz=RATE_HZ), lambda event: None)
        assert (len(first.streams), len(second.streams)) == (0, 2)
        await passes(6000)
        FailoverStt(candidates).open(SttConfig(sample_rate_hz=RATE_HZ), lambda event: None)
        assert len(first.streams) == 1  # The probe.

    live(story())


def test_both_recognisers_are_charged_for_what_they_were_given() -> None:
    async def story() -> None:
        ear = Ear(ScriptedStt(VOCABULARY), ScriptedStt(VOCABULARY))
        await ear.utter(*NAME, breaks_before="chen")
        await ear.stream.aclose()
        uses = {note["provider"]: note["audio_ms"] for note in ear.notes if note["type"] == "usage"}
        assert uses["s0"] == 500 + 5 * 200
        assert 5 * 200 <= uses["s1"] <= 5 * 200 + 400

    live(story())


def test_what_is_kept_is_bounded() -> None:
    kept = KeptAudio(RATE_HZ)
    kept.started()
    for _ in range(40):
        kept.add(b"\1\0" * RATE_HZ)
    assert kept.duration_ms <= KEPT_MS_MAX
    assert kept.dropped_ms == 10_000


@pytest.mark.parametrize("partials", [False, True])
def test_words_that_a_mute_recogniser_said_nothing_of_are_heard_by_the_next(partials: bool) -> None:
    async def story() -> None:
        mute, next_one = ScriptedStt(VOCABULARY), ScriptedStt(VOCABULARY, partials=partials)
        ear = Ear(mute, next_one)
        await ear.utter("my", "name")
        mute.fails = "mute"
        await ear.utter("is", "linda")
        await ear.utter("and", "so", "on")
        assert ear.finals == ["my name", "is linda", "and so on"]
        assert [note["reason"] for note in ear.notes if note["type"] == "recogniser_failed"] == [
            "said nothing of what another has heard"
        ]
        assert mute.streams[0].closed
        await ear.stream.aclose()

    live(story())


def test_a_recogniser_that_says_nothing_of_noise_stays_the_one_of_the_call() -> None:
    async def story() -> None:
        mute, next_one = ScriptedStt(VOCABULARY), ScriptedStt(VOCABULARY)
        ear = Ear(mute, next_one)
        mute.fails = "mute"
        ear.stream.push(SILENCE * 5)
        ear.stream.speech_started()
        ear.stream.push(SILENCE * 5)
        ear.stream.speech_stopped()
        await passes(150)
        assert not ear.finals, "another is asked first"
        await passes(1000)
        assert ear.finals == [""]
        assert not ear.transcripts[-1].lost
        assert next_one.streams[0].closed
        mute.fails = ""
        await ear.utter("so", "on")
        assert ear.finals == ["", "so on"]
        assert len(next_one.streams) == 1
        assert not [note for note in ear.notes if note["type"] == "recogniser_failed"]
        await ear.stream.aclose()

    live(story())


@pytest.mark.parametrize("next_fails", ["open", "push", "lost", "silent"])
def test_nobody_to_ask_leaves_a_silent_recogniser_as_it_is(next_fails: str) -> None:
    async def story() -> None:
        mute, next_one = ScriptedStt(VOCABULARY, fails="mute"), ScriptedStt(VOCABULARY, fails=next_fails)
        ear = Ear(mute, next_one)
        await ear.utter("my", "name")
        assert ear.finals == [""]
        mute.fails = ""
        await ear.utter("so", "on")
        assert ear.finals == ["", "so on"]
        await ear.stream.aclose()

    live(story())


def test_who_goes_on_while_another_is_asked_is_heard_with_every_word() -> None:
    async def story() -> None:
        mute, next_one = ScriptedStt(VOCABULARY), ScriptedStt(VOCABULARY)
        ear = Ear(mute, next_one)
        mute.fails = "mute"
        ear.stream.push(say("my"))
        ear.stream.speech_started()
        ear.stream.push(say("name"))
        ear.stream.speech_stopped()
        await passes(150)  # The next one is asked now, and answers 100 ms later.
        ear.stream.speech_started()
        ear.stream.push(say("linda"))
        await passes(300)
        ear.stream.speech_stopped()
        await passes(1000)
        assert ear.finals == ["my name", "linda"]
        await ear.stream.aclose()

    live(story())


def test_a_call_that_ends_while_another_is_asked_leaves_nothing_open() -> None:
    async def story() -> None:
        mute, next_one = ScriptedStt(VOCABULARY, fails="mute"), ScriptedStt(VOCABULARY, fails="silent")
        ear = Ear(mute, next_one)
        ear.stream.push(say("my"))
        ear.stream.speech_started()
        ear.stream.speech_stopped()
        await passes(150)
        await ear.stream.aclose()
        assert [stt.streams[0].closed for stt in (mute, next_one)] == [True, True]
        await passes(2000)
        assert not ear.finals

    live(story())
