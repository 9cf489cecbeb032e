"""The SIP worker: all SIP signalling and RTP of one machine, in a process of its own. Started by
`antiphon serve --sip`; `python -m antiphon.calls.sip.worker --socket PATH --listen HOST:PORT`.

Its first line on stdout is JSON, {"ready": {...}} or {"refused": "words"}. It stops when its stdin ends. The
library in it is native code: should it fall, the media worker's calls on other lines do not notice.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec
import structlog

from antiphon.calls.messages import message_counts
from antiphon.calls.sip import wire
from antiphon.calls.sip.legs import Legs
from antiphon.calls.sip.native_words import NativeWords
from antiphon.calls.sip.settings import SipSettings, sip_settings
from antiphon.errors import AntiphonError, ConfigError

log = structlog.get_logger(__name__)

EXIT_SOFTWARE = 70  # sysexits.h: an internal error. The supervisor starts another worker.
_TICK_S = 0.020
_STALLED_S = 0.2  # Do not rush through the ticks that were missed.
_COUNTS_TICKS = 50
_RECONNECT_S = 0.25
_UNSENT_MAX_BYTES = 1 << 20  # The media worker has stopped reading: what it would hear now is worthless.


class SipWorker:
    """Legs, the library's endpoint, and the socket to the media worker."""

    def __init__(self, settings: SipSettings, socket: Path) -> None:
        self.legs = Legs(settings, self._send, _die)
        self._socket = socket
        self._writer: asyncio.StreamWriter | None = None

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tick())
            tasks.create_task(self._stay_connected())

    def _send(self, message: wire.FromSip) -> None:
        writer = self._writer
        if writer is None or writer.is_closing():
            return
        if type(message) is wire.Heard and writer.transport.get_write_buffer_size() > _UNSENT_MAX_BYTES:
            self.legs.counted["frames_dropped"] += len(message.frames)
            return
        writer.write(wire.encode(message))

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        due, number = loop.time(), 0
        while True:
            self.legs.tick()
            number += 1
            if number % _COUNTS_TICKS == 0:
                messages = {f"messages_{what}": count for what, count in message_counts().items()}
                counts = dict(self.legs.counted) | self.legs.endpoint.counts() | messages
                self._send(wire.Counted(counts=counts))
            due += _TICK_S
            late = loop.time() - due
            if late > _STALLED_S:
                due += late
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _stay_connected(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                reader, self._writer = await asyncio.open_unix_connection(str(self._socket))
                log.info("sip_media_worker_found")
                await self._listen(reader)
            self._writer = None
            self.legs.drop_all()
            await asyncio.sleep(_RECONNECT_S)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while (body := await wire.read_frame(reader)) is not None:
            try:
                self.legs.take(wire.decode_from_media(body))
            except msgspec.MsgspecError:
                log.error("sip_order_not_understood", size_bytes=len(body))
                break
        if self._writer is not None:
            self._writer.close()


def _die() -> None:
    """The library is beyond repair: the parent starts another process."""
    log.error("sip_stack_died")
    os._exit(EXIT_SOFTWARE)


async def _parent_gone() -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(4096):
        pass


def _tell_parent(message: dict[str, Any]) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
    sys.stdout.buffer.flush()


async def _run(settings: SipSettings, socket: Path) -> int:
    worker = SipWorker(settings, socket)
    NativeWords(worker.legs.counted).listen()
    # Tracebacks without the values of variables, among which are callers' numbers.
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    # Its warnings quote what peers sent, callers' numbers among it.
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR, format="%(name)s: %(message)s")
    try:
        from antiphon.calls.sip.baresip_endpoint import BaresipEndpoint

        worker.legs.endpoint = endpoint = BaresipEndpoint(settings, worker.legs)
        await endpoint.start()
    except AntiphonError as error:
        _tell_parent({"refused": str(error)})
        return 2
    running = asyncio.create_task(worker.run(), name="sip worker")
    _tell_parent({"ready": {"listen": f"{settings.host}:{settings.port}", "trunks": len(settings.trunks)}})
    gone = asyncio.create_task(_parent_gone(), name="parent")
    await asyncio.wait({running, gone}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    await endpoint.close()
    running.cancel()
    return 0


def main(argv: list[str]) -> int:
    import uvloop

    parser = argparse.ArgumentParser(prog="antiphon.calls.sip.worker")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--listen", required=True)
    parser.add_argument("--rtp-ports", default="")
    args = parser.parse_args(argv)
    # Ctrl-C in a terminal reaches every process; only the control process decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        settings = sip_settings(args.listen, args.rtp_ports, os.environ)
    except ConfigError as error:
        _tell_parent({"refused": str(error)})
        return 2
    return uvloop.run(_run(settings, args.socket))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
