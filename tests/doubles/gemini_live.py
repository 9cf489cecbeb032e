"""Gemini Live (BidiGenerateContent, v1beta) as a speech-to-speech session over one socket.

Written from `types` of google-genai 3.6, which every message is checked against, both ways; what it refuses,
and when it stops, is from the vendor's Live API guide. It keeps what it was told, so that a test can ask.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pydantic
from google.genai import types
from tests.doubles.coded_session import CodedSession
from tests.doubles.gemini_live_script import LiveScript, usage
from tests.doubles.openai_realtime import Memory, Spoken
from tests.doubles.sdk_types import checked
from tests.doubles.socket_vendor import KEY, Peer, SocketVendor

IN_HZ, OUT_HZ, DELTA_MS = 16_000, 24_000, 100
LOUD, SILENCE_MS = 1_000, 300
PATH = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"


def gemini_live(script: LiveScript, **settings: Any) -> SocketVendor:
    async def talk(peer: Peer) -> None:
        await LiveConnection(peer, script).run()

    return SocketVendor(
        talk=talk,
        authorised=lambda headers, query: headers.get("x-goog-api-key") == KEY,
        check=_check_request,
        on_auth=_refuse_key,
        on_rate_limit=_refuse_quota,
        close_code=(1011, "internal error"),
        **settings,
    )


def _check_request(peer: Peer) -> None:
    assert peer.path == PATH
    assert not peer.query, "the SDK shows the key in a header"


async def _refuse_key(peer: Peer) -> None:
    await peer.close(1007, "API key not valid. Please pass a valid API key.")


async def _refuse_quota(peer: Peer) -> None:
    await peer.close(1011, "You exceeded your current quota.")


def _told(message: dict[str, Any]) -> Any:
    """What the client says, as the SDK's own type reads it."""
    assert len(message) == 1, f"exactly one field a message: {sorted(message)}"
    try:
        checked(types.LiveClientMessage, message)
        return types.LiveClientMessage.model_validate(message)
    except pydantic.ValidationError as error:
        raise AssertionError(str(error)) from None


