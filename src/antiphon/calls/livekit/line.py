"""One call in a LiveKit room: our track goes out, the first participant with a microphone is the caller.
Others in the room hear the agent; it does not hear them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import structlog
from livekit import rtc

from antiphon.audio.ports import WIDEBAND, MediaSource
from antiphon.calls.livekit.voice import SAMPLE_RATE_HZ, SDK_QUEUE_MS, RoomVoice
from antiphon.calls.messages import FLOODED, MessageBound
from antiphon.calls.sip.playout import Playout
from antiphon.errors import AntiphonError, CallFailed
from antiphon.runtime.arrivals import Arrival, Switchboard

log = structlog.get_logger(__name__)

TOPIC = "antiphon"
LEAD_MS = 80
VIEW_BACKLOG_MAX = 256
HEARD_FRAMES_MAX = 50  # A second of the caller, when the loop is late; the SDK drops the oldest.
MESSAGE_MAX_BYTES = 256
HANG_UP_TICKS_MAX = 250  # Five seconds for the last words.
_DIGITS = frozenset("0123456789*#ABCD")


class RoomLine:
    """Implements `MediaSink` and `CallerView`.

    Args:
        room: Not yet connected.
        gone: Told once, when the agent is out of the room.
    """

    def __init__(
        self, room: rtc.Room, agent: str, switchboard: Switchboard, gone: Callable[[RoomLine], None]
    ) -> None:
        self.agent, self.call_id, self.caller = agent, "", ""
        self._room, self._switchboard, self._gone = room, switchboard, gone
        self._audio = rtc.AudioSource(SAMPLE_RATE_HZ, 1, queue_size_ms=SDK_QUEUE_MS)
        self._voice = RoomVoice(self._audio)
        self._playout = Playout(self._voice)
        self._source: MediaSource | None = None
        self._shown: asyncio.Queue[bytes] = asyncio.Queue(VIEW_BACKLOG_MAX)
        self._messages = MessageBound(_now_ns())
        self._understood = True  # All that came so far.
        self._hang_up_in = -1
        self._finished = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def join(self, url: str, token: str) -> None:
        """Raises: CallFailed: The SFU cannot be reached, or does not let us in."""
        self._room.on("track_subscribed", self._track_subscribed)
        self._room.on("participant_disconnected", self._participant_left)
        self._room.on("disconnected", self._disconnected)
        self._room.on("data_received", self._data_received)
        self._room.on("sip_dtmf_received", self._dtmf_received)
        try:
            await self._room.connect(url, token)
            track = rtc.LocalAudioTrack.create_audio_track("agent", self._audio)
            options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
            await self._room.local_participant.publish_track(track, options)
        except (rtc.ConnectError, rtc.participant.PublishTrackError) as error:
            await self._leave()
            raise CallFailed(f"the room could not be joined ({error.message})") from error
        self._act(self._voice.run())
        self._act(self._show_all())

    # Toward the caller: `MediaSink`.

    def send(self, payload: bytes) -> None:
        self._playout.say(payload)

    def mark(self, name: str) -> None:
        self._playout.mark(name)

    def clear(self) -> None:
        self._playout.clear()

    def end(self) -> None:
        if self._hang_up_in < 0:
            self._hang_up_in = HANG_UP_TICKS_MAX

    def show(self, message: dict[str, object]) -> None:
        if self._shown.full():
            self._shown.get_nowait()
        self._shown.put_nowait(msgspec.json.encode(message))

    def tick(self) -> None:
        """Every 20 ms."""
        for name in self._playout.tick():
            if self._source is not None:
                self._source.played(name)
        if self._hang_up_in >= 0:
            self._hang_up_in -= 1
            if self._hang_up_in < 0 or self._playout.is_idle:
                self.finish("")

    def finish(self, reason: str) -> None:
        """Out of the room; `reason` is the line's, "" when the agent hung up. Safe twice."""
        if self._finished:
            return
        self._finished = True
        source, self._source = self._source, None
        if source is not None and reason:
            source.closed(reason)
        self._act(self._leave())

    # From the room.

    def _track_subscribed(
        self, track: Any, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        if track.kind != rtc.TrackKind.KIND_AUDIO or self._finished:
            return
        if self.caller and participant.identity != self.caller:
            log.info("livekit_participant_not_heard", call=self.call_id)
            return
        if not self.caller:
            self.caller = participant.identity
            self._answer(participant)
        if self._source is not None:
            self._act(self._hear(track, self._source))

    def _answer(self, participant: rtc.RemoteParticipant) -> None:
        number = dict(participant.attributes).get("sip.phoneNumber", "")
        arrival = Arrival(
            agent=self.agent,
            line="browser",
            line_format=WIDEBAND,
            caller_number=number if number.startswith("+") else "",
            lead_ms=LEAD_MS,
            metadata={"carrier": "livekit", "carrier_call": self._room.name},
        )
        try:
            self.call_id, self._source = self._switchboard.answer(arrival, self, self)
        except AntiphonError as error:
            log.warning("livekit_call_not_taken", agent=self.agent, reason=str(error))
            self.finish("")

    async def _hear(self, track: Any, source: MediaSource) -> None:
        stream = rtc.AudioStream(
            track, sample_rate=SAMPLE_RATE_HZ, num_channels=1, frame_size_ms=20, capacity=HEARD_FRAMES_MAX
        )
        try:
            async for event in stream:
                source.receive(bytes(event.frame.data))
        finally:
            await stream.aclose()

    def _participant_left(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity == self.caller:
            self.finish("hangup")

    def _disconnected(self, reason: object = None) -> None:
        self.finish("error: the room is gone")

    def _dtmf_received(self, pressed: rtc.SipDTMF) -> None:
        theirs = pressed.participant is None or pressed.participant.identity == self.caller
        if theirs and self._passes():
            self._press(pressed.digit)

    def _data_received(self, packet: rtc.DataPacket) -> None:
        """{"type": "key", "digit": "5"} or {"type": "talk", "pressed": true}, from the caller only."""
        if packet.topic != TOPIC or packet.participant is None or packet.participant.identity != self.caller:
            return  # What others in the room send one another is nothing to us, however much it is.
        if not self._passes():
            return
        try:
            if len(packet.data) > MESSAGE_MAX_BYTES:
                raise msgspec.DecodeError("too long")
            message = msgspec.json.decode(packet.data, type=PageMessage)
        except msgspec.DecodeError:
            if self._understood:
                log.warning("livekit_message_not_understood", call=self.call_id, size_bytes=len(packet.data))
            self._understood = False
            return
        if message.type == "key":
            self._press(message.digit)
        elif message.type == "talk" and self._source is not None:
            self._source.talk(message.pressed)

    def _passes(self) -> bool:
        """One more message of the caller; from one who sends them without end the agent goes away."""
        if self._finished or self._messages.passes(_now_ns(), "livekit", self.call_id):
            return not self._finished
        if self._messages.flooded:
            self.finish(FLOODED)
        return False

    def _press(self, digit: str) -> None:
        if digit in _DIGITS and self._source is not None:
            self._source.dtmf(digit)

    async def _show_all(self) -> None:
        while True:
            message = await self._shown.get()
            try:
                await self._room.local_participant.publish_data(message, reliable=True, topic=TOPIC)
            except rtc.participant.PublishDataError as error:
                log.warning("livekit_message_not_sent", call=self.call_id, reason=error.message)

    async def _leave(self) -> None:
        others = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._room.disconnect()
        await self._audio.aclose()
        self._gone(self)

    def _act(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name=f"room of {self.agent}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _now_ns() -> int:
    return int(asyncio.get_running_loop().time() * 1e9)


class PageMessage(msgspec.Struct, frozen=True):
    type: str
    digit: str = ""
    pressed: bool = False
