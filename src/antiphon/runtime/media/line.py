"""One call in the plane, and its two faces: `PlaneSource` for the transport, `PlaneLine` for the driver."""

from __future__ import annotations

from collections.abc import Callable

from antiphon.audio.line_quality import LineSecond
from antiphon.audio.ports import Encoding, LineFormat, MediaSink
from antiphon.runtime.media import mirror
from antiphon.runtime.media.bank import GAP_NS, Bank
from antiphon.runtime.media.bridge import conversion
from antiphon.runtime.media.fence import Fence
from antiphon.runtime.media.nobody import NOBODY
from antiphon.runtime.media.playout import Playout
from antiphon.runtime.media.ports import Line, LineListener, LineTap
from antiphon.runtime.media.rows import HISTORY_FRAMES
from antiphon.runtime.media.settings import FRAME_MS, FRAME_NS, PlaneCounters
from antiphon.runtime.media.tapping import TappedSink

# A clock a little fast is a clock, and a network that stood still delivers all of it at once.
_LEAST_NS = FRAME_NS * 10 // 11  # Between two frames, in the long run.
_BURST_NS = 10_000_000_000  # That much at once, who was silent as long before.
# Of what came on top and was dropped: so much at once, and 200 frames a second in the long run, end the line.
_FLOOD_LEAST_NS = 5_000_000
_FLOOD_BURST_NS = 1500 * _FLOOD_LEAST_NS
_CRUMB_NS = 1_000_000  # Nor are there a thousand messages a second, however little is in each.
FLOODED = "error: audio came many times faster than real time"
_QUEUED_FRAMES_MAX = 100  # Between two ticks: 2 s, a stalled network's burst; more is an attack or a bug.
_MESSAGE_MS_MAX = 1000
_DTMF = frozenset("0123456789*#ABCD")


