"""One browser call: the agent's voice going out, the caller's coming in, and what the page shows, over one
WebRTC connection after the other. The call is answered when audio can really flow."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from antiphon.agents.ports import Additions
from antiphon.audio.ports import WIDEBAND, MediaSource
from antiphon.calls.browser.peer import Peer
from antiphon.calls.browser.pictures import Picture, PictureIntake
from antiphon.calls.browser.playout import PlayoutQueue, PlayoutTrack
from antiphon.calls.browser.settings import BrowserSettings
from antiphon.calls.messages import FLOODED, MessageBound
from antiphon.errors import AntiphonError, CallFailed
from antiphon.runtime.arrivals import Arrangement, Arrival, Switchboard

log = structlog.get_logger(__name__)

LEAD_MS = 40  # Our own queue is next door; the far end's buffer is counted in `far_end_ms`.
FAR_END_RANGE_MS = (20, 600)
PAGE_MESSAGE_MAX_CHARS = 64
VIEW_BACKLOG_MAX = 256  # Messages kept until the data channel is open; the oldest go first.
# A browser sends packets even of a muted microphone. Without any for so long nothing of ours arrives either:
# the agent's words wait until the line is back, rather than count as heard.
STALLED_S = 1.0
QUEUE_MS = 15_000  # What may wait in the meantime.
LAST_WORDS_S = 0.3  # The last message must leave before the connection does.
_DIGITS = frozenset("0123456789*#ABCD")


class BrowserLine:
    """One call from a talk page. Implements `MediaSink` (toward the caller) and `CallerView` (their screen).

    Attributes:
        call_id: The switchboard's name for the call; "" until audio flows.
        called: The agent the page asked for.
        push_to_talk: The page says when its caller's turns begin and end.
    """

    def __init__(
        self,
        line_id: str,
        agent: str,
        switchboard: Switchboard,
        settings: BrowserSettings,
        on_gone: Callable[[str], None],
    ) -> None:
        self.line_id = line_id
        self.agent = self.called = agent
        self.call_id = ""
        self.push_to_talk = False
        self._switchboard = switchboard
        self._settings = settings
        self._on_gone = on_gone
        self._far_end_ms = settings.far_end_ms
        self._queue = PlayoutQueue(QUEUE_MS)
        self._source: MediaSource | None = None
        self._pictures = PictureIntake()
        self._lost = self._filled_ms = self._moves = 0  # Of connections before this one, and how many.
        self._backlog: deque[str] = deque(maxlen=VIEW_BACKLOG_MAX)
        self._tasks: set[asyncio.Task[None]] = set()
        self._finished = False
        self._heard_at_s = 0.0
        self._loop = asyncio.get_running_loop()
        self._messages = MessageBound(self._now_ns)
        self._peer = self._new_peer()

    def _new_peer(self) -> Peer:
        return Peer(self._settings, PlayoutTrack(self._queue, self._reached, lambda: self._is_stalled), self)

    async def open(self, sdp: str) -> str:
        """Take the page's offer (ICE candidates inside); gives the answer's SDP.

        Raises:
            CallFailed: The offer has no Opus audio or is not SDP we can read.
        """
        answer = await self._peer.open(sdp)
        self._loop.call_later(self._settings.connect_timeout_s, self._give_up_connecting)
        return answer

    async def move(self, sdp: str) -> str:
        """The page's network has changed: the call goes on over this new connection. As `open`; what there is
        stays when it cannot be used."""
        peer = self._new_peer()
        answer = await peer.open(sdp)
        if self._finished:
            self._run(peer.close())
            raise CallFailed("the call is over")
        old, self._peer = self._peer, peer
        self._lost, self._filled_ms = self._lost + old.lost, self._filled_ms + old.filled_ms
        self._moves += 1
        self._run(old.close())
        log.info("browser_line_moved", line_id=self.line_id, call_id=self.call_id)
        return answer

    @property
    def _now_ns(self) -> int:
        return int(self._loop.time() * 1e9)

    @property
    def _is_stalled(self) -> bool:
        return self._source is not None and self._loop.time() - self._heard_at_s > STALLED_S

    # Toward the caller: MediaSink

    def send(self, payload: bytes) -> None:
        self._queue.push(payload)

    def mark(self, name: str) -> None:
        self._queue.mark(name)

    def clear(self) -> None:
        # These marks were never reached. The plane asked for the clear and no longer counts them.
        for name in self._queue.clear():
            self._loop.call_soon(self._played, name)

    def end(self) -> None:
        """Our side hangs up: what is still queued plays, then the connection closes."""
        if not self._finished:
            wait_s = (self._queue.queued_ms + self._far_end_ms) / 1000 + LAST_WORDS_S
            self._loop.call_later(wait_s, self.finish, "")

    # Their screen: CallerView

    def show(self, message: dict[str, object]) -> None:
        text = msgspec.json.encode(message).decode()
        if self._is_stalled or not self._peer.show(text):
            self._backlog.append(text)

    def finish(self, reason: str) -> None:
        """The line is over. `reason` "" is our own doing; else it is what the switchboard is told."""
        if self._finished:
            return
        self._finished = True
        if self._source is not None and reason:
            self._source.closed(reason)
        self._run(self._close())
        log.info(
            "browser_line_closed", line_id=self.line_id, call_id=self.call_id, reason=reason or "agent",
            lost=self._lost + self._peer.lost, filled_ms=self._filled_ms + self._peer.filled_ms,
            dropped_bytes=self._queue.dropped_bytes, moves=self._moves,
        )  # fmt: skip

    async def _close(self) -> None:
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()
        try:
            await self._peer.close()
        finally:
            self._on_gone(self.line_id)

    # What the connection tells us: `PeerEvents`. One that was moved from has nothing more to say.

    def state(self, peer: Peer, state: str) -> None:
        if peer is not self._peer:
            return
        if state == "connected" and self._source is None and not self._finished:
            self._answer()
        elif state == "failed":
            # The page may come back on another network; if not, silence ends the call.
            log.warning("browser_line_lost", line_id=self.line_id, call_id=self.call_id)
            if self._source is None:
                self.finish("error: connection failed")
        elif state == "closed":
            self.finish("hangup")

    def _answer(self) -> None:
        arrival = Arrival(
            agent=self.agent,
            line="browser",
            line_format=WIDEBAND,
            lead_ms=LEAD_MS,
            metadata={"called": self.called},
            arrangement=Arrangement(additions=Additions(), push_to_talk=True) if self.push_to_talk else None,
        )
        self._heard_at_s = self._loop.time()
        try:
            self.call_id, self._source = self._switchboard.answer(arrival, self, self)
        except AntiphonError as error:
            log.warning("browser_call_refused", line_id=self.line_id, reason=str(error))
            self.show({"type": "end", "cause": "refused"})
            self._loop.call_later(LAST_WORDS_S, self.finish, "")
            return
        self.show({"type": "call", "call_id": self.call_id, "agent": self.agent})
        self._watch_silence()

    def heard(self, peer: Peer, pcm: bytes, filled_ms: int) -> None:
        if peer is not self._peer:
            return
        was_stalled, self._heard_at_s = self._is_stalled, self._loop.time()
        if was_stalled:
            self._catch_up()
        if self._source is not None and not self._finished:
            self._source.receive(pcm)
            if filled_ms:
                self._source.concealed(filled_ms)

    def channel_open(self, peer: Peer) -> None:
        if peer is self._peer:
            self._catch_up()

    def voice_ended(self, peer: Peer) -> None:
        if peer is self._peer:
            self.finish("hangup")

    def _catch_up(self) -> None:
        """What the page has not been shown yet."""
        while self._backlog and self._peer.show(self._backlog[0]):
            self._backlog.popleft()

    def message(self, peer: Peer, message: object) -> None:
        """From the page: "end", "dtmf:5", "talk:down", "talk:up", "far_end:120" (its own playout delay, ms),
        "image:48211" and the bytes of that picture. All else is ignored."""
        if peer is not self._peer or self._finished:
            return
        if not self._messages.passes(self._now_ns, "browser", self.call_id):
            if self._messages.flooded:
                self.finish(FLOODED)
            return
        if isinstance(message, bytes):
            self._on_picture(lambda: self._pictures.take(message))
            return
        if not isinstance(message, str) or len(message) > PAGE_MESSAGE_MAX_CHARS:
            return
        word, _, value = message.partition(":")
        if word == "end":
            self.finish("hangup")
        elif word == "dtmf" and value in _DIGITS and self._source is not None:
            self._source.dtmf(value)
        elif word == "talk" and value in ("down", "up") and self._source is not None:
            self._source.talk(value == "down")
        elif word == "image":
            self._on_picture(lambda: self._pictures.announce(value, self._loop.time() * 1000))
        elif word == "far_end" and value.isdecimal():
            low, high = FAR_END_RANGE_MS
            self._far_end_ms = max(low, min(high, int(value)))

    def _on_picture(self, take: Callable[[], Picture | None]) -> None:
        try:
            picture = take()
        except CallFailed as refused:
            self.show({"type": "picture", "shown": False, "reason": str(refused)})
            return
        if picture is not None and self._source is not None:
            self._source.show(picture.image, picture.media_type)

    # Timers

    def _reached(self, name: str) -> None:
        self._loop.call_later(self._far_end_ms / 1000, self._played, name)

    def _played(self, name: str) -> None:
        if self._source is not None and not self._finished:
            self._source.played(name)

    def _give_up_connecting(self) -> None:
        if self._source is None:
            self.finish("error: never connected")

    def _watch_silence(self) -> None:
        if self._finished:
            return
        if self._loop.time() - self._heard_at_s > self._settings.silent_timeout_s:
            self.finish("error: no audio from the browser")
        else:
            self._loop.call_later(self._settings.silent_timeout_s / 3, self._watch_silence)

    def _run(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
