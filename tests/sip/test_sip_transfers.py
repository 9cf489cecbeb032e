"""Warm transfers over SIP: a caller's telephone and a person's, the agent between them, and every way not to
reach the person. Callers and people speak tones, the agent another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from tests.doubles.on_disk import traces
from tests.doubles.transfer_world import AGENT_FILE, AGENT_HZ, CALLER_HZ, PERSON, PERSON_HZ, Ears, Mind, Mouth
from tests.sip.house import HOST, SipHouse, until
from tests.sip.sipp import Sipp
from tests.sip.telephone import Telephone, write_wav

from antiphon.agents.definition import load_agent
from antiphon.calls.control.desk import LegsFirst, TransferDesk
from antiphon.calls.sip import SipControl
from antiphon.runtime.arrivals import Switchboard
from antiphon.runtime.clock import LoopClock
from antiphon.runtime.exchange import Exchange
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.media import MediaPlane
from antiphon.runtime.speaking import Voice
from antiphon.server.ways_in import passed_on_by_sip
from antiphon.speech.ssml import Shaper

SILENCE = np.zeros(60 * 8000, np.int16)
RING_MS = 5000


def voice(hz: int, duration_ms: int) -> np.ndarray:
    return (8000 * np.sin(2 * np.pi * hz * np.arange(8 * duration_ms) / 8000)).astype(np.int16)


def hears_ms(pcm: np.ndarray, hz: int) -> int:
    frames = pcm[: len(pcm) // 400 * 400].reshape(-1, 400).astype(np.float64)
    tone = np.exp(-2j * np.pi * hz * np.arange(400) / 8000)
    return int(50 * (np.abs(frames @ tone) / 200 > 1500).sum())


class TransferHouse:
    """`house` answers as the clinic of `AGENT_FILE`, whose person is at `target`."""

    def __init__(self, home: Path, target: str, agent_file: str = AGENT_FILE) -> None:
        self.ears, self.mouth, self.home = Ears(), Mouth(), home / "calls"
        (home / "clinic.yaml").write_text(
            agent_file.replace(PERSON, target).replace("  question", f"  ring_ms: {RING_MS}\n  question")
        )
        self._definition = load_agent(home / "clinic.yaml")
        self._control = SipControl()
        environ = {"ANTIPHON_SIP_TRUNK": f"sip:antiphon@{HOST}:1;caller_ids=+16175550100"}
        self.house = SipHouse(
            environ=environ,
            switchboard=self._switchboard,
            agents=("clinic",),
            escalation=lambda call_id: passed_on_by_sip(self.exchange, call_id),
        )
        self._control.connect(self.house.lines, self.desk.report)

    def _switchboard(self, plane: MediaPlane) -> Switchboard:
        kit = AgentKit(
            definition=self._definition,
            recognisers=[("ears", self.ears)],
            voices=[Voice(name="mouth", tts=self.mouth, voice="tone")],
            end_of_turn=None,
            shape=Shaper("en-US").utterance,
            tools={},
            make_reasoner=Mind,
        )
        self.desk = TransferDesk(
            plane=plane,
            controls={"sip": self._control},
            base_url="",
            clock=LoopClock(),
            own_lines=self._control,
        )
        self.exchange = Exchange(
            plane=plane,
            agents={"clinic": kit},
            calls_directory=self.home,
            clock=LoopClock(),
            transfers=self.desk,
        )
        return LegsFirst(self.exchange, self.desk)

    def trace(self) -> str:
        return "".join(path.read_text() for path in traces(self.home))


async def speak(phone: Telephone, name: str, samples: np.ndarray) -> None:
    write_wav(phone.folder / name, np.concatenate([samples, SILENCE]))
    await phone.tell("ausrc", f"aufile,{phone.folder / name}")


async def asks_for_a_person(world: TransferHouse, caller: Telephone) -> None:
    await caller.call(world.house.uri("clinic"))
    await until(lambda: hears_ms(caller.heard(), AGENT_HZ) >= 100)
    await until(lambda: not np.any(np.abs(caller.heard()[-4000:]) > 500))
    world.ears.texts.append("I want a person.")
    await speak(caller, "ask.wav", voice(CALLER_HZ, 800))


@asynccontextmanager
async def caller_who_wants_a_person(
    home: Path, target: str
) -> AsyncIterator[tuple[TransferHouse, Telephone]]:
    world = TransferHouse(home, target)
    async with world.house, Telephone(SILENCE) as caller:
        await asks_for_a_person(world, caller)
        await until(lambda: "transfer_dialled" in world.trace())
        yield world, caller
        await caller.tell("hangup")
        await until(lambda: not world.exchange.active())
        await until(lambda: not len(world.house.lines))
        await world.desk.close()


async def test_the_person_is_briefed_both_hear_each_other_and_the_agent_leaves(tmp_path: Path) -> None:
    async with (
        Telephone(SILENCE, answers=True) as person,
        caller_who_wants_a_person(tmp_path, f"sip:caller@{HOST}:{person.port}") as (world, caller),
    ):
        await until(lambda: person.saw("CALL_ESTABLISHED"))
        await until(lambda: hears_ms(person.heard(), AGENT_HZ) >= 1500, within_s=20)
        assert hears_ms(person.heard(), CALLER_HZ) == 0
        privately = world.mouth.said[world.mouth.said.index("One moment.") + 1 :]
        assert any("Wants to move an appointment" in words for words in privately)
        await person.press("1")
        await until(lambda: "transfer_bridged" in world.trace())
        bridged = len(caller.heard())

        await speak(person, "hello.wav", voice(PERSON_HZ, 1200))
        await until(lambda: hears_ms(caller.heard()[bridged:], PERSON_HZ) >= 1000)
        await speak(caller, "hello.wav", voice(CALLER_HZ, 1200))
        await until(lambda: hears_ms(person.heard(), CALLER_HZ) >= 1000)
        await until(lambda: '"HandedOver"' in world.trace())
        await speak(caller, "more.wav", voice(CALLER_HZ, 600))
        await until(lambda: hears_ms(person.heard(), CALLER_HZ) >= 1500)
        assert hears_ms(caller.heard()[bridged:], AGENT_HZ) == 0

        await person.tell("hangup")
        await until(lambda: caller.saw("CALL_CLOSED"))


async def gives_back(world: TransferHouse, caller: Telephone, result: str, said: str) -> None:
    """The agent tells the caller."""
    await until(lambda: f'"type":"transfer_failed","result":"{result}"' in world.trace(), within_s=20)
    await until(lambda: f'"text":"{said}"' in world.trace())
    told = len(caller.heard())
    await until(lambda: hears_ms(caller.heard()[told - 4000 :], AGENT_HZ) >= 200)
    assert len(world.exchange.active()) == 1


UNREACHED: dict[str, tuple[str, str]] = {
    "<INVITE =486 <ACK": ("busy", "They are busy."),
    "<INVITE =180 =603 <ACK": ("busy", "They are busy."),
    "<INVITE =180 <CANCEL =200": ("no_answer", "Nobody there."),
    "<INVITE =500 <ACK": ("failed", "Nobody there."),
    "<INVITE =200 <ACK BYE 200": ("declined", "They cannot."),
}


@pytest.mark.parametrize("words", UNREACHED)
async def test_who_cannot_be_had_brings_the_caller_back_to_the_agent(tmp_path: Path, words: str) -> None:
    result, said = UNREACHED[words]
    person = Sipp(words)
    await person.start()
    try:
        async with caller_who_wants_a_person(tmp_path, f"sip:person@{HOST}:{person.port}") as (world, caller):
            await gives_back(world, caller, result, said)
    finally:
        await person.stop()


async def _declines(world: TransferHouse, person: Telephone) -> None:
    await until(lambda: hears_ms(person.heard(), AGENT_HZ) >= 500, within_s=20)
    await person.press("2")


async def _is_a_voicemail(world: TransferHouse, person: Telephone) -> None:
    await speak(person, "greeting.wav", np.concatenate([voice(300, 900), SILENCE[:2400], voice(1000, 500)]))


@pytest.mark.parametrize(
    ("acts", "result", "said"),
    [(_declines, "declined", "They cannot."), (_is_a_voicemail, "voicemail", "Nobody there.")],
)
async def test_a_person_who_declines_and_a_voicemail_give_the_caller_back(
    tmp_path: Path, acts: Callable[[TransferHouse, Telephone], object], result: str, said: str
) -> None:
    async with (
        Telephone(SILENCE, answers=True) as person,
        caller_who_wants_a_person(tmp_path, f"sip:caller@{HOST}:{person.port}") as (world, caller),
    ):
        await until(lambda: person.saw("CALL_ESTABLISHED"))
        acting = acts(world, person)
        assert asyncio.iscoroutine(acting)
        await acting
        await gives_back(world, caller, result, said)
        await until(lambda: person.saw("CALL_CLOSED"))


async def test_a_caller_who_does_not_wait_takes_the_ringing_call_along(tmp_path: Path) -> None:
    person = Sipp("<INVITE =180 <CANCEL =200")
    await person.start()
    try:
        async with caller_who_wants_a_person(tmp_path, f"sip:person@{HOST}:{person.port}") as (world, caller):
            await until(lambda: "transfer_dialled" in world.trace())
            await until(lambda: len(world.house.lines) == 2)
            await caller.tell("hangup")
            await until(lambda: not len(world.house.lines), within_s=RING_MS / 1000)
    finally:
        await person.stop()
