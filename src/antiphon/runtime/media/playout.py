"""Playout of one call: replies in order, paced a little ahead of real time, and the heard cursor.

Two facts tell what the caller heard: the pacing clock (what was sent, less what the far end still holds) and
the marks the far end answers. What is in flight is kept as segments, so that a clear takes back exactly the
samples nobody heard and no other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from antiphon.audio.ports import LineFormat, MediaSink
from antiphon.runtime.media.mirror import Played
from antiphon.runtime.media.nobody import NOBODY
from antiphon.runtime.media.ports import LineListener
from antiphon.runtime.media.reply import Codec, Reply
from antiphon.runtime.media.settings import FRAME_MS, FRAME_NS, NEVER_NS, PlaneCounters

# (from so much lead on, so long a message): each costs a system call and its framing here and at the far end.
# What is ahead is never less than the lead less a frame, however long they are, and `clear` takes all back.
_MESSAGES_MS = ((80, 80), (60, 40))
_MARK_MS = 400  # Between marks the clock tells; each costs two messages, an event and a trace line.
_FINAL_MARK_WAIT_NS = 1_000_000_000
_RELAY_CUSHION_FRAMES = 2
_RELAY_AHEAD_MAX_NS = 200_000_000  # A burst after a stall must not stay between two people as delay.
_RELAY_IN_FLIGHT_MAX = 16  # More than the above; what is older was heard.
_RISE_MS = 5  # What was paused in the middle of its sound does not begin again with a click.
_IN_FLIGHT_UNSWEPT = 8  # What was heard weighs little: more costly to look for it at every message.


class _Mark(NamedTuple):
    reply: Reply
    position: int
    final: bool


class Playout:
    """Every method takes the clock's reading; `wake` is told when to `pump` next."""

    def __init__(
        self,
        line_format: LineFormat,
        sink: MediaSink,
        listener: LineListener,
        lead_ms: int,
        *,
        counters: PlaneCounters,
        wake: Callable[[int], None],
    ) -> None:
        self._codec = Codec(line_format)
        self.played_out = Played(line_format.sample_rate_hz)
        self._sink: MediaSink = sink
        self._listener: LineListener = listener
        self._wake, self._counters = wake, counters
        message_ms = next((message_ms for lead, message_ms in _MESSAGES_MS if lead_ms >= lead), FRAME_MS)
        self._message_samples = self._codec.frame_samples * message_ms // FRAME_MS
        self._mark_samples = _MARK_MS * line_format.sample_rate_hz // 1000
        # A message goes out when less than this is ahead: the far end holds `lead_ms` less a frame, and up to
        # a message more.
        self._refill_ns = max(0, lead_ms * 1_000_000 - FRAME_NS)
        self._queue: dict[str, Reply] = {}
        self._ended: dict[str, int] = {}  # Reply id -> heard_ms, for ever: late audio must find it dead.
        self._in_flight: deque[tuple[Reply | None, int]] = (
            deque()
        )  # (owner or padding, samples), oldest first.
        self._far_end_ns = 0  # When the far end has played all that was sent.
        self._marks: dict[str, _Mark] = {}
        self._marks_sent = 0
        self._closed = False

    def send_through(self, sink: MediaSink) -> None:
        """From now on audio goes this way: to the same far end, past somebody who listens in."""
        if not self._closed:
            self._sink = sink

    @property
    def busy(self) -> bool:
        """A reply is being heard, or held, or about to be."""
        return bool(self._queue)

    def play(self, reply_id: str, pcm: bytes, now_ns: int) -> None:
        reply = self._queue.get(reply_id)
        if self._closed or reply_id in self._ended or (reply is not None and reply.complete):
            self._counters.audio_refused += 1
            return
        if reply is None:
            reply = self._queue[reply_id] = Reply(reply_id, self._codec)
        waited = reply.total - reply.sent >= self._codec.frame_samples
        reply.append(pcm)
        if not waited:
            self.pump(now_ns)  # What waited before is due when it was, however much more there is now.

    def finish(self, reply_id: str, now_ns: int) -> None:
        if self._closed or reply_id in self._ended:
            return
        reply = self._queue.setdefault(reply_id, Reply(reply_id, self._codec))
        reply.complete = True
        if reply.total == 0:
            self._end(reply, heard=0)
            self._listener.playout_finished(reply_id, 0)
        self.pump(now_ns)

    def pause(self, reply_id: str, now_ns: int) -> int:
        if reply_id in self._ended or (self._closed and reply_id not in self._queue):
            return self._ended.get(reply_id, 0)
        # Its voice may be slow: what comes later must not be heard either.
        reply = self._queue.setdefault(reply_id, Reply(reply_id, self._codec))
        if not reply.paused and not self._closed:
            reply.paused = True
            reply.cut = reply.cut or self._sounds(reply, now_ns)
            if self._far_end_holds(reply, now_ns):
                self._clear(now_ns)
            self.pump(now_ns)
        return self._heard_ms(reply, now_ns)

    def defer(self, reply_id: str) -> None:
        if self._closed or reply_id in self._ended:
            return
        reply = self._queue.setdefault(reply_id, Reply(reply_id, self._codec))
        reply.paused = reply.deferred = True

    def resume(self, reply_id: str, rewind_ms: int, now_ns: int) -> None:
        reply = self._queue.get(reply_id)
        if reply is None or not reply.paused or self._closed:
            return
        reply.paused = reply.deferred = False
        if reply.cut:
            reply.rising, reply.cut = _RISE_MS * self._codec.sample_rate_hz // 1000, False
        if rewind_ms > 0:
            reply.sent = max(0, reply.sent - rewind_ms * self._codec.sample_rate_hz // 1000)
            # An answer still under way would prove what is about to be said again.
            self._marks = {name: mark for name, mark in self._marks.items() if mark.reply is not reply}
            reply.final_mark_sent, reply.marked = False, reply.sent
        self.pump(now_ns)

    def flush(self, reply_id: str, fade_ms: int, now_ns: int) -> int:
        reply = self._queue.get(reply_id)
        if reply is None:
            return self._ended.setdefault(reply_id, 0)
        heard_ms = self._heard_ms(reply, now_ns)
        sounding = self._sounds(reply, now_ns)
        if self._far_end_holds(reply, now_ns) and not self._closed:
            self._clear(now_ns)
        self._end(reply, heard=heard_ms)
        if sounding and not self._closed and fade_ms > 0:
            self._send_fade(reply, fade_ms, now_ns)
        self.pump(now_ns)
        return heard_ms

    def played(self, name: str, now_ns: int) -> None:
        """The far end answered a mark: all marks before it are answered too, whatever became of them."""
        if name not in self._marks:
            self._counters.marks_unknown += 1
            return
        for earlier in list(self._marks):
            mark = self._marks.pop(earlier, None)
            if mark is not None:
                self._prove(mark, now_ns)
            if earlier == name:
                break
        if not self._closed:
            self._wake(self._next_due_ns())

    def stop(self, now_ns: int, *, clear: bool) -> None:
        """The call is over: what is in flight was not heard. Replies keep their heard position."""
        if self._closed:
            return
        for reply in self._queue.values():
            self._heard_ms(reply, now_ns)
        holds = any(self._far_end_holds(reply, now_ns) for reply in self._queue.values())
        self._closed = True
        self._in_flight.clear()
        self._marks.clear()
        if clear and holds:
            self._sink.clear()
        self._sink = self._listener = NOBODY
        self._wake = NOBODY.wake

    def relay(self, payload: bytes, samples: int, now_ns: int) -> None:
        """A frame of another's voice, at once. Our own words go first: never two over one another."""
        if self._closed or self._queue or self._far_end_ns - now_ns > _RELAY_AHEAD_MAX_NS:
            self._counters.relayed_dropped += 1
            return
        if self._far_end_ns <= now_ns:
            # It begins, or had run dry: a little silence first, so that the next late frame leaves no hole.
            self._in_flight.clear()
            self._far_end_ns = now_ns
            cushion = _RELAY_CUSHION_FRAMES * samples
            self._send_relayed(self._codec.silence * cushion, cushion)
        self._send_relayed(payload, samples)

    def _send_relayed(self, payload: bytes, samples: int) -> None:
        self._sink.send(payload)
        self._in_flight.append((None, samples))
        self._far_end_ns += self._codec.ns(samples)
        while len(self._in_flight) > _RELAY_IN_FLIGHT_MAX:
            self._in_flight.popleft()

    def pump(self, now_ns: int) -> None:
        """Send what is due and end what is overdue."""
        if self._closed:
            return
        for reply in list(self._queue.values()):
            if not self._owns(reply):
                continue  # A listener gave it up while we told it of another.
            if reply.final_mark_sent and now_ns >= reply.deadline_ns and not reply.paused:
                self._counters.marks_missed += 1
                self._finished(reply)
                continue
            self._send_from(reply, now_ns)
            if self._owns(reply) and not reply.spent and not reply.deferred:
                break  # What comes after waits, paused or not: replies never overlap.
        if not self._closed:
            self._wake(self._next_due_ns())

    def _send_from(self, reply: Reply, now_ns: int) -> None:
        while self._far_end_ns - now_ns <= self._refill_ns and self._may_send(reply):
            goes_on = False
            if self._far_end_ns <= now_ns:
                goes_on = self._far_end_ns < now_ns and self._ran_dry(reply)
                self._counters.underruns += goes_on
                self._in_flight.clear()
                self._far_end_ns = now_ns
            payload, own, padding = reply.take(self._message_samples)
            self._sink.send(payload)
            self._in_flight.append((reply, own))
            self.played_out.sent(reply, self._far_end_ns, own)
            if padding:
                self._in_flight.append((None, padding))
            self._far_end_ns += self._codec.ns(own + padding)
            if len(self._in_flight) > _IN_FLIGHT_UNSWEPT:
                self._drop_heard(now_ns)
            if reply.sent - reply.marked >= self._mark_samples and not reply.spent:
                self._mark(reply, final=False)
            if not reply.started:
                reply.started = True
                self._listener.playout_started(reply.reply_id)
            elif goes_on:  # The next mark is far, and until then it would be taken for silent.
                self._listener.playout_mark(reply.reply_id, self._heard_ms(reply, now_ns))
        if reply.spent and not reply.paused and not reply.final_mark_sent and self._owns(reply):
            reply.final_mark_sent = True
            reply.deadline_ns = max(now_ns, self._far_end_ns) + _FINAL_MARK_WAIT_NS
            self._mark(reply, final=True)

    def _owns(self, reply: Reply) -> bool:
        return not self._closed and self._queue.get(reply.reply_id) is reply

    def _may_send(self, reply: Reply) -> bool:
        # Asked again after every callback: a listener may have paused, flushed or closed in between.
        return reply.sendable and not reply.paused and self._owns(reply)

    def _ran_dry(self, reply: Reply) -> bool:
        return reply.started and any(owner is reply for owner, _ in self._in_flight)

    def _mark(self, reply: Reply, *, final: bool) -> None:
        self._marks_sent += 1
        reply.marked = reply.sent
        name = f"m{self._marks_sent}"
        self._marks[name] = _Mark(reply, reply.sent, final)
        self._sink.mark(name)

    def _prove(self, mark: _Mark, now_ns: int) -> None:
        reply = mark.reply
        if not self._owns(reply):
            return
        reply.heard = max(reply.heard, mark.position)
        if mark.final:
            self._finished(reply)
        else:
            self._listener.playout_mark(reply.reply_id, self._codec.ms(reply.heard))

    def _finished(self, reply: Reply) -> None:
        heard_ms = self._codec.ms(reply.total)
        self._end(reply, heard=heard_ms)
        self._listener.playout_finished(reply.reply_id, heard_ms)

    def _end(self, reply: Reply, *, heard: int) -> None:
        self._queue.pop(reply.reply_id, None)
        self._ended[reply.reply_id] = heard

    def _clear(self, now_ns: int) -> None:
        """Silence the far end, and take back what it had not played."""
        for reply, samples in self._unheard(now_ns).items():
            reply.sent -= samples
        self._in_flight.clear()
        self._marks.clear()  # Before the sink hears of it: answers given from now on prove nothing.
        self._far_end_ns = now_ns
        self.played_out.cleared(now_ns)
        for reply in self._queue.values():
            reply.final_mark_sent = False
            reply.marked = min(reply.marked, reply.sent)
        self._sink.clear()

    def _send_fade(self, reply: Reply, fade_ms: int, now_ns: int) -> None:
        """A hard cut clicks on a narrowband line; the next few samples, falling to silence, do not."""
        codec = self._codec
        frames = -(-fade_ms // FRAME_MS)
        faded = codec.fade(reply.peek(fade_ms * codec.sample_rate_hz // 1000))
        if not faded:
            return
        samples = frames * codec.frame_samples
        self._sink.send(faded + codec.silence * (samples - len(faded) // codec.sample_bytes))
        self._in_flight.append((None, samples))
        self._far_end_ns = max(now_ns, self._far_end_ns) + codec.ns(samples)

    def _unheard(self, now_ns: int) -> dict[Reply, int]:
        """Samples still to be played at the far end, by reply, in playing order."""
        left = self._codec.samples_ceil(self._far_end_ns - now_ns)
        newest_first: list[tuple[Reply, int]] = []
        for owner, samples in reversed(self._in_flight):
            part = min(left, samples)
            if part <= 0:
                break
            left -= part
            if owner is not None:
                newest_first.append((owner, part))
        unheard: dict[Reply, int] = {}
        for owner, part in reversed(newest_first):
            unheard[owner] = unheard.get(owner, 0) + part
        return unheard

    def _sounds(self, reply: Reply, now_ns: int) -> bool:
        """It is what the far end plays now, by the clock."""
        return next(iter(self._unheard(now_ns)), None) is reply

    def _far_end_holds(self, reply: Reply, now_ns: int) -> bool:
        """By the clock, or by a mark it still owes us: its own buffer may run behind our clock."""
        owed = any(mark.reply is reply for mark in self._marks.values())
        return owed or bool(self._unheard(now_ns).get(reply))

    def _drop_heard(self, now_ns: int) -> None:
        held = self._codec.samples_ceil(self._far_end_ns - now_ns)
        sent = 0
        for place, (_, samples) in enumerate(reversed(self._in_flight), start=1):
            sent += samples
            if sent >= held:
                while len(self._in_flight) > place:
                    self._in_flight.popleft()
                return

    def _heard_ms(self, reply: Reply, now_ns: int) -> int:
        if not self._closed:
            reply.heard = max(reply.heard, reply.sent - self._unheard(now_ns).get(reply, 0))
        return self._codec.ms(reply.heard)

    def _next_due_ns(self) -> int:
        due = NEVER_NS
        sending = True
        for reply in self._queue.values():
            if reply.final_mark_sent and not reply.paused:
                due = min(due, reply.deadline_ns)
            if sending and not reply.spent and not reply.deferred:
                sending = False
                if reply.sendable and not reply.paused:
                    due = min(due, self._far_end_ns - self._refill_ns)
        return due