class LiveCall:
    """A row, its playout and its listener. After the end every method is a no-op."""

    def __init__(
        self,
        bank: Bank,
        line_format: LineFormat,
        sink: MediaSink,
        listener: LineListener,
        lead_ms: int,
        *,
        clock: Callable[[], int],
        counters: PlaneCounters,
    ) -> None:
        self.bank, self.clock, self.counters = bank, clock, counters
        self.sink: MediaSink = sink
        self.listener: LineListener = listener
        self.open = True
        self.line_format = line_format
        self.muted = b""  # A frame of silence in place of each of the caller's, while he is not to be heard.
        self.relay: Callable[[bytes, int], None] | None = None  # Where this caller's frames go besides.
        self.tapped: TappedSink | None = None  # Once somebody has listened in.
        self.inbox = bank.inboxes[line_format.encoding]
        self.frame_bytes = line_format.bytes_per_ms * FRAME_MS
        self.began_ns = clock()
        self.row = bank.join(Fence(self), line_format.encoding, self.began_ns)
        self.playout = Playout(line_format, sink, listener, lead_ms, counters=counters, wake=self._wake_at)
        self._onset = self._end = 0  # First and one past the last sample of the voice heard last.
        self._ended_ms = 0  # Of the caller's last speech; what is heard later was not said before.

    @property
    def now_ms(self) -> int:
        return (self.clock() - self.began_ns) // 1_000_000

    def hear(self, pcm: bytes) -> None:
        self.listener.caller_audio(pcm)
        if self.tapped is not None:
            self.tapped.tell(lambda tap: tap.caller(pcm))

    def speech_started(self, onset_sample: int) -> None:
        if onset_sample - self._end > mirror.APART_MS * self.bank.sample_rate_hz // 1000:
            self._onset = onset_sample
        self.listener.speech_started(max(self._ended_ms, self._date_ms(onset_sample)))

    def speech_stopped(self, end_sample: int) -> None:
        self._end = end_sample
        self._ended_ms = max(self._ended_ms, self._date_ms(end_sample))
        self.listener.speech_stopped(self._ended_ms)

    def line_measured(self, second: LineSecond) -> None:
        self.listener.line_measured(second)

    def hears_itself(self) -> bool:
        """The voice heard last rises and falls as what we played just before."""
        rate_hz, arrays = self.bank.sample_rate_hz, self.bank.arrays
        stop = int(arrays.frames[self.row]) * arrays.frame_samples
        voice = min(stop - self._onset, mirror.LATEST_MS * rate_hz // 1000)
        if not self.playout.busy or voice < mirror.VOICE_MIN_MS * rate_hz // 1000:
            return False  # An answer after our last sample is nobody's echo, and comes every turn.
        start = max(0, stop - voice - mirror.BEFORE_MS * rate_hz // 1000)
        lag = mirror.LAG_MS * rate_hz // 1000
        from_ns = self.bank.sample_at_ns(self.row, start) - mirror.LAG_MS * 1_000_000
        played = self.playout.played_out.between(from_ns, stop - start + lag)
        if played is None:
            return False
        incoming = self.bank.read(self.row, start, stop)
        return mirror.gives_back(incoming, played, voice, rate_hz)

    def pump(self, now_ns: int) -> None:
        self.playout.pump(now_ns)

    def leave(self, *, clear: bool) -> tuple[MediaSink, LineListener]:
        """Give up the row; gives who is at either end, who from now on hear nothing from here."""
        self.playout.stop(self.clock(), clear=clear)
        self.open = False
        self.bank.leave(self.row)
        ends = self.sink, self.listener
        self.sink = self.listener = NOBODY
        self.relay = self.tapped = None
        return ends

    def _wake_at(self, due_ns: int) -> None:
        self.bank.arrays.playout_due_ns[self.row] = due_ns

    def _date_ms(self, sample: int) -> int:
        date_ms = (self.bank.sample_at_ns(self.row, sample) - self.began_ns) // 1_000_000
        return min(max(0, date_ms), self.now_ms)


class PlaneSource:
    """From the caller (`audio.ports.MediaSource`)."""

    def __init__(self, call: LiveCall) -> None:
        self._call = call
        self._rest = b""  # Less than a frame, odd bytes included, until the next message completes it.
        self._message_bytes = 0
        self._queued = 0
        self._queued_in_tick = -1
        # Two leaky buckets, as the moment up to which each is full.
        self._paced_ns = call.began_ns - _BURST_NS
        self._flooded_ns = call.began_ns - _FLOOD_BURST_NS
        self._crumbs_ns = call.began_ns - _BURST_NS  # As the first, of messages of less than a frame.

    def receive(self, payload: bytes | memoryview) -> None:
        call = self._call
        if not call.open:
            return
        data = bytes(payload)
        if len(data) == call.frame_bytes == self._message_bytes and not self._rest:
            self._queue(data, call.clock())
            return
        if len(data) < call.frame_bytes and not self._may_crumble(call.clock()):
            return
        limit = call.frame_bytes * _MESSAGE_MS_MAX // FRAME_MS
        if len(data) > limit:
            call.counters.messages_truncated += 1
            data = data[:limit]
        data = self._rest + data
        whole = len(data) - len(data) % call.frame_bytes
        self._rest = data[whole:]
        if whole != self._message_bytes:
            # Who sends messages of half a second is silent for half a second between them.
            self._message_bytes = whole
            call.bank.arrays.patience_ns[call.row] = GAP_NS + whole // call.frame_bytes * FRAME_NS
        arrived_ns = call.clock()
        for start in range(0, whole, call.frame_bytes):
            if not call.open:
                return
            self._queue(data[start : start + call.frame_bytes], arrived_ns)

    def _queue(self, frame: bytes, arrived_ns: int) -> None:
        call, inbox = self._call, self._call.inbox
        paced_ns = self._paced_ns + _LEAST_NS
        if paced_ns > arrived_ns:
            self._surplus(arrived_ns)
            return
        self._paced_ns = paced_ns if paced_ns > arrived_ns - _BURST_NS else arrived_ns - _BURST_NS
        if self._queued_in_tick != call.bank.tick_number:
            self._queued_in_tick, self._queued = call.bank.tick_number, 0
        if self._queued >= _QUEUED_FRAMES_MAX:
            call.counters.frames_dropped += 1
            call.bank.arrays.unanchored[call.row] = True  # Stream time jumps by what was dropped.
            return
        self._queued += 1
        frame = call.muted or frame
        inbox.rows.append(call.row)
        inbox.frames.append(frame)
        inbox.arrived_ns.append(arrived_ns)
        if call.relay is not None:
            call.relay(frame, arrived_ns)

    def _may_crumble(self, arrived_ns: int) -> bool:
        crumbs_ns = max(self._crumbs_ns, arrived_ns - _BURST_NS) + _CRUMB_NS
        if crumbs_ns > arrived_ns:
            self._surplus(arrived_ns)
            return False
        self._crumbs_ns = crumbs_ns
        return True

    def _surplus(self, arrived_ns: int) -> None:
        """A frame, or less, of a caller who sends faster than real time, for longer than a burst: it is
        dropped, or his call would cost as many. Who sends many times as fast is no caller, and loses his
        line."""
        call = self._call
        call.counters.frames_surplus += 1
        call.bank.arrays.unanchored[call.row] = True  # Stream time jumps by what was dropped.
        self._flooded_ns = max(self._flooded_ns, arrived_ns - _FLOOD_BURST_NS) + _FLOOD_LEAST_NS
        if self._flooded_ns > arrived_ns:
            call.counters.lines_flooded += 1
            sink, listener = call.leave(clear=True)
            sink.end()
            listener.line_closed(FLOODED)

    def concealed(self, duration_ms: int) -> None:
        if self._call.open:
            arrays = self._call.bank.arrays
            arrays.missing[self._call.row] += min(max(0, duration_ms), _MESSAGE_MS_MAX) // FRAME_MS

    def played(self, name: str) -> None:
        if self._call.open:
            self._call.playout.played(name, self._call.clock())

    def dtmf(self, digit: str) -> None:
        if self._call.open and digit in _DTMF:
            self._call.listener.dtmf(digit)

    def talk(self, pressed: bool) -> None:
        if self._call.open:
            self._call.listener.talk(pressed)

    def show(self, image: bytes, media_type: str) -> None:
        if self._call.open:
            self._call.listener.picture(image, media_type)

    def typed(self, text: str) -> None:
        if self._call.open:
            self._call.listener.typed(text)

    def stop(self) -> None:
        if self._call.open:
            self._call.listener.stop_asked()

    def closed(self, reason: str) -> None:
        if self._call.open:
            _, listener = self._call.leave(clear=False)
            listener.line_closed(reason)


class PlaneLine:
    """Toward the caller, and the caller's recent past (`runtime.media.ports.Line`)."""

    def __init__(self, call: LiveCall) -> None:
        self._call = call

    @property
    def now_ms(self) -> int:
        call = self._call  # 50 times a second: as its own, without a call more.
        return (call.clock() - call.began_ns) // 1_000_000

    @property
    def hears_somebody(self) -> bool:
        call = self._call
        return not call.open or call.bank.hears_somebody(call.row)

    @property
    def hears_itself(self) -> bool:
        return self._call.open and self._call.hears_itself()

    @property
    def line_format(self) -> LineFormat:
        return self._call.line_format

    @property
    def sample_rate_hz(self) -> int:
        return self._call.bank.sample_rate_hz

    def play(self, reply_id: str, pcm: bytes) -> None:
        self._call.playout.play(reply_id, pcm, self._call.clock())

    def finish(self, reply_id: str) -> None:
        self._call.playout.finish(reply_id, self._call.clock())

    def pause(self, reply_id: str) -> int:
        return self._call.playout.pause(reply_id, self._call.clock())

    def defer(self, reply_id: str) -> None:
        self._call.playout.defer(reply_id)

    def resume(self, reply_id: str, rewind_ms: int = 0) -> None:
        self._call.playout.resume(reply_id, rewind_ms, self._call.clock())

    def flush(self, reply_id: str, fade_ms: int = 20) -> int:
        return self._call.playout.flush(reply_id, fade_ms, self._call.clock())

    def recent_audio(self, duration_ms: int) -> bytes:
        call = self._call
        if not call.open:
            return b""
        frame = call.bank.arrays.frame_samples
        stop = int(call.bank.arrays.frames[call.row]) * frame
        wanted = min(duration_ms, HISTORY_FRAMES * FRAME_MS) * call.bank.sample_rate_hz // 1000
        return call.bank.read(call.row, max(0, stop - wanted), stop).tobytes()

    def relay_to(self, other: Line | None) -> None:
        if not self._call.open:
            return
        assert other is None or isinstance(other, PlaneLine), "both are lines of this plane"
        self._call.relay = None if other is None else _relay(self._call, other._call)

    def mute(self, muted: bool) -> None:
        call = self._call
        silence = b"\xff" if call.line_format.encoding is Encoding.MULAW else b"\0"
        call.muted = silence * call.frame_bytes if muted else b""

    def tap(self, tap: LineTap) -> None:
        call = self._call
        if not call.open:
            return
        if call.tapped is None:
            call.tapped = TappedSink(call.sink, call.counters)
            call.playout.send_through(call.tapped)
        call.tapped.taps = (*call.tapped.taps, tap)

    def untap(self, tap: LineTap) -> None:
        tapped = self._call.tapped
        if tapped is not None:
            tapped.taps = tuple(one for one in tapped.taps if one is not tap)

    def close(self) -> None:
        if self._call.open:
            sink, _ = self._call.leave(clear=True)
            sink.end()


def _relay(source: LiveCall, target: LiveCall) -> Callable[[bytes, int], None]:
    samples = target.bank.sample_rate_hz // 50
    if source.line_format == target.line_format:
        return lambda frame, now_ns: target.playout.relay(frame, samples, now_ns)
    convert = conversion(source.line_format, target.line_format)
    return lambda frame, now_ns: target.playout.relay(convert(frame), samples, now_ns)
