"""Writing traces without ever making a call wait: callers append to memory, one thread writes for all calls.

Every method of `TraceWriter` may be called on the media loop: none of them touches the disk. When the disk is
full or gone, lines wait in a bounded buffer; past the bound they are dropped, counted, and the trace says
where. A disk that hangs is waited for by the one thread only: traces of calls that are over wait in a bounded
buffer of their own until it is back.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import structlog

from antiphon.storage.keys import Keyring
from antiphon.storage.sealed import Sealing
from antiphon.storage.traces.catalog import trace_path
from antiphon.storage.traces.format import TRACE_FORMAT
from antiphon.storage.traces.holding import hold

_log = structlog.get_logger(__name__)

FLUSH_EVERY_S = 0.25
# A busy call writes about 2 kB a second: this is half an hour of a call with no disk under it.
BUFFER_MAX_BYTES = 4_000_000
# Of all calls that are over and wait to be closed: a disk that hangs for an hour must not fill the memory.
CLOSING_MAX_BYTES = 64_000_000


class TraceWriter:
    """The trace of one call.

    Args:
        directory: The calls directory; the file goes to `YYYY-MM-DD/<call_id>.jsonl` below it, by UTC date
            of `header["wall_time_ms"]`.
        header: Fields of the first line.
        flusher: Thread that writes; by default the one of this process.
        keys: Seals the file; without, its lines lie in clear.
    """

    def __init__(
        self,
        directory: Path,
        call_id: str,
        header: dict[str, Any],
        *,
        flusher: TraceFlusher | None = None,
        keys: Keyring | None = None,
        buffer_max_bytes: int = BUFFER_MAX_BYTES,
    ) -> None:
        self.path = trace_path(directory, call_id, int(header.get("wall_time_ms", 0)))
        self._flusher = flusher or shared_flusher()
        self._buffer_max_bytes = buffer_max_bytes
        self._lock = threading.Lock()
        first = {"k": "header", "format": TRACE_FORMAT} | header
        self._pending: list[bytes] = [msgspec.json.encode(first)]
        self._pending_bytes = len(self._pending[0])
        self._tally = _Tally()
        self._file = _TraceFile(self.path, Sealing(keys, {"trace": call_id}) if keys is not None else None)
        self._flusher.adopt(self)

    @property
    def dropped(self) -> int:
        """Lines lost so far because the disk did not take them in time."""
        return self._tally.dropped

    @property
    def failed(self) -> bool:
        """The last attempt to write did not succeed; the call goes on all the same."""
        return self._file.failed

    def write(self, line: bytes) -> None:
        """Append one line (JSON, without a line end). Returns at once, never raises."""
        with self._lock:
            if self._tally.closing:
                self._tally.dropped += 1
                return
            full = self._pending_bytes + len(line) > self._buffer_max_bytes
            # Once one line is lost, all are until the buffer is drained: the gap is in one place.
            if full or self._tally.unmarked:
                self._tally.unmarked += 1
                self._tally.dropped += 1
                return
            self._pending.append(line)
            self._pending_bytes += len(line) + 1
            self._tally.lines += 1

    def sync(self) -> Future[bool]:
        """Everything written so far, made durable (fsync). The result is False if the disk refused.

        A tool with an effect waits for this before it runs: `await asyncio.wrap_future(trace.sync())`.
        """
        done: Future[bool] = Future()
        self._flusher.request(self, done, close=False)
        return done

    def close(self) -> Future[bool]:
        """Write what is pending and the end line, and close the file. Lines that come later are dropped."""
        done: Future[bool] = Future()
        with self._lock:
            self._tally.closing = True
        self._flusher.request(self, done, close=True)
        return done

    def left(self, call_id: str) -> None:
        """Nobody waits any more for the disk to close this trace. It is closed all the same, as soon as the
        disk lets it."""
        self._flusher.counted["late"] += 1
        _log.error("trace_left_to_the_disk", call=call_id, path=str(self.path))

    @property
    def waiting_bytes(self) -> int:
        return self._pending_bytes

    def _let_go(self) -> int:
        """Give up the lines that wait, but the header: without it nothing of the trace could be read. Gives
        how many."""
        with self._lock:
            kept = self._pending[: 0 if self._tally.begun else 1]
            lost = len(self._pending) - len(kept)
            self._pending, self._pending_bytes = kept, sum(map(len, kept))
            self._tally.lines -= lost
            self._tally.dropped += lost
            self._tally.unmarked += lost
        return lost

    def _flush(self, *, durable: bool = False) -> bool:
        """On the flusher's thread: move what is pending to the disk."""
        if self._file.has_unwritten and not self._file.write(b""):
            return False  # Older bytes first; newer lines wait in the bounded buffer.
        with self._lock:
            batch, self._pending, self._pending_bytes = self._pending, [], 0
            lost, self._tally.unmarked = self._tally.unmarked, 0
            self._tally.begun = True
        if lost:
            batch.append(_cut_line(self._file.last_line(batch), lost))
        data = b"".join(line + b"\n" for line in batch)
        written = self._file.write(data) if data else not self._file.failed
        return written and (not durable or self._file.sync())

    def _finish(self) -> bool:
        """On the flusher's thread: the end line, durable, and the file closed."""
        if not self._flush():
            self._file.close()  # No end line: readers see that the trace was cut.
            return False
        last = msgspec.json.encode(
            {
                "t": _time_of(self._file.last_line([])),
                "k": "end",
                "lines": self._tally.lines,
                "dropped": self._tally.dropped,
            }
        )
        durable = self._file.write(last + b"\n", closing=True) and self._file.sync()
        self._file.close()
        return durable