class LiveConnection:
    def __init__(self, peer: Peer, script: LiveScript) -> None:
        self.peer, self._script = peer, script
        self.setup: dict[str, Any] = {}
        self.known = Memory()
        self.audio = b""
        self.images: list[tuple[str, bytes]] = []
        self.results: list[dict[str, Any]] = []
        self.generating = self.active = False
        self._manual = self._seeding = False
        self._silent_ms = 0
        self._waiting: set[str] = set()
        self._withdrawn: set[str] = set()
        self._words = CodedSession(IN_HZ, OUT_HZ) if script.coded else None

    async def run(self) -> None:
        async for message in self.peer.messages():
            if not self.setup:
                if not await self._set_up(message):
                    return
                continue
            told = _told(message)
            if told.client_content is not None:
                await self._content(told.client_content)
            elif told.realtime_input is not None:
                await self._realtime(told.realtime_input)
            else:
                assert told.tool_response is not None, "nothing else may follow the setup"
                await self._results(told.tool_response)

    async def _set_up(self, message: dict[str, Any]) -> bool:
        assert list(message) == ["setup"], "the setup comes first"
        setup = dict(message["setup"])
        assert setup["model"] == "models/gemini-3.8-live"
        assert "thinkingConfig" not in setup["generationConfig"], "this model refuses it"
        wanted, turns = _read_setup(setup)
        detection = turns.automatic_activity_detection
        self._manual = bool(detection and detection.disabled)
        history = wanted.history_config
        self._seeding = bool(history and history.initial_history_in_client_content)
        handle = wanted.session_resumption.handle if wanted.session_resumption else None
        if handle and handle not in self._script.kept:
            await self.peer.close(1007, "Request contains an invalid argument.")
            return False
        system = wanted.system_instruction
        parts = system.parts if isinstance(system, types.Content) else None
        text = "".join(part.text or "" for part in parts or ())
        self.setup = setup
        self.known = Memory(instructions=text, items=list(self._script.kept.get(handle or "", ())))
        self._script.sessions.append(self)
        await self.send(setupComplete={"sessionId": f"s{len(self._script.sessions)}"})
        return True

    # ---------------------------------------------------------------- what the client says

    async def _content(self, content: types.LiveClientContent) -> None:
        for turn in content.turns or ():
            assert turn.role in ("user", "model")
            assert all(part.function_call is None for part in turn.parts or ()), "closed with 1007"
            text = "".join(part.text or "" for part in turn.parts or ())
            who = "agent" if turn.role == "model" else "caller"
            if text.startswith("[Not said by the caller]"):
                who = "wish" if content.turn_complete else "note"
            self.known.items.append((who, text))
        if self._seeding:
            self._seeding = not content.turn_complete
            return
        await self._interrupt()
        if content.turn_complete:
            await self.respond()

    async def _realtime(self, told: types.LiveClientRealtimeInput) -> None:
        assert not self._seeding, "history first"
        if told.audio is not None:
            assert told.audio.mime_type == "audio/pcm;rate=16000"
            assert not self._manual or self.active, "sound outside of an activity is not heard"
            self.audio += told.audio.data or b""
            if self._words is not None:
                self._words.push(told.audio.data or b"")
            if not self._manual:
                await self._detect(np.frombuffer(told.audio.data or b"", "<i2"))
        if told.video is not None:
            self.images.append((told.video.mime_type or "", told.video.data or b""))
        if told.activity_start is not None:
            assert self._manual and not self.active
            self.active = True
            await self._interrupt()
        if told.activity_end is not None:
            assert self._manual and self.active
            await self._heard()
        if told.audio_stream_end:
            assert not self._manual
            await self._heard()

    async def _detect(self, samples: np.ndarray[Any, Any]) -> None:
        if len(samples) and np.abs(samples).max() > LOUD:
            self._silent_ms = 0
            if not self.active:
                self.active = True
                await self._interrupt()
        elif self.active:
            self._silent_ms += len(samples) // 16
            if self._silent_ms >= SILENCE_MS:
                await self._heard()

    async def _heard(self) -> None:
        """The caller's turn is over. Its words come in pieces, without an end."""
        self.active = False
        heard = self._script.next_words() if self._words is None else self._words.heard()
        self.known.items.append(("caller", heard))
        for piece in filter(None, heard.partition(" ")):
            await self.content(inputTranscription={"text": piece})
        await self.respond()

    async def _results(self, told: types.LiveClientToolResponse) -> None:
        taken = False
        for response in told.function_responses or ():
            if response.id in self._withdrawn:
                continue  # The two crossed on the wire: nobody is waiting for it any more.
            assert response.id in self._waiting, "a result of no call"
            self._waiting.discard(response.id or "")
            taken = True
            self.results.append({"name": response.name, "response": response.response})
            self.known.items.append(("tool", json.dumps(response.response)))
        if taken and not self._waiting:
            await self.respond()

    async def _interrupt(self) -> None:
        if self._waiting:
            withdrawn, self._waiting = sorted(self._waiting), set()
            self._withdrawn.update(withdrawn)
            await self.send(toolCallCancellation={"ids": withdrawn})
        if self.generating:
            self.generating = False
            await self.content(interrupted=True)
            await self._bill(serverContent={"turnComplete": True})

    # ---------------------------------------------------------------- what the vendor says

    async def respond(self) -> None:
        answer = self._script.next_answer(self.known)
        self.generating = True
        if answer.text and answer.items_ms:
            await self._say(answer)
        if answer.calls:
            await self._call(answer)
        elif not answer.hold:
            await self.over()

    async def _say(self, answer: Spoken) -> None:
        self.known.items.append(("agent", answer.text))
        # Words may run ahead of the sound they are said with.
        await self.content(outputTranscription={"text": answer.text})
        if self._words is not None:
            for pcm in self._words.sound(answer.text):
                await self.sound(pcm)
            return
        for _ in range(1 if answer.hold else sum(answer.items_ms) // DELTA_MS):
            await self.sound()

    async def sound(self, pcm: bytes = b"") -> None:
        """A tone, unless there is `pcm` at `OUT_HZ`."""
        tone = (8000 * np.sin(np.arange(OUT_HZ * DELTA_MS // 1000) / 10)).astype("<i2")
        data = base64.b64encode(pcm or tone.tobytes()).decode()
        blob = {"mimeType": "audio/pcm;rate=24000", "data": data}
        await self.content(modelTurn={"role": "model", "parts": [{"inlineData": blob}]})

    async def _call(self, answer: Spoken) -> None:
        calls: list[dict[str, Any]] = [
            {"id": f"call{self._script.given}-{number}", "name": name, "args": _object(arguments)}
            for number, (name, arguments) in enumerate(answer.calls)
        ]
        self._waiting = {call["id"] for call in calls}
        self.generating = False
        await self._bill(toolCall={"functionCalls": calls})

    async def over(self) -> None:
        """A turn's end: its last messages, and a handle for what is known now."""
        self.generating = False
        await self.content(generationComplete=True)
        await self._bill(serverContent={"turnComplete": True})
        await self.keep()

    async def _bill(self, **fields: Any) -> None:
        bill, before = self._script.next_bill(), self.peer.sent
        await self.send(**fields, usageMetadata=usage(bill))
        if self.peer.sent > before:
            self._script.bills.append(bill)

    async def keep(self) -> None:
        handle = f"handle{len(self._script.kept) + 1}"
        self._script.kept[handle] = list(self.known.items)
        await self.send(sessionResumptionUpdate={"newHandle": handle, "resumable": True})

    async def go_away(self, left: str = "10s") -> None:
        await self.send(goAway={"timeLeft": left})

    async def content(self, **fields: Any) -> None:
        await self.send(serverContent=fields)

    async def send(self, **fields: Any) -> None:
        checked(types.LiveServerMessage, fields)
        await self.peer.send(fields)


def _read_setup(setup: dict[str, Any]) -> tuple[types.LiveClientSetup, types.RealtimeInputConfig]:
    """As the SDK's types read it: below the first level its keys come in either case. `LiveClientSetup` has
    no field for `realtimeInputConfig`, which is a type of its own there."""
    rest = dict(setup)
    turns = rest.pop("realtimeInputConfig", {})
    try:
        checked(types.RealtimeInputConfig, turns)
        for tool in rest.pop("tools", []):
            checked(types.Tool, tool)
        checked(types.LiveClientSetup, rest)
        return types.LiveClientSetup.model_validate(rest), types.RealtimeInputConfig.model_validate(turns)
    except pydantic.ValidationError as error:
        raise AssertionError(str(error)) from None


def _object(text: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(text)
    return read
