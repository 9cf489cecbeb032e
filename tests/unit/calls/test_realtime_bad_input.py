"""What a client of the Realtime endpoint may send: refused by name, bounded, nobody else's trouble."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.doubles.paced_loop import live_with_sockets
from tests.doubles.realtime_desk import Client, Mind, RealtimeDesk
from tests.doubles.virtual_loop import pass_time

from antiphon.agents.ports import Message, Tool
from antiphon.calls.realtime import ClientSecrets, KeyGate, Offer, environment_keys
from antiphon.calls.realtime.config import SessionConfig, updated
from antiphon.calls.realtime.keys import from_here, offered_key
from antiphon.calls.realtime.session import BAD_MESSAGES_MAX, MESSAGES_PER_S_MAX, SILENT_AFTER_NS
from antiphon.calls.streams.dialect import CloseCode
from antiphon.errors import Denied

OFFER = Offer(
    agent="clinic", voice="robin", recogniser="told", takes_words=True, own_tools=frozenset({"book"})
)
FLOW = Offer(agent="clinic", voice="robin", recogniser="told")
SPOKEN, LONG = "hello", "x" * 9000


def kindly(message: Message, tools: Sequence[Tool]) -> str:
    return "Very well."


def with_client(home: Path, work: Callable[[RealtimeDesk, Client], Awaitable[None]], **settings: Any) -> None:
    async def run() -> None:
        async with RealtimeDesk(home, [SPOKEN], Mind(kindly), **settings) as desk:
            await work(desk, desk.connect())

    live_with_sockets(run())


@pytest.mark.parametrize(
    ("message", "code", "param"),
    [
        (b"{", "invalid_json", None),
        (b"\xff", "invalid_json", None),
        (b"[" * 100_000, "invalid_value", None),
        (b"[]", "invalid_value", None),
        (b"{}", "unknown_event", "type"),
        (b'{"type":"transcription_session.update"}', "unknown_event", "type"),
        (b'{"type":7}', "unknown_event", "type"),
        (b'{"type":"input_audio_buffer.append"}', "invalid_value", "audio"),
        (b'{"type":"input_audio_buffer.append","audio":"@@@"}', "invalid_value", "audio"),
        (b'{"type":"input_audio_buffer.append","audio":7}', "invalid_value", "audio"),
        (b'{"type":"session.update","session":[]}', "invalid_value", "session"),
        (b'{"type":"conversation.item.truncate","item_id":"a","content_index":"x","audio_end_ms":1}',
         "invalid_value", "content_index"),
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused_by_the_field(
    tmp_path: Path, message: bytes, code: str, param: str | None
) -> None:
    async def work(desk: RealtimeDesk, client: Client) -> None:
        client.session.message(message)
        assert client.errors == [(code, param)]
        assert client.closed is None and desk.counted["bad_message"] == 1

    with_client(tmp_path, work)


@pytest.mark.parametrize(
    ("event", "code", "param"),
    [
        ({"type": "input_audio_buffer.commit"}, "unsupported_event", "type"),
        ({"type": "conversation.item.retrieve", "item_id": "nope"}, "item_not_found", "item_id"),
        ({"type": "conversation.item.delete", "item_id": "nope"}, "item_not_found", "item_id"),
        ({"type": "conversation.item.create", "item": {}}, "unsupported_value", "item.type"),
        ({"type": "conversation.item.create", "item": {"type": "message", "role": "assistant"}},
         "unsupported_value", "item.role"),
        ({"type": "conversation.item.create", "item": {"type": "message", "role": "user"}},
         "invalid_value", "item.content"),
        ({"type": "conversation.item.create",
          "item": {"type": "message", "role": "user", "content": [{"type": "input_image"}]}},
         "unsupported_value", "item.content[0].type"),
        ({"type": "conversation.item.create",
          "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": LONG}]}},
         "invalid_value", "item.content"),
        ({"type": "conversation.item.create", "previous_item_id": "root",
          "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]}},
         "unsupported_value", "previous_item_id"),
        ({"type": "conversation.item.create", "item": {"type": "function_call_output", "output": "{}"}},
         "invalid_value", "item.call_id"),
        ({"type": "conversation.item.create",
          "item": {"type": "function_call_output", "call_id": "c", "output": "{}"}},
         "invalid_value", "item.call_id"),
        ({"type": "response.create", "response": {"instructions": "Say hello"}},
         "unsupported_parameter", "response.instructions"),
        ({"type": "response.create", "response": {"conversation": "none"}},
         "unsupported_parameter", "response.conversation"),
        ({"type": "response.cancel"}, "response_cancel_not_active", None),
    ],
)  # fmt: skip
def test_what_is_not_done_is_refused_by_the_field_and_the_clients_own_name_for_it(
    tmp_path: Path, event: dict[str, Any], code: str, param: str | None
) -> None:
    async def work(desk: RealtimeDesk, client: Client) -> None:
        client.say(event.pop("type"), event_id="mine", **event)
        assert client.errors == [(code, param)]
        assert client.named("error")[0]["error"]["event_id"] == "mine"
        assert client.closed is None

    with_client(tmp_path, work)


@pytest.mark.parametrize(
    ("session", "params"),
    [
        ({"type": "transcription"}, ["session.type"]),
        ({"model": "another"}, ["session.model"]),
        ({"voice": "alloy"}, ["session.voice"]),
        ({"output_modalities": ["text"]}, ["session.output_modalities"]),
        ({"instructions": 7}, ["session.instructions"]),
        ({"max_output_tokens": 100}, ["session.max_output_tokens"]),
        ({"tool_choice": "required"}, ["session.tool_choice"]),
        ({"tools": [{"type": "mcp", "server_label": "x"}]}, ["session.tools[0].type"]),
        ({"tools": [{"type": "function", "name": "a b"}]}, ["session.tools[0].name"]),
        ({"tools": [{"type": "function", "name": "book"}]}, ["session.tools[0].name"]),
        ({"tools": [{"type": "function", "name": "x", "parameters": {"type": 7}}]},
         ["session.tools[0].parameters"]),
        ({"tools": [{"name": "x"}, {"name": "x"}]}, ["session.tools[1].name"]),
        ({"audio": {"output": {"voice": "alloy", "speed": 1.5}}},
         ["session.audio.output.voice", "session.audio.output.speed"]),
        ({"audio": {"input": {"format": {"type": "audio/opus"}}}}, ["session.audio.input.format.type"]),
        ({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}},
         ["session.audio.input.format.rate"]),
        ({"audio": {"input": {"format": {"type": "audio/pcmu"}}}}, ["session.audio.output.format"]),
        ({"audio": {"input": {"transcription": {"model": "whisper-1", "language": "de"}}}},
         ["session.audio.input.transcription.model", "session.audio.input.transcription.language"]),
        ({"audio": {"input": {"noise_reduction": {"type": "near_field"}}}},
         ["session.audio.input.noise_reduction"]),
        ({"audio": {"input": {"turn_detection": {"type": "server_vad", "create_response": False,
                                                 "silence_duration_ms": 1, "threshold": 0.5}}}},
         ["session.audio.input.turn_detection.silence_duration_ms"]),
        ({"audio": {"input": {"turn_detection": {"type": "semantic_vad", "create_response": False}}}},
         ["session.audio.input.turn_detection.create_response"]),
    ],
)  # fmt: skip
def test_a_session_is_what_it_can_be_and_says_what_it_is_not(
    session: dict[str, Any], params: list[str]
) -> None:
    config, refused = updated(SessionConfig(), OFFER, {"type": "realtime", **session}, begun=False)
    assert [one.param for one in refused] == params
    again, _ = updated(SessionConfig(), OFFER, config.shown(OFFER), begun=False)
    assert again == config, "what is shown can be sent back"


def test_a_session_that_only_repeats_what_holds_is_refused_nothing() -> None:
    for offer in (OFFER, FLOW):
        shown = SessionConfig().shown(offer)
        assert updated(SessionConfig(), offer, shown, begun=True) == (SessionConfig(), [])


def test_an_agent_that_follows_a_flow_takes_no_words() -> None:
    session = {"instructions": "Be rude", "tools": [{"name": "x"}]}
    config, refused = updated(SessionConfig(), FLOW, session, begun=False)
    assert config == SessionConfig()
    assert [one.param for one in refused] == ["session.instructions", "session.tools"]


def test_formats_are_settled_once_audio_has_flowed(tmp_path: Path) -> None:
    async def work(desk: RealtimeDesk, client: Client) -> None:
        client.append(bytes(4800))
        client.update(audio={"input": {"format": {"type": "audio/pcmu"}, "turn_detection": None}})
        params = ["session.audio.input.format", "session.audio.input.turn_detection"]
        assert [param for _, param in client.errors] == params
        assert {code for code, _ in client.errors} == {"already_started"}

    with_client(tmp_path, work)


def test_garbage_costs_itself_and_a_hundred_cost_the_session(tmp_path: Path) -> None:
    async def work(desk: RealtimeDesk, client: Client) -> None:
        other = desk.connect()
        for number in range(BAD_MESSAGES_MAX):
            assert client.closed is None, f"after {number}"
            client.session.message(b"{")
        assert client.closed == (CloseCode.POLICY, "too many bad messages")
        other.update()
        await other.done(1)
        assert other.closed is None and not other.errors

    with_client(tmp_path, work)


def test_a_flood_of_messages_is_refused_and_then_shut_out(tmp_path: Path) -> None:
    async def work(desk: RealtimeDesk, client: Client) -> None:
        for _ in range(MESSAGES_PER_S_MAX):
            client.say("conversation.item.retrieve", item_id="nope")
        assert ("rate_limit_exceeded", None) not in client.errors
        client.say("conversation.item.retrieve", item_id="nope")
        assert client.errors[-1] == ("rate_limit_exceeded", None)
        for _ in range(BAD_MESSAGES_MAX):
            client.session.message(b'{"type":"response.cancel"}')
        assert client.closed is not None and client.closed[0] is CloseCode.POLICY

    with_client(tmp_path, work)


@pytest.mark.parametrize("kind", ["pings", "empty audio", "audio there is no room for"])
def test_a_flood_of_what_is_neither_word_nor_sound_is_shut_out(tmp_path: Path, kind: str) -> None:
    async def work(desk: RealtimeDesk, client: Client) -> None:
        client.update()
        await client.done(1)
        chunk = base64.b64encode(bytes(48 * 10_000)).decode()
        if kind == "audio there is no room for":
            for _ in range(7):
                client.say("input_audio_buffer.append", audio=chunk)
        append = json.dumps({"type": "input_audio_buffer.append", "audio": chunk if "room" in kind else ""})
        for number in range(MESSAGES_PER_S_MAX + BAD_MESSAGES_MAX + 1):
            if number == MESSAGES_PER_S_MAX - 20:
                assert client.closed is None and not client.session.shut_out
            if kind == "pings":
                client.session.control()
            else:
                client.session.message(append.encode())
        assert client.closed is not None and client.closed[0] is CloseCode.POLICY
        assert client.session.shut_out and not client.session.control()

    with_client(tmp_path, work)


def test_an_hour_of_audio_at_once_is_bounded_and_said_so(tmp_path: Path) -> None:
    async def work(desk: RealtimeDesk, client: Client) -> None:
        client.update()
        await client.done(1)
        chunk = base64.b64encode(bytes(48 * 10_000)).decode()
        for _ in range(12):
            client.say("input_audio_buffer.append", audio=chunk)
        assert ("input_audio_buffer_full", "audio") in client.errors
        intake = client.session.intake
        assert intake is not None and intake.backlog_ms <= 60_000
        client.say("input_audio_buffer.clear")
        assert client.named("input_audio_buffer.cleared") and intake.backlog_ms == 0

    with_client(tmp_path, work)


def test_who_comes_when_all_lines_are_busy_is_told(tmp_path: Path) -> None:
    async def work(desk: RealtimeDesk, client: Client) -> None:
        client.update()
        await client.done(1)
        late = desk.connect()
        late.update()
        await late.until(lambda: late.closed)
        assert late.errors == [("no_capacity", None)]
        assert late.closed == (CloseCode.BUSY, "the agent cannot be reached")

    with_client(tmp_path, work, calls_max=1)


def test_a_client_that_answers_no_ping_is_gone(tmp_path: Path) -> None:
    async def work(desk: RealtimeDesk, client: Client) -> None:
        client.update()
        await client.done(1)
        now_ns = client.session._heard_ns
        client.session.check(now_ns + SILENT_AFTER_NS // 2)
        assert client.pings == 1 and client.closed is None
        client.session.check(now_ns + SILENT_AFTER_NS + 1)
        assert client.closed is not None and not desk.plane.live_calls

    with_client(tmp_path, work)


def test_a_socket_that_closes_ends_its_call(tmp_path: Path) -> None:
    async def work(desk: RealtimeDesk, client: Client) -> None:
        client.update()
        await client.until(lambda: client.audio)
        told = len(client.events)
        client.session.disconnected()
        await pass_time(1)
        assert len(client.events) == told and not desk.plane.live_calls
        outcome = desk.exchange.outcome(client.session.call_id)
        assert outcome is not None and outcome.cause == "caller_hangup"

    with_client(tmp_path, work)


# ---------------------------------------------------------------- who may connect


def test_without_keys_only_this_machine_is_let_in() -> None:
    KeyGate([], None, loopback=True).admit("", "clinic")
    with pytest.raises(Denied, match="ANTIPHON_API_KEY"):
        KeyGate([], None, loopback=False).admit("", "clinic")
    for origin in ("", "http://localhost:3000"):
        assert from_here({"host": "127.0.0.1:8081", "origin": origin})
    assert not from_here({"host": "127.0.0.1:8081", "origin": "https://elsewhere.example"})
    assert not from_here({"host": "rebound.example:8081"})


def test_with_keys_everybody_needs_one() -> None:
    keys = environment_keys({"ANTIPHON_API_KEY": "one", "ANTIPHON_API_KEYS": "two, three,"})
    gate = KeyGate(keys, None, loopback=True)
    for key in ("one", "two", "three"):
        assert gate.admit(key, "clinic") == {}
    for key in ("", "four", "one ", "ek_one"):
        with pytest.raises(Denied, match="no such key"):
            gate.admit(key, "clinic")


def test_a_client_secret_is_good_for_its_agent_until_it_expires() -> None:
    now = [1000.0]
    secrets = ClientSecrets(b"0123456789abcdef", clock=lambda: now[0])
    gate = KeyGate(["one"], secrets, loopback=False)
    value, expires_s = secrets.mint("clinic", {"instructions": "x"}, 60)
    assert expires_s == 1060 and gate.admit(value, "clinic") == {"instructions": "x"}
    forged = ClientSecrets(b"fedcba9876543210", clock=lambda: now[0]).mint("clinic", {}, 60)[0]
    for key, agent in ((value, "bank"), (value[:-2], "clinic"), (forged, "clinic"), ("ek_", "clinic")):
        with pytest.raises(Denied):
            gate.admit(key, agent)
    now[0] = 1060
    with pytest.raises(Denied, match="expired"):
        gate.admit(value, "clinic")
    with pytest.raises(ValueError, match="too long"):
        secrets.mint("clinic", {"instructions": "x" * 9000}, 60)


def test_a_key_is_found_wherever_clients_put_it() -> None:
    assert offered_key({"authorization": "Bearer abc"}) == "abc"
    assert offered_key({"sec-websocket-protocol": "realtime, openai-insecure-api-key.abc"}) == "abc"
    assert offered_key({"api-key": "abc"}) == "abc"
    assert offered_key({"authorization": "Basic abc"}) == ""


def test_nothing_of_a_message_is_repeated_in_its_refusal(tmp_path: Path) -> None:
    async def work(desk: RealtimeDesk, client: Client) -> None:
        client.say("conversation.item.retrieve", item_id="<script>secret</script>")
        client.session.message(b'{"type":"<script>secret</script>"}')
        told = json.dumps(client.named("error"))
        assert "item_not_found" in told and "<script>" not in json.dumps(client.named("error")[0])

    with_client(tmp_path, work)