class TraceFlusher:
    """The one thread that touches the disk for every trace of a process.

    Args:
        every_s: Longest time a line waits in memory.
        closing_max_bytes: Of lines of traces that wait to be closed; those past it are dropped and marked.

    Attributes:
        counted: `late`, traces that were closed by nobody's deadline; `lines_let_go`, lines of such traces
            that were too many to keep.
    """

    def __init__(self, *, every_s: float = FLUSH_EVERY_S, closing_max_bytes: int = CLOSING_MAX_BYTES) -> None:
        self.counted: Counter[str] = Counter(late=0, lines_let_go=0)
        self._closing_max_bytes = closing_max_bytes
        self._every_s = every_s
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._writers: list[TraceWriter] = []
        self._requests: list[tuple[TraceWriter, Future[bool], bool]] = []
        self._closing: dict[TraceWriter, int] = {}  # What of each waits to be written with its end.
        self._closing_bytes = 0
        self._unanswered = 0
        self._stopping = False
        self._thread: threading.Thread | None = None

    @property
    def unanswered(self) -> int:
        """Who waits for the disk now."""
        return self._unanswered

    def adopt(self, writer: TraceWriter) -> None:
        """Flush this writer from now on, until it is closed."""
        with self._lock:
            self._writers.append(writer)
            self._ensure_thread()
        self._wake.set()  # That there is a call is on the disk at once, whatever becomes of it.

    def request(self, writer: TraceWriter, done: Future[bool], *, close: bool) -> None:
        """Flush and fsync this writer now; `done` gets whether it is durable."""
        with self._lock:
            if close:
                if self._closing_bytes + writer.waiting_bytes > self._closing_max_bytes:
                    self.counted["lines_let_go"] += writer._let_go()
                self._closing[writer] = writer.waiting_bytes
                self._closing_bytes += self._closing[writer]
            self._requests.append((writer, done, close))
            self._unanswered += 1
            self._ensure_thread()
        self._wake.set()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Write what is pending of every open trace and end the thread."""
        with self._lock:
            self._stopping = True
            thread = self._thread
        self._wake.set()
        if thread is not None:
            thread.join(timeout_s)

    def _ensure_thread(self) -> None:
        """With the lock held. A thread that was stopped starts again for whoever still comes."""
        if self._thread is None:
            self._stopping = False
            self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            self._wake.wait(self._every_s)
            self._wake.clear()
            with self._lock:
                requests, self._requests = self._requests, []
                stopping = self._stopping
            for writer, done, close in requests:
                self._serve(writer, done, close=close)
            with self._lock:
                writers = list(self._writers)
            for writer in writers:
                _unbroken(partial(writer._flush, durable=stopping))
            with self._lock:
                if stopping and not self._requests:
                    self._thread = None
                    return

    def _serve(self, writer: TraceWriter, done: Future[bool], *, close: bool) -> None:
        # Whoever asked may be gone; what was asked for is done all the same.
        wanted = done.set_running_or_notify_cancel()
        if close:
            with self._lock:
                if writer in self._writers:
                    self._writers.remove(writer)
            durable = _unbroken(writer._finish)
        else:
            durable = _unbroken(partial(writer._flush, durable=True))
        if wanted:
            done.set_result(durable)
        elif close:
            _log.warning("trace_closed_late", path=str(writer.path), durable=durable)
        with self._lock:
            self._unanswered -= 1
            if close:
                self._closing_bytes -= self._closing.pop(writer, 0)


def _unbroken(act: Callable[[], bool]) -> bool:
    """One thread writes for all: what breaks in one trace must not be the end of every other."""
    try:
        return act()
    except Exception as error:  # The owner of a job.
        _log.error("trace_broke", error=type(error).__name__, exc_info=True)
        return False


class _Tally:
    """What a trace's end line says of it. `unmarked` lines were dropped and no cut line tells it yet."""

    __slots__ = ("begun", "closing", "dropped", "lines", "unmarked")

    def __init__(self) -> None:
        self.begun = self.closing = False  # `begun`: the header has gone to the file.
        self.dropped = self.lines = self.unmarked = 0


