"""The last voice breaks off in the middle of a sentence: what was heard is known to the word, and said so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.doubles.scripted_ports import RATE_HZ, WORD_MS, ScriptedVoice, say
from tests.doubles.virtual_loop import live, passes
from tests.unit.runtime.stage import Stage, StageLine, StageReasoner, settle

from antiphon.agents.disclosures import DisclosureGuard
from antiphon.agents.ports import HeardReply, Replying, ReplyRequest
from antiphon.conversation import Policy
from antiphon.conversation.heard import TOLERANCE_MS
from antiphon.runtime.failover.health import HealthBook
from antiphon.runtime.failover.race import Candidate, RaceRules
from antiphon.runtime.failover.voices import FailoverTts, SpeakingAs
from antiphon.runtime.speaking import CHUNK_WAIT_S
from antiphon.speech.ports import TextToSpeech, TtsAudio, TtsRequest

# Words of one length: what the core guesses by letters is what these voices speak.
LONG = "Each week this desk must open from five till nine with good care."
GREETING, SHORT, SORRY = "Good noon here.", "Well then, yes.", "Help, once more."
NOTICE = "Your call will have been kept with some care from last year."
BREAKS_AFTER = 11  # Blocks of 100 ms: in the middle of the sixth word.
STEP_MS = 20


class PlayingLine(StageLine):
    """Plays what it is given in real time, one reply after the other, and knows what the caller heard."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.clock)
        self.stage, self.listener = stage, stage.call
        self.heard_of: dict[str, int] = {}
        self.over: set[str] = set()

    def flush(self, reply_id: str, fade_ms: int = 20) -> int:
        self.over.add(reply_id)
        return self.heard_of.get(reply_id, 0)

    def play_on(self) -> None:
        for reply_id, pcm in list(self.played.items()):
            if reply_id in self.over:
                continue
            given_ms = len(pcm) * 1000 // (2 * RATE_HZ)
            heard_ms = min(self.heard_of.get(reply_id, 0) + STEP_MS, given_ms)
            self.heard_of[reply_id] = heard_ms
            if heard_ms == given_ms and reply_id in self.finished:
                self.over.add(reply_id)
                self.stage.call.playout_finished(reply_id, heard_ms)
            return

    def words(self, reply_id: str, text: str) -> str:
        """What the caller's ear got of it: whole words, but for 80 ms, each once."""
        named = {say(word)[:2]: word for word in text.split()}
        pcm = self.played.get(reply_id, b"")[: self.heard_of.get(reply_id, 0) * RATE_HZ // 1000 * 2]
        lengths: list[tuple[str, int]] = []
        for at in range(0, len(pcm), 2):
            word = named[pcm[at : at + 2]]
            if lengths and lengths[-1][0] == word:
                lengths[-1] = (word, lengths[-1][1] + 1)
            else:
                lengths.append((word, 1))
        least = (WORD_MS - TOLERANCE_MS) * RATE_HZ // 1000
        return " ".join(dict.fromkeys(word for word, samples in lengths if samples >= least))


def _failover(*voices: TextToSpeech) -> TextToSpeech:
    book = HealthBook()
    candidates = [
        Candidate(name=f"v{n}", port=SpeakingAs(tts=voice, voice="v"), health=book.of("tts", f"v{n}"))
        for n, voice in enumerate(voices)
    ]
    return FailoverTts(candidates, RaceRules(note="voice_failed", first_ms=2000))


def _breaks(*, dated: bool, block_ms: int = 100, hangs: bool = False) -> ScriptedVoice:
    return ScriptedVoice(dated=dated, block_ms=block_ms, breaks_after=BREAKS_AFTER, hangs=hangs)


VOICES: dict[str, Callable[[bool, int], TextToSpeech]] = {
    "bare": lambda dated, block_ms: _breaks(dated=dated, block_ms=block_ms),
    "the only one behind the failover": lambda dated, block_ms: _failover(
        _breaks(dated=dated, block_ms=block_ms)
    ),
    "both behind the failover": lambda dated, block_ms: _failover(
        _breaks(dated=dated, block_ms=block_ms), _breaks(dated=dated, block_ms=block_ms)
    ),
}


def _says(*parts: tuple[str, bool]) -> StageReasoner:
    def plan(request: ReplyRequest, act: Replying) -> None:
        for text, must_be_heard in parts if request.text else [(GREETING, False)]:
            act.say(f"{text} ", uninterruptible=must_be_heard)

    return StageReasoner(plan)


async def _called(
    folder: Path, voice: TextToSpeech, reasoner: StageReasoner | DisclosureGuard
) -> tuple[Stage, PlayingLine]:
    stage = Stage(folder, voices=[voice], reasoner=reasoner, policy=Policy(trouble=SORRY))  # type: ignore[list-item]
    line = stage.line = PlayingLine(stage)
    await stage.begin(greet=False)
    await _passes(stage, 1500)
    return stage, line


async def _passes(stage: Stage, duration_ms: int) -> None:
    assert isinstance(stage.line, PlayingLine)
    for _ in range(duration_ms // STEP_MS):
        await passes(STEP_MS)
        await stage.clock.advance(STEP_MS)
        stage.line.play_on()
        await settle()


async def _asks(stage: Stage) -> None:
    stage.call.speech_started(onset_ms=stage.clock.now_ms - 70)
    await _passes(stage, 800)
    stage.call.speech_stopped(ended_ms=stage.clock.now_ms - 100)
    await _passes(stage, 60)
    stage.stt.final("When do you open?")
    await _passes(stage, 6000)


def _replies(stage: Stage) -> list[HeardReply]:
    return [item for item in stage.call._history.so_far() if isinstance(item, HeardReply)]


@pytest.mark.parametrize("dated", [True, False], ids=["dates its words", "dates none"])
@pytest.mark.parametrize("voices", VOICES.values(), ids=VOICES)
def test_the_agent_knows_what_was_heard_of_a_sentence_its_voice_broke_off_in(
    tmp_path: Path, voices: Callable[[bool, int], TextToSpeech], dated: bool
) -> None:
    async def story() -> None:
        stage, line = await _called(tmp_path, voices(dated, 100), _says((LONG, False)))
        await _asks(stage)
        heard = line.words("r2", LONG)
        assert 2 <= len(heard.split()) < len(LONG.split()), "he heard some of it"
        assert _replies(stage)[:3] == [
            HeardReply(text=GREETING, complete=True),
            HeardReply(text=heard, complete=False),
            HeardReply(text=SORRY, complete=True),
        ]

    live(story())


@pytest.mark.parametrize("dated", [True, False], ids=["dates its words", "dates none"])
def test_a_voice_that_broke_off_in_the_last_sentence_is_heard_so_far_and_says_sorry(
    tmp_path: Path, dated: bool
) -> None:
    async def story() -> None:
        stage, line = await _called(
            tmp_path, _breaks(dated=dated, block_ms=10), _says((f"{SHORT} {LONG}", False))
        )
        await _asks(stage)
        assert line.heard_of["r2"] == 3 * WORD_MS + BREAKS_AFTER * 100, "all there was"
        heard = line.words("r2", f"{SHORT} {LONG}")
        assert heard == "Well then, yes. Each week this desk must"
        assert _replies(stage)[1:3] == [
            HeardReply(text=heard, complete=False),
            HeardReply(text=SORRY, complete=True),
        ]

    live(story())


def test_sentences_after_the_one_that_broke_off_are_still_said(tmp_path: Path) -> None:
    async def story() -> None:
        stage, line = await _called(tmp_path, _breaks(dated=True), _says((f"{LONG} {SHORT}", False)))
        await _asks(stage)
        heard = line.words("r2", f"{LONG} {SHORT}")
        assert heard == "Each week this desk must Well then, yes."
        assert _replies(stage)[1:] == [HeardReply(text=heard, complete=False)]

    live(story())


def test_a_question_whose_answer_lost_its_voice_before_it_was_heard_is_not_met_with_silence(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        stage, line = await _called(tmp_path, _breaks(dated=True, block_ms=1), _says((LONG, False)))
        await _asks(stage)
        assert "r2" not in line.played
        assert [reply.text for reply in _replies(stage)] == [GREETING, SORRY]

    live(story())


class Slows(ScriptedVoice):
    """Takes its time over what is long: so much for 100 ms of it."""

    def __init__(self, block_ms: int) -> None:
        super().__init__()
        self.long_block_ms = block_ms

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        self.block_ms = self.long_block_ms if request.text == LONG else 10
        await super().synthesize(request, emit)


def test_a_voice_that_hardly_gives_anything_is_heard_so_far(tmp_path: Path) -> None:
    async def story() -> None:
        stage, line = await _called(tmp_path, Slows(700), _says((LONG, False)))
        await _asks(stage)
        await _passes(stage, int(CHUNK_WAIT_S * 1000) + 2000)
        heard = line.words("r2", LONG)
        assert heard == "Each week this desk must open from"
        assert _replies(stage)[1:3] == [
            HeardReply(text=heard, complete=False),
            HeardReply(text=SORRY, complete=True),
        ]

    live(story())


def test_a_slow_voice_that_keeps_speaking_is_heard_to_its_end(tmp_path: Path) -> None:
    """It takes longer than a voice that says nothing may, for less than three seconds of sound."""

    async def story() -> None:
        stage, line = await _called(tmp_path, Slows(340), _says((LONG, False)))
        await _asks(stage)
        await _passes(stage, int(CHUNK_WAIT_S * 1000) + 4000)
        assert line.words("r2", LONG) == LONG
        assert _replies(stage)[1] == HeardReply(text=LONG, complete=True)

    live(story())


def test_a_disclosure_cut_by_a_broken_voice_is_not_given_and_comes_again(tmp_path: Path) -> None:
    async def story() -> None:
        plain = _says((SHORT, False))
        guard = DisclosureGuard(reasoner=plain, disclosures=(NOTICE,))
        breaking = _breaks(dated=False)
        stage, line = await _called(tmp_path, breaking, guard)
        await _asks(stage)
        first = line.words("r2", f"{NOTICE} {SHORT}")
        assert first == "Your call will have been Well then, yes."
        breaking.breaks_after = None
        await _asks(stage)  # He hears it now,
        await _asks(stage)  # and not once more.
        assert _replies(stage)[1:] == [
            HeardReply(text=first, complete=False),
            HeardReply(text=f"{NOTICE} {SHORT}", complete=True),
            HeardReply(text=SHORT, complete=True),
        ]

    live(story())
