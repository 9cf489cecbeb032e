"""What only OpenAI Realtime does on the wire; what every vendor owes is in the contract suite."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from openai.types.realtime import SessionUpdateEvent
from tests.conformance.speech_vendors import Call, OpenAi, talking
from tests.doubles.faults import Fault, Faulty
from tests.doubles.openai_realtime import Script, Spoken
from tests.doubles.sdk_types import checked

from antiphon.audio.resample import resample
from antiphon.providers.openai.realtime import _Link
from antiphon.providers.openai.realtime_wire import session_update
from antiphon.providers.sessions import ToolAnswer
from antiphon.speech.ports import SessionLost, SpeechSessionConfig, SpokenAudio, SpokenEnded, SpokenToolCall


@pytest.mark.parametrize(("semantic", "kind"), [(False, "server_vad"), (True, "semantic_vad")])
def test_the_vendor_ends_turns_by_silence_or_by_meaning_and_never_interrupts(
    semantic: bool, kind: str
) -> None:
    config = SpeechSessionConfig(sample_rate_hz=8_000, instructions="", semantic_turns=semantic)
    message = session_update("gpt-realtime-1.5", config)
    checked(SessionUpdateEvent, message)
    detection = message["session"]["audio"]["input"]["turn_detection"]
    assert detection == {"type": kind, "create_response": True, "interrupt_response": False}


@pytest.mark.parametrize(("voice", "wire"), [("cedar", "cedar"), ("voice_1234", {"id": "voice_1234"})])
def test_a_voice_made_to_order_is_named_by_its_id(voice: str, wire: object) -> None:
    message = session_update(
        "gpt-realtime-1.5", SpeechSessionConfig(sample_rate_hz=8_000, instructions="", voice=voice)
    )
    checked(SessionUpdateEvent, message)
    assert message["session"]["audio"]["output"]["voice"] == wire


async def test_a_session_whose_settings_are_refused_takes_no_call() -> None:
    """It would speak without instructions, tools and the agent's voice. The code is one that comes too late
    for other requests."""
    async with talking(OpenAi(), Call(script=Script(refuses="invalid_value"))) as talk:
        talk.session.speak("Greet the caller.")
        await talk.until(lambda: talk.all(SessionLost))
        assert talk.all(SessionLost)[0].rejected
        assert not talk.all(SpokenAudio)


async def test_a_vendor_that_wants_to_be_left_alone_is_left_alone() -> None:
    async with talking(OpenAi(), Call(faulty=Faulty(fault=Fault.RATE_LIMIT, retry_after_s=30))) as talk:
        await talk.until(lambda: talk.all(SessionLost))
        assert talk.all(SessionLost)[0].retry_after_ms == 30_000
        assert not talk.all(SessionLost)[0].rejected
        assert talk.vendor.refused == [429], "it was asked once, and no caller waits for it"


async def test_a_phone_line_is_carried_as_it_is_and_turns_are_ours_when_we_say_so() -> None:
    async with talking(OpenAi(), Call(provider_turns=False)) as talk:
        talk.session.push(bytes(3_200))
        talk.session.commit_turn()
        peer = await talk.asked(0, lambda seen: seen.of_type("response.create"))
        audio = peer.of_type("session.update")[0]["session"]["audio"]
        assert audio["input"]["turn_detection"] is None
        assert audio["input"]["format"] == {"type": "audio/pcmu"}


async def test_a_tools_result_is_an_item_and_asks_for_a_response() -> None:
    answers = [Spoken(items_ms=(), calls=[("find_slot", "{}")]), Spoken()]
    async with talking(OpenAi(), Call(script=Script(answers=answers))) as talk:
        talk.session.speak("Offer a time.")
        await talk.until(lambda: talk.all(SpokenToolCall))
        call = talk.all(SpokenToolCall)[0].call
        talk.session.tool_result(call, '{"slots":["09:00"]}')
        peer = await talk.asked(0, lambda seen: len(seen.of_type("response.create")) == 2)
        assert peer.of_type("conversation.item.create")[-1]["item"] == {
            "type": "function_call_output",
            "call_id": call,
            "output": '{"slots":["09:00"]}',
        }


class Spoke:
    """One of the vendor's events, as its SDK gives them."""

    def __init__(self, kind: str, **fields: object) -> None:
        self.type = kind
        vars(self).update(fields)


class Connection:
    """The SDK's connection: gives what it was told to, keeps what is sent."""

    def __init__(self, *events: Spoke) -> None:
        self.events = list(events)
        self.sent: list[dict[str, Any]] = []

    async def recv(self) -> Spoke:
        return self.events.pop(0)

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    def kinds(self) -> list[str]:
        return [message["type"] for message in self.sent]