class _TraceFile:
    """The file of one trace, only ever touched by the flusher's thread. Never leaves half a line behind.

    A batch of lines is a piece of a sealed file. What the disk refused is written again as it was sealed, and
    never sealed anew.
    """

    def __init__(self, path: Path, sealing: Sealing | None) -> None:
        self._path = path
        self._sealing = sealing
        self._fd = -1
        self._good_bytes = 0
        self._unwritten = sealing.head if sealing is not None else b""
        self._last = self._waiting_last = b""
        self.failed = False

    @property
    def has_unwritten(self) -> bool:
        return bool(self._waiting_last)

    def last_line(self, batch: list[bytes]) -> bytes:
        return batch[-1] if batch else self._last

    def write(self, data: bytes, *, closing: bool = False) -> bool:
        """Append whole lines after what is still unwritten; on failure keep them and cut back to the last.
        `closing`: They are the last."""
        if data:
            self._unwritten += data if self._sealing is None else self._sealing.piece(data)
            self._waiting_last = data.rstrip(b"\n").rsplit(b"\n", 1)[-1]
        if closing and self._sealing is not None:
            self._unwritten += self._sealing.last()
        try:
            if self._fd < 0:
                self._fd = _open(self._path)
            written = 0
            while written < len(self._unwritten):
                written += os.write(self._fd, self._unwritten[written:])
        except OSError as error:
            self._fell(error)
            return False
        self._good_bytes += len(self._unwritten)
        self._last, self._waiting_last = self._waiting_last or self._last, b""
        self._unwritten = b""
        if self.failed:
            _log.warning("trace_writable_again", path=str(self._path))
            self.failed = False
        return True

    def sync(self) -> bool:
        if self._fd < 0:
            return False
        try:
            os.fsync(self._fd)
        except OSError as error:
            self._fell(error)
            return False
        return True

    def close(self) -> None:
        if self._fd >= 0:
            with contextlib.suppress(OSError):  # A network disk may say late what fsync said already.
                os.close(self._fd)
            self._fd = -1

    def _fell(self, error: OSError) -> None:
        if not self.failed:
            _log.error("trace_not_written", path=str(self._path), reason=error.strerror or str(error))
        self.failed = True
        if self._fd >= 0:
            try:
                os.ftruncate(self._fd, self._good_bytes)
            except OSError:
                # A half line stays at the end; every reader leaves it out.
                return


def _open(path: Path) -> int:
    path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    hold(fd)
    return fd


def _time_of(line: bytes) -> int:
    try:
        return int(msgspec.json.decode(line).get("t", 0))
    except (msgspec.DecodeError, AttributeError, TypeError):
        return 0


def _cut_line(last: bytes, dropped: int) -> bytes:
    return msgspec.json.encode({"t": _time_of(last), "k": "cut", "dropped": dropped})


_shared: list[TraceFlusher] = []


def shared_flusher() -> TraceFlusher:
    if not _shared:
        _shared.append(TraceFlusher())
        atexit.register(close_traces)
    return _shared[0]


def close_traces() -> None:
    """At the end of the process: everything pending of every trace on disk, fsynced."""
    for flusher in _shared:
        flusher.stop()
