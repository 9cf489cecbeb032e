"""A client of the Realtime endpoint talks with the clinic's agent: every event, as the SDK has it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from tests.doubles.paced_loop import live_with_sockets
from tests.doubles.realtime_desk import Client, Mind, RealtimeDesk
from tests.doubles.virtual_loop import pass_time

from antiphon.agents.ports import Message, Tool, ToolCall
from antiphon.conversation import events as ev
from antiphon.conversation.replay import first_difference, replay
from antiphon.runtime.records.lines import CommandEntry

WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "The weather of a day.",
    "parameters": {"type": "object", "properties": {"day": {"type": "string"}}, "required": ["day"]},
}


def at_desk(work: Callable[[RealtimeDesk], Awaitable[None]], desk: RealtimeDesk) -> None:
    async def run() -> None:
        async with desk:
            await work(desk)

    live_with_sockets(run())


def kindly(message: Message, tools: Sequence[Tool]) -> str:
    return f"You said {message.content.splitlines()[-1]}. Anything else?"


def test_a_turn_is_told_in_the_protocols_order(tmp_path: Path) -> None:
    async def work(desk: RealtimeDesk) -> None:
        client = desk.connect()
        assert client.kinds == ["session.created", "conversation.created"]
        client.update(instructions="")
        (greeting,) = await client.done(1)
        assert greeting["status"] == "completed"
        assert greeting["output"][0]["content"][0]["transcript"] == client.transcripts[0]
        told = len(client.events)
        await client.speaks(900)
        _, answer = await client.done(2)
        turn = [event["type"] for event in client.events[told:]]
        once = list(dict.fromkeys(turn))
        assert once == [
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "conversation.item.input_audio_transcription.delta",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            "conversation.item.input_audio_transcription.completed",
            "response.created",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_audio_transcript.delta",
            "response.output_audio.delta",
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.done",
        ]
        assert (
            client.named("conversation.item.input_audio_transcription.completed")[0]["transcript"] == "hello"
        )
        assert answer["output"][0]["content"][0]["transcript"] == "You said hello. Anything else?"
        assert answer["usage"]["input_tokens"] == 100 and answer["usage"]["total_tokens"] == 110
        ids = [event["event_id"] for event in client.events]
        assert len(set(ids)) == len(ids)
        assert not client.errors

    at_desk(work, RealtimeDesk(tmp_path, ["hello"], Mind(kindly)))


def test_what_is_played_is_what_the_voice_made_at_24_khz(tmp_path: Path) -> None:
    async def work(desk: RealtimeDesk) -> None:
        client = desk.connect()
        client.say("response.create")
        await client.done(1)
        made_ms = 50 * sum(len(request.text) for request in desk.desk.tones.asked)
        assert abs(len(client.audio) / 48 - made_ms) < 100

    at_desk(work, RealtimeDesk(tmp_path, [], Mind(kindly)))


@pytest.mark.parametrize("codec", ["audio/pcmu", "audio/pcma"])
def test_g711_is_carried_both_ways(tmp_path: Path, codec: str) -> None:
    async def work(desk: RealtimeDesk) -> None:
        client = desk.connect()
        client.update(audio={"input": {"format": {"type": codec}}, "output": {"format": {"type": codec}}})
        shown = client.named("session.updated")[0]["session"]["audio"]
        assert shown["input"]["format"] == shown["output"]["format"] == {"type": codec}
        await client.done(1)
        made_ms = 50 * sum(len(request.text) for request in desk.desk.tones.asked)
        assert abs(len(client.audio) / 8 - made_ms) < 100
        assert not client.errors

    at_desk(work, RealtimeDesk(tmp_path, [], Mind(kindly)))


def test_a_clients_tool_is_asked_for_and_its_output_is_answered_from(tmp_path: Path) -> None:
    def mind(message: Message, tools: Sequence[Tool]) -> str | list[str | ToolCall]:
        if message.role == "tool":
            return f"It will be {json.loads(message.content)['value']['sky']}."
        return ["Let me see. ", ToolCall(id="t", name="weather", arguments='{"day":"Friday"}')]

    async def work(desk: RealtimeDesk) -> None:
        client = desk.connect()
        client.update(tools=[WEATHER], instructions="You know the weather.")
        await client.done(1)
        await client.speaks(900)
        asked = (await client.done(2))[1]
        assert asked["status"] == "completed"
        call = next(item for item in asked["output"] if item["type"] == "function_call")
        assert (call["name"], json.loads(call["arguments"])) == ("weather", {"day": "Friday"})
        (done,) = client.named("response.function_call_arguments.done")
        assert (done["call_id"], done["name"]) == (call["call_id"], "weather")
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": '{"sky": "clear"}'}
        client.say("conversation.item.create", item=output)
        client.say("response.create")
        answer = (await client.done(3))[-1]
        assert "It will be clear." in answer["output"][-1]["content"][0]["transcript"]
        assert not client.errors
        client.say("conversation.item.create", item=output)
        assert client.errors == [("invalid_value", "item.call_id")]
        mind = desk.mind
        assert isinstance(mind, Mind)
        assert "weather" in mind.offered[0]
        assert any(message.content == "You know the weather." for message in mind.asked[0])

    at_desk(work, RealtimeDesk(tmp_path, ["what about Friday"], Mind(mind)))


def test_a_tool_of_the_servers_is_shown_and_nobodys_to_answer(tmp_path: Path) -> None:
    def mind(message: Message, tools: Sequence[Tool]) -> str | ToolCall:
        if message.role == "tool":
            return "There is one at eight."
        window = {"appointment_type": "physical", "from_date": "2026-11-27", "to_date": "2026-11-27"}
        return ToolCall(id="t", name="clinic_find_slots", arguments=json.dumps(window))

    async def work(desk: RealtimeDesk) -> None:
        client = desk.connect()
        client.update()
        await client.done(1)
        await client.speaks(900)
        answer = (await client.done(2))[1]
        (item,) = [item for item in answer["output"] if item["type"] == "mcp_call"]
        assert item["name"] == "clinic.find_slots" and "slots" in item["output"]
        assert client.named("response.mcp_call.completed")
        assert not client.named("response.function_call_arguments.done")

    at_desk(work, RealtimeDesk(tmp_path, ["a physical on Friday"], Mind(mind)))


def test_a_voice_over_the_agents_stops_it_and_the_item_ends_where_the_ear_did(tmp_path: Path) -> None:
    async def work(desk: RealtimeDesk) -> None:
        client = desk.connect()
        client.update()
        await client.until(lambda: len(client.audio) > 48 * 1000)
        said = client.named("response.output_item.added")[0]["item"]["id"]
        await client.speaks(1600)
        responses = await client.done(2)
        assert responses[0]["status"] == "cancelled"
        assert responses[0]["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
        item = responses[0]["output"][0]
        assert item["status"] == "incomplete"
        full = desk.kit.definition.opening
        assert item["content"][0]["transcript"] and item["content"][0]["transcript"] != full
        assert client.named("output_audio_buffer.cleared")
        client.say("conversation.item.truncate", item_id=said, content_index=0, audio_end_ms=800)
        assert client.named("conversation.item.truncated")[0]["audio_end_ms"] == 800
        assert not client.errors
        client.say("conversation.item.truncate", item_id=said, content_index=0, audio_end_ms=99_000)
        client.say("conversation.item.truncate", item_id="item_77", content_index=0, audio_end_ms=10)
        assert client.errors == [("invalid_value", "audio_end_ms"), ("item_not_found", "item_id")]

    words = ["stop I want to book a visit"]
    at_desk(work, RealtimeDesk(tmp_path, words, Mind(kindly), {"greeting": LONG}))


LONG = "Thank you for calling. This is the front desk, for visits, bills and opening hours. {disclosures}"


def test_a_cancelled_response_is_silent_at_once(tmp_path: Path) -> None:
    async def work(desk: RealtimeDesk) -> None:
        client = desk.connect()
        client.update()
        await client.until(lambda: len(client.audio) > 48 * 500)
        client.say("response.cancel")
        (response,) = await client.done(1)
        assert response["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
        sent = len(client.audio)
        await pass_time(2)
        assert len(client.audio) - sent <= 48 * 40
        client.say("response.cancel")
        assert client.errors == [("response_cancel_not_active", None)]

    at_desk(work, RealtimeDesk(tmp_path, [], Mind(kindly), {"greeting": LONG}))


def test_written_words_are_a_turn_when_a_response_is_asked_for(tmp_path: Path) -> None:
    async def work(desk: RealtimeDesk) -> None:
        client = desk.connect()
        client.update()
        await client.done(1)
        client.writes("I need")
        client.writes("a doctor")
        await pass_time(1)
        assert len(client.named("response.created")) == 1
        client.say("response.create")
        answer = (await client.done(2))[1]
        assert "doctor" in answer["output"][0]["content"][0]["transcript"]
        assert not client.errors
        client.say("response.create")
        assert client.errors == [("nothing_to_answer", None)]
        (typed,) = [event for event in _events(desk, client) if isinstance(event, ev.TextTyped)]
        assert typed.text == "I need\na doctor"

    at_desk(work, RealtimeDesk(tmp_path, [], Mind(kindly)))


def test_turns_that_the_client_ends(tmp_path: Path) -> None:
    async def work(desk: RealtimeDesk) -> None:
        client = desk.connect()
        client.update(audio={"input": {"turn_detection": None}})
        await client.done(1)
        await client.speaks(800, quiet_ms=1200)
        assert not client.named("input_audio_buffer.speech_started")
        assert len(client.named("response.created")) == 1, "nobody ended the turn"
        client.say("input_audio_buffer.commit")
        (committed,) = client.named("input_audio_buffer.committed")
        client.say("response.create")
        answer = (await client.done(2))[1]
        assert "hello" in answer["output"][0]["content"][0]["transcript"]
        (heard,) = client.named("conversation.item.input_audio_transcription.completed")
        assert heard["item_id"] == committed["item_id"]
        client.say("input_audio_buffer.commit")
        assert client.errors == [("input_audio_buffer_commit_empty", None)]

    at_desk(work, RealtimeDesk(tmp_path, ["hello"], Mind(kindly)))


def test_audio_of_a_client_that_ends_its_turns_never_stops_the_agent(tmp_path: Path) -> None:
    async def work(desk: RealtimeDesk) -> None:
        client = desk.connect()
        client.update(audio={"input": {"turn_detection": None}})
        await client.until(lambda: len(client.audio) > 48 * 500)
        await client.speaks(800, quiet_ms=400)
        client.say("input_audio_buffer.commit")
        client.say("response.create")
        assert client.errors == [("conversation_already_has_active_response", None)]
        (greeting,) = await client.done(1)
        assert greeting["status"] == "completed"
        client.say("response.create")
        answer = (await client.done(2))[1]
        assert "hello" in answer["output"][0]["content"][0]["transcript"]

    at_desk(work, RealtimeDesk(tmp_path, ["hello"], Mind(kindly), {"greeting": LONG}))


def test_a_whole_utterance_sent_at_once_is_heard_as_it_was_spoken(tmp_path: Path) -> None:
    async def work(desk: RealtimeDesk) -> None:
        client = desk.connect()
        client.update()
        await client.done(1)
        for chunk in client.speech(4000, quiet_ms=1500):
            client.append(chunk)
        await client.done(2)
        stopped = client.named("input_audio_buffer.speech_stopped")[0]
        started = client.named("input_audio_buffer.speech_started")[0]
        assert abs(stopped["audio_end_ms"] - started["audio_start_ms"] - 4000) < 400

    at_desk(work, RealtimeDesk(tmp_path, ["hello"], Mind(kindly)))


def test_a_call_over_the_endpoint_replays_exactly(tmp_path: Path) -> None:
    client = None

    async def work(desk: RealtimeDesk) -> None:
        nonlocal client
        client = desk.connect()
        client.update(audio={"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 500}}})
        await client.until(lambda: len(client.audio) > 48 * 500)
        client.say("response.cancel")
        await client.done(1)
        await client.speaks(900)
        await client.done(2)
        client.writes("one more thing")
        client.say("response.create")
        await client.done(3)

    desk = RealtimeDesk(tmp_path, ["hello"], Mind(kindly))
    at_desk(work, desk)
    assert isinstance(client, Client)
    record = desk.record(client)
    assert record.complete and record.header.line == "realtime"
    assert record.header.policy.turn.stop_silence_max_ms == 500
    recorded = [entry.command for entry in record.entries if isinstance(entry, CommandEntry)]
    again = [command for _, commands in replay(record.header.policy, record.events) for command in commands]
    assert first_difference(recorded, again) is None


def _events(desk: RealtimeDesk, client: Client) -> Sequence[ev.AnyEvent]:
    """Of a call that is still up."""
    desk.exchange._calls[client.session.call_id].parts.trace.sync().result(10)
    return desk.record(client).events