def link(*events: Spoke, rate_hz: int = 8_000) -> tuple[_Link, Connection]:
    connection = Connection(*events)
    return _Link(connection, SpeechSessionConfig(sample_rate_hz=rate_hz, instructions="")), connection


CREATED = Spoke("response.created", response=Spoke("", id="r1"))
DONE = Spoke("response.done", response=Spoke("", id="r1", status="completed", usage=None))


def asks(call: str) -> Spoke:
    kind = "response.function_call_arguments.done"
    return Spoke(kind, response_id="r1", call_id=call, name="find_slot", arguments="{}")


async def test_the_model_speaks_on_when_all_that_it_asked_is_answered_and_it_has_asked_all() -> None:
    """However quick a tool is, and although a call was told twice."""
    one, wire = link(CREATED, asks("c1"), asks("c1"), asks("c2"), DONE)
    await one.receive()
    assert len(await one.receive()) == 1
    await one.send(ToolAnswer(call="c1", result="{}"))
    assert await one.receive() == ()
    await one.receive()
    assert "response.create" not in wire.kinds(), "another call may follow"
    await one.receive()
    assert "response.create" not in wire.kinds(), "the second is not answered"
    await one.send(ToolAnswer(call="c2", result="{}"))
    await one.send(ToolAnswer(call="c2", result="{}"))
    assert wire.kinds() == ["conversation.item.create"] * 2 + ["response.create"]


async def test_tools_that_are_quicker_than_the_end_of_their_response_are_spoken_of_after_it() -> None:
    one, wire = link(CREATED, asks("c1"), DONE)
    await one.receive()
    await one.receive()
    await one.send(ToolAnswer(call="c1", result="{}"))
    assert wire.kinds() == ["conversation.item.create"]
    await one.receive()
    assert wire.kinds() == ["conversation.item.create", "response.create"]


@pytest.mark.parametrize("size", [1, 3, 961, 4096])
async def test_sound_in_pieces_of_any_length_is_the_same_to_its_last_sample(size: int) -> None:
    """An odd piece would make noise at full scale of all that follows."""
    pcm = (9000 * np.sin(np.arange(4800) / 12)).astype("<i2")
    data = pcm.tobytes()[: 9600 if size > 1 else 960]
    said = [
        Spoke(
            "response.output_audio.delta",
            response_id="r1",
            item_id="i1",
            content_index=0,
            delta=base64.b64encode(data[start : start + size]).decode(),
        )
        for start in range(0, len(data), size)
    ]
    one, _ = link(CREATED, *said, DONE, rate_hz=16_000)
    heard = b""
    for _ in range(len(said) + 2):
        heard += b"".join(event.pcm for event in await one.receive() if isinstance(event, SpokenAudio))
    assert heard == resample(np.frombuffer(data, "<i2"), 24_000, 16_000).tobytes()


async def test_a_cut_reply_is_cancelled_and_truncated_where_the_ear_was() -> None:
    answers = [Spoken(hold=True), Spoken()]
    async with talking(OpenAi(), Call(script=Script(answers=answers), rate_hz=16_000)) as talk:
        talk.session.speak("Greet the caller.")
        await talk.until(lambda: any(event.pcm for event in talk.all(SpokenAudio)))
        talk.session.cut("resp1", 60)
        peer = await talk.asked(0, lambda seen: seen.of_type("conversation.item.truncate"))
        truncated = peer.of_type("conversation.item.truncate")[0]
        assert (truncated["item_id"], truncated["audio_end_ms"]) == ("item0", 60)
        assert peer.of_type("response.cancel")[0]["response_id"] == "resp1"


async def test_items_nobody_heard_are_taken_out_of_the_vendors_memory() -> None:
    script = Script(answers=[Spoken(items_ms=(300, 300, 300))])
    async with talking(OpenAi(), Call(script=script, rate_hz=16_000)) as talk:
        talk.session.speak("Greet the caller.")
        await talk.until(lambda: talk.all(SpokenEnded))
        talk.session.cut("resp1", 400)
        peer = await talk.asked(0, lambda seen: seen.of_type("conversation.item.delete"))
        assert [item["item_id"] for item in peer.of_type("conversation.item.delete")] == ["item2"]
        truncated = peer.of_type("conversation.item.truncate")[0]
        assert (truncated["item_id"], truncated["audio_end_ms"]) == ("item1", 100)
