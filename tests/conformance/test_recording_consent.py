"""Whole calls of callers who are asked before they are recorded: over a carrier's socket, through the call,
the agent's guard and the sealed file, on virtual time. Voice is a tone; the recogniser is told what."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.doubles.media_line import EnergyVad
from tests.doubles.on_disk import traces
from tests.doubles.paced_loop import PacedLoop, live_with_sockets
from tests.doubles.phone_world import LoopTime
from tests.doubles.transfer_world import CALLER_HZ, Ears, Mouth, voice
from tests.doubles.twilio_stream import CarriedCall, TwilioStream
from tests.doubles.virtual_loop import pass_time

from antiphon.agents.build import prepare_reasoning
from antiphon.agents.definition import load_agent
from antiphon.agents.ports import Completion, Message, Tool, Usage
from antiphon.calls.carriers import carrier_server
from antiphon.calls.recording import KeptRecording, Recorder, kept_recordings, read_recording
from antiphon.runtime.exchange import Exchange
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.media import MediaPlane
from antiphon.runtime.records.lines import read_call
from antiphon.runtime.records.replaying import replay_exactly
from antiphon.runtime.speaking import Voice
from antiphon.speech.ssml import Shaper
from antiphon.storage.keys import keyring

CALIFORNIA, TEXAS = "+14155550100", "+15125550100"
ENGLISH = "May I record this call? Please say yes or no, or press 1 for yes or 2 for no."
AGENT = """
agent: clinic
language: LANGUAGE
persona: {name: Sam, role: receptionist}
greeting: Hello.
speech: {stt: local/whisper-tiny.en, tts: local/kokoro-af_heart}
reasoning: {model: openai-compatible, prompt: Help.}
silence: {reprompt_after_ms: 6000}
recording: {ask: ASK}
"""


class Parrot:
    """A language model that says back what it was told last."""

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        emit: Callable[[str], None],
        meter: Callable[[Usage], None] | None = None,
    ) -> Completion:
        said = [message.content for message in messages if message.role == "user"]
        text = f"You said {said[-1]}" if said else "I see."
        emit(text)
        return Completion(text=text)


class Studio:
    """One caller at a time, and what is on the disk of him."""

    caller: CarriedCall
    stream: TwilioStream

    def __init__(self, home: Path, ears: Ears, mouth: Mouth, recorder: Recorder) -> None:
        self.home, self.ears, self.mouth, self.recorder = home, ears, mouth, recorder

    async def says(self, text: str, duration_ms: int = 800) -> None:
        self.ears.texts.append(text)
        self.caller.say(voice(CALLER_HZ, duration_ms))
        await self.caller.until_answered(gap_ms=900)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(120):
            while not condition():
                await pass_time(0.020)

    async def hangs_up(self) -> None:
        await self.stream.stop()
        await self.written()
        self.recorder.close()

    async def written(self) -> None:
        """The thread that closes the trace lives in real time."""
        give_up_s = time.monotonic() + 30
        while '"k":"end"' not in self.trace():
            assert time.monotonic() < give_up_s, "the call never ended"
            await pass_time(0.020)

    def trace(self) -> str:
        (path,) = traces(self.home / "calls")
        return path.read_text()

    def notes(self) -> list[str]:
        lines = [json.loads(line) for line in self.trace().splitlines()]
        kinds = [str(line.get("type")) for line in lines if line.get("k") == "note"]
        return [kind for kind in kinds if kind.startswith("recording")]

    def kept(self) -> KeptRecording | None:
        paths = kept_recordings(self.home / "recordings")
        return read_recording(paths[0], keyring(self.home, {})) if paths else None


@asynccontextmanager
async def studio(home: Path, number: str, ask: str, language: str) -> AsyncIterator[Studio]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, PacedLoop)
    (home / "clinic.yaml").write_text(AGENT.replace("LANGUAGE", language).replace("ASK", ask))
    definition = load_agent(home / "clinic.yaml")
    recorder = Recorder(home / "recordings", keyring(home, {}))
    here = Studio(home, Ears(), Mouth(), recorder)
    reasoning = prepare_reasoning(definition, encoder=None, tools=(), language_model=Parrot())
    kit = AgentKit(
        definition=definition,
        recognisers=[("ears", here.ears)],
        voices=[Voice(name="mouth", tts=here.mouth, voice="tone")],
        end_of_turn=None,
        shape=Shaper("en-US").utterance,
        tools=recorder.tools(),
        make_reasoner=reasoning.reasoner,
    )
    plane = MediaPlane(EnergyVad(8000), EnergyVad(16000), clock=loop.now_ns)
    exchange = Exchange(
        plane=plane,
        agents={"clinic": kit},
        calls_directory=home / "calls",
        clock=LoopTime(loop),
        recordings=recorder,
    )
    phone = carrier_server(exchange, None, clock=loop.now_ns)
    await phone.start()
    ticking = asyncio.create_task(_tick(loop, plane))
    here.stream = TwilioStream(f"ws://127.0.0.1:{phone.port}/calls/twilio/clinic/media")
    try:
        async with here.stream:
            await here.stream.begin({"caller_number": number})
            async with CarriedCall(here.stream) as here.caller:
                await here.caller.until_answered(gap_ms=900)
                yield here
    finally:
        await phone.close()
        await exchange.drain(1000)
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)


async def _tick(loop: PacedLoop, plane: Any) -> None:
    while True:
        await pass_time(0.020)
        plane.tick(loop.now_ns())


def during(
    home: Path,
    story: Callable[[Studio], Awaitable[None]],
    *,
    number: str = CALIFORNIA,
    ask: str = "{place: US-NY, announcement: This call is recorded.}",
    language: str = "en-US",
) -> None:
    async def run() -> None:
        async with studio(home, number, ask, language) as here:
            await story(here)

    live_with_sockets(run())


def heard_of_caller_ms(kept: KeptRecording) -> int:
    loud = np.abs(kept.samples[:, 0].astype(np.int32)) > 500
    return int(loud.sum()) * 1000 // kept.sample_rate_hz


def test_who_says_yes_is_recorded_from_then_on(tmp_path: Path) -> None:
    async def story(here: Studio) -> None:
        assert any("May I record this call?" in said for said in here.mouth.said)
        await here.says("Yes, sure.")
        assert "Thank you." in here.mouth.said
        assert "How can I help you?" in here.mouth.said
        yes_ms = here.caller.now_ms
        await here.says("I need an appointment.", 1000)
        assert any("You said I need an appointment." in said for said in here.mouth.said)
        await here.hangs_up()
        kept = here.kept()
        assert kept is not None
        assert kept.consent["basis"] == "asked"
        assert kept.consent["words"] == ENGLISH
        assert kept.consent["answer"] == "Yes, sure."
        assert kept.since_ms > 3000, "nothing before the yes"
        assert kept.since_ms <= yes_ms
        assert 700 <= heard_of_caller_ms(kept) <= 1100, "the appointment, and not the yes"
        assert here.notes() == ["recording_asked", "recording_began"]
        (path,) = traces(here.home / "calls")
        assert replay_exactly(read_call(path)).difference is None

    during(tmp_path, story)


@pytest.mark.parametrize("answer", ["No, please don't.", "I'd rather not.", "I don't want to be recorded."])
def test_who_says_no_is_not_recorded_and_served_all_the_same(tmp_path: Path, answer: str) -> None:
    async def story(here: Studio) -> None:
        await here.says(answer)
        assert any("this call is not recorded" in said for said in here.mouth.said)
        await here.says("I need an appointment.")
        assert any("You said I need an appointment." in said for said in here.mouth.said)
        await here.says("Yes.")
        await here.hangs_up()
        assert here.kept() is None
        assert here.notes() == ["recording_asked", "recording_refused"]

    during(tmp_path, story)


@pytest.mark.parametrize(("key", "recorded"), [("1", True), ("2", False)])
def test_keys_answer_too(tmp_path: Path, key: str, recorded: bool) -> None:
    async def story(here: Studio) -> None:
        await here.stream.press(key)
        await here.caller.until_answered(gap_ms=900)
        await here.says("I need an appointment.")
        await here.hangs_up()
        assert (here.kept() is not None) is recorded

    during(tmp_path, story)


def test_who_talks_of_something_else_is_asked_again_and_has_not_said_yes(tmp_path: Path) -> None:
    async def story(here: Studio) -> None:
        await here.says("I need an appointment on Monday.")
        assert any("I first need to know" in said for said in here.mouth.said)
        await here.says("With Doctor Lee please.")
        assert any("not recorded" in said for said in here.mouth.said)
        assert "I need an appointment on Monday. With Doctor Lee please." in " ".join(here.mouth.said)
        await here.hangs_up()
        assert here.kept() is None

    during(tmp_path, story)


def test_what_was_wanted_before_the_answer_is_not_asked_for_twice(tmp_path: Path) -> None:
    async def story(here: Studio) -> None:
        await here.says("I need an appointment.")
        await here.says("Yes.")
        assert "How can I help you?" not in here.mouth.said
        assert "You said I need an appointment." in here.mouth.said
        await here.hangs_up()
        assert here.kept() is not None

    during(tmp_path, story)


def test_who_says_nothing_is_asked_again_and_nothing_is_kept(tmp_path: Path) -> None:
    async def story(here: Studio) -> None:
        asked = sum("May I record" in said for said in here.mouth.said)
        await here.until(lambda: sum("May I record" in said for said in here.mouth.said) > asked)
        await here.hangs_up()
        assert here.kept() is None

    during(tmp_path, story)


def test_a_yes_may_be_taken_back_and_then_nothing_stays(tmp_path: Path) -> None:
    async def story(here: Studio) -> None:
        await here.says("Yes.")
        await here.says("I need an appointment.", 2000)
        await here.says("Please stop recording.")
        await here.hangs_up()
        assert here.kept() is None
        assert here.notes() == ["recording_asked", "recording_began", "recording_refused"]

    during(tmp_path, story)


def test_where_telling_is_enough_the_caller_is_told(tmp_path: Path) -> None:
    async def story(here: Studio) -> None:
        assert any("This call is recorded." in said for said in here.mouth.said)
        assert not any("May I" in said for said in here.mouth.said)
        await here.says("I need an appointment.")
        await here.hangs_up()
        kept = here.kept()
        assert kept is not None
        assert kept.consent["basis"] == "announced"
        assert here.notes() == ["recording_announced", "recording_began"]

    during(tmp_path, story, number=TEXAS)


@pytest.mark.parametrize(
    ("number", "ask"),
    [
        (TEXAS, "{}"),
        (TEXAS, "{place: US-CA, announcement: This call is recorded.}"),
        ("", "{place: US-NY, announcement: This call is recorded.}"),
        ("+493012345678", "{place: US-NY, announcement: This call is recorded.}"),
        (TEXAS, "{place: US-NY}"),
    ],
)
def test_doubt_asks(tmp_path: Path, number: str, ask: str) -> None:
    async def story(here: Studio) -> None:
        assert any("May I record" in said for said in here.mouth.said)
        await here.says("I need an appointment.")
        await here.hangs_up()
        assert here.kept() is None

    during(tmp_path, story, number=number, ask=ask)


@pytest.mark.parametrize(
    ("language", "question", "yes", "no"),
    [
        ("es-MX", "¿Puedo grabar esta llamada?", "Sí, claro.", "Prefiero que no."),
        ("fr-FR", "Puis-je enregistrer cet appel", "Oui, d'accord.", "Non merci."),
        ("de-DE", "Darf ich diesen Anruf aufzeichnen?", "Ja, gerne.", "Lieber nicht."),
    ],
)
@pytest.mark.parametrize("agreed", [True, False])
def test_callers_are_asked_in_their_language(
    tmp_path: Path, *, language: str, question: str, yes: str, no: str, agreed: bool
) -> None:
    async def story(here: Studio) -> None:
        assert any(question in said for said in here.mouth.said)
        await here.says(yes if agreed else no)
        await here.says("Hm.")
        await here.hangs_up()
        assert (here.kept() is not None) is agreed

    during(tmp_path, story, language=language, ask="{}")


def test_an_emergency_comes_before_the_question(tmp_path: Path) -> None:
    async def story(here: Studio) -> None:
        here.ears.texts.append("My father has a heart attack!")
        here.caller.say(voice(CALLER_HZ, 800))
        await here.until(lambda: here.stream.close_code is not None)
        await here.written()
        here.recorder.close()
        assert '"cause":"escalated"' in here.trace()
        assert here.kept() is None

    during(tmp_path, story)
