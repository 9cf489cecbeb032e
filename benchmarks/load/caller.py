"""One scripted phone call as the carrier sees it: sends messages, plays what comes, takes times.

No socket and no clock: whoever drives it calls `frame` every 20 ms and `message` for what arrives, with the
time in s. A call is: silence, then for each turn the phrase, the agent's reply heard out, a gap; in a turn
that interrupts, the phrase again some time into the reply, and the reply to that heard out.

Response: from the last frame of the phrase handed over to the first message with sound. Barge-in: from the
first frame of the phrase to `clear`. A message is late if it comes after it should have been played, given a
jitter buffer of 60 ms that opens with the first message of the reply.
"""

from __future__ import annotations

import enum
from base64 import b64decode
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

FRAME_S = 0.020
JITTER_S = 0.060
_ZEROS = bytes(code for code in range(256) if (code & 0x70) == 0x70)  # Under -48 dBFS: no sound of an agent.


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a caller does. Frames are 20 ms of mu-law in base64; `quiet` is the line while nobody speaks, in a
    loop, `phrase` what he says."""

    quiet: list[str]
    phrase: list[str]
    turns: int = 2
    barges: frozenset[int] = frozenset({1})
    barge_after_s: float = 1.5
    lead_s: float = 0.8
    gap_s: float = 0.5
    timeout_s: float = 10.0
    reply_s: float = 0.0  # A reply that was not interrupted is at least 95 % of that, or it counts as short.


@dataclass(slots=True)
class Tally:
    """What all calls of a window saw; times in ms."""

    response_ms: list[float] = field(default_factory=list)
    barge_ms: list[float] = field(default_factory=list)
    trouble: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    late: int = 0
    replies: int = 0
    replies_short: int = 0
    after_clear: int = 0  # Messages with sound of a reply that was interrupted.
    agent_s: float = 0.0  # Of agent speech while the caller was silent,
    false_pauses: int = 0  # and how often it was paused all the same.
    calls: int = 0


class _Phase(enum.Enum):
    LEAD = "lead"
    SPEAKING = "speaking"
    WAITING = "waiting"
    LISTENING = "listening"
    OVER = "over"


class _Media(msgspec.Struct, gc=False):
    payload: str = ""


class _Mark(msgspec.Struct, gc=False):
    name: str = ""


class _Message(msgspec.Struct, gc=False):
    event: str
    media: _Media | None = None
    mark: _Mark | None = None


_DECODER = msgspec.json.Decoder(_Message)


class Caller:
    """One call. `send` takes a message's text; `over` is told once, when the caller hangs up."""

    def __init__(
        self,
        script: Script,
        number: int,
        tally: Tally,
        send: Callable[[bytes], None],
        over: Callable[[], None],
    ) -> None:
        self.script, self.tally = script, tally
        self._send, self._over = send, over
        self._sid = f"MZ{number:032x}"
        self._call = f"CA{number:032x}"
        self._phase = _Phase.LEAD
        self._sequence = 1
        self._frames = 0
        self._spoken = 0  # Frames of the phrase.
        self._turn = 0
        self._barging = self._barged = False
        self._since_s = 0.0  # Of the phase, or of the moment its measurement starts from.
        self._cleared = False
        self._play_end_s = 0.0  # When all that came will have been played.
        self._last_media_s = 0.0
        self._reply_bytes = 0
        self._buffer_s: float | None = None
        self._marks: deque[tuple[float, str]] = deque()

    @property
    def is_over(self) -> bool:
        return self._phase is _Phase.OVER

    def begin(self, now_s: float) -> None:
        self._since_s = now_s
        self._send(b'{"event":"connected","protocol":"Call","version":"1.0.0"}')
        form = '{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}'
        self._say(
            f'"start","start":{{"accountSid":"AC0","streamSid":"{self._sid}","callSid":"{self._call}",'
            f'"tracks":["inbound"],"customParameters":{{}},"mediaFormat":{form}}}'
        )

    def frame(self, now_s: float) -> None:
        """Hand over one frame, answer the marks that were reached, and go on in the script."""
        if self.is_over:
            return
        self._frames += 1
        script = self.script
        if self._phase is _Phase.SPEAKING:
            payload = script.phrase[self._spoken]
        else:
            payload = script.quiet[self._frames % len(script.quiet)]
        self._say(
            f'"media","media":{{"track":"inbound","chunk":"{self._frames}","timestamp":"{20 * self._frames}",'
            f'"payload":"{payload}"}}'
        )
        while self._marks and self._marks[0][0] <= now_s:
            self._answer(self._marks.popleft()[1])
        self._step(now_s)

    def message(self, raw: bytes | memoryview, now_s: float) -> None:
        if self.is_over:
            return
        message = _DECODER.decode(raw)
        if message.event == "media" and message.media is not None:
            self._hear(b64decode(message.media.payload), now_s)
        elif message.event == "mark" and message.mark is not None:
            self._marks.append((max(now_s, self._play_end_s), message.mark.name))
        elif message.event == "clear":
            self._clear(now_s)

    def lost(self, why: str) -> None:
        """The other side closed the socket."""
        if not self.is_over:
            self.tally.trouble[why] += 1
            self._phase = _Phase.OVER
            self._over()

    def hang_up(self) -> None:
        if not self.is_over:
            self._say(f'"stop","stop":{{"accountSid":"AC0","callSid":"{self._call}"}}')
            self._phase = _Phase.OVER
            self._over()

    def _say(self, text: str) -> None:
        self._send(
            f'{{"event":{text},"sequenceNumber":"{self._sequence}","streamSid":"{self._sid}"}}'.encode()
        )
        self._sequence += 1

    def _answer(self, name: str) -> None:
        self._say(f'"mark","mark":{{"name":"{name}"}}')

    def _fail(self, why: str) -> None:
        self.tally.trouble[why] += 1
        self.hang_up()

    def _step(self, now_s: float) -> None:
        script = self.script
        match self._phase:
            case _Phase.LEAD:
                quiet = now_s >= self._play_end_s and now_s - self._last_media_s > 0.3
                if now_s - self._since_s >= script.lead_s and quiet:
                    self._speak()
            case _Phase.SPEAKING:
                if self._spoken == 0:
                    self._since_s = now_s
                self._spoken += 1
                if self._spoken == len(script.phrase):
                    self._end_phrase(now_s)
            case _Phase.WAITING if now_s - self._since_s > script.timeout_s:
                self._fail("no response")
            case _Phase.LISTENING:
                self._listen(now_s)

    def _listen(self, now_s: float) -> None:
        script = self.script
        if self._turn in script.barges and not self._barged:
            if now_s - self._since_s >= script.barge_after_s:
                if now_s >= self._play_end_s:
                    self._fail("nothing to interrupt")
                    return
                self.tally.agent_s += now_s - self._since_s
                self._barging = True
                self._speak()
        elif min(now_s - self._play_end_s, now_s - self._last_media_s) > script.gap_s:
            self._end_reply()

    def _speak(self) -> None:
        self._phase, self._spoken, self._cleared = _Phase.SPEAKING, 0, False

    def _end_phrase(self, now_s: float) -> None:
        if self._barging:
            if not self._cleared:
                self._fail("not interrupted")
                return
            self._barging, self._barged = False, True
        self._phase, self._since_s = _Phase.WAITING, now_s
        self._reply_bytes, self._buffer_s = 0, None

    def _end_reply(self) -> None:
        tally = self.tally
        reply_s = self._reply_bytes / 8000
        tally.replies += 1
        tally.replies_short += reply_s < 0.95 * self.script.reply_s
        tally.agent_s += reply_s
        self._turn += 1
        self._barged = False
        if self._turn < self.script.turns:
            self._speak()
            return
        tally.calls += 1
        self.hang_up()

    def _hear(self, payload: bytes, now_s: float) -> None:
        duration_s = len(payload) / 8000
        sound = bool(payload.translate(None, _ZEROS))
        if self._phase is _Phase.WAITING and sound:
            self.tally.response_ms.append(1000 * (now_s - self._since_s))
            self._phase, self._since_s = _Phase.LISTENING, now_s
        elif self._phase is _Phase.SPEAKING and sound:
            if self._cleared:
                self.tally.after_clear += 1
            elif not self._barging and self._spoken > 5:
                self.tally.trouble["spoke over the caller"] += 1
        self._last_media_s = now_s
        self._play_end_s = max(self._play_end_s, now_s) + duration_s
        if self._phase is _Phase.LISTENING:
            self._reply_bytes += len(payload)
            self._count_late(now_s, duration_s)

    def _count_late(self, now_s: float, duration_s: float) -> None:
        due_s = now_s + JITTER_S if self._buffer_s is None else self._buffer_s
        self.tally.messages += 1
        self.tally.late += now_s > due_s
        self._buffer_s = max(now_s, due_s) + duration_s

    def _clear(self, now_s: float) -> None:
        if self._barging and self._phase is _Phase.SPEAKING and not self._cleared:
            self._cleared = True
            self.tally.barge_ms.append(1000 * (now_s - self._since_s))
        elif self._phase is _Phase.LISTENING:
            self.tally.false_pauses += 1
        self._play_end_s = min(self._play_end_s, now_s)
        self._buffer_s = None
        while self._marks:  # As the carrier does: what was pending is answered at once.
            self._answer(self._marks.popleft()[1])
