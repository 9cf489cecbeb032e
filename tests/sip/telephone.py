"""Debian's baresip as a telephone: it plays a file into the call, writes down what it hears, and is told what
to do over its control socket (netstrings of JSON; baresip 1.0.0, modules/ctrl_tcp)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import tempfile
import wave
from pathlib import Path
from typing import Any, Self

import numpy as np
from tests.sip.house import HOST, free_port, free_tcp_port, until

MODULES = Path("/usr/lib/baresip/modules")
_CONFIG = """
sip_listen {host}:{port}
net_interface {host}
call_max_calls 4
audio_player aubridge,nobody
audio_source aufile,{voice}
audio_alert aubridge,nobody
rtp_ports {rtp}-{rtp_end}
jitter_buffer_type fixed
jitter_buffer_delay 5-10
module_path {modules}
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
{more}snd_path {heard}
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {host}:{control}
"""


class Telephone:
    """`async with Telephone(voice) as phone`; the voice is at 8 kHz and played from the answer on.

    Args:
        secure: The authority it trusts: it speaks TLS, and SRTP or nothing.

    Attributes:
        folder: Its files; others may be put there for it to play.
        events: What it reported.
    """

    def __init__(
        self,
        voice: np.ndarray,
        *,
        answers: bool = False,
        codec: str = "PCMU",
        secure: Path | None = None,
        more: str = "",
        user: str = "caller",
    ) -> None:
        self._user = user
        self.port, self._control = _free_port_pair(), free_tcp_port()
        self.events: list[dict[str, Any]] = []
        self.replies: list[dict[str, Any]] = []
        self.folder = Path(tempfile.mkdtemp(prefix="phone-"))
        self._heard = self.folder / "heard"
        self._heard.mkdir()
        self._wide = codec.startswith("opus")  # Two channels at 48 kHz: this baresip resamples nothing.
        write_wav(self.folder / "voice.wav", voice, wide=self._wide)
        rtp = free_port() & ~1
        if self._wide:
            more += "module opus.so\n"
        if secure is not None:
            more += f"module srtp.so\nsip_cafile {secure}\nsip_certificate {secure.parent}/server.pem\n"
        text = _CONFIG.format(
            host=HOST, port=self.port, control=self._control, voice=self.folder / "voice.wav",
            heard=self._heard, modules=MODULES, rtp=rtp, rtp_end=rtp + 20, more=more,
        )  # fmt: skip
        (self.folder / "config").write_text(text)
        mode = "auto" if answers else "manual"
        transport, wish = ("tls", ";mediaenc=srtp-mand") if secure is not None else ("udp", "")
        account = (
            f"<sip:{self._user}@{HOST}:{self.port};transport={transport}>;regint=0;answermode={mode}{wish}"
        )
        (self.folder / "accounts").write_text(f"{account};audio_codecs={codec}\n")
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            shutil.which("baresip") or "baresip", "-f", str(self.folder), "-v",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=(self.folder / "said").open("wb"),
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        await until(lambda: b"baresip is ready" in (self.folder / "said").read_bytes())
        reader, self._writer = await asyncio.open_connection(HOST, self._control)
        self._reading = asyncio.get_running_loop().create_task(self._read(reader))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._reading is not None:
            self._reading.cancel()
        if self._writer is not None:
            self._writer.close()
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            await self._process.wait()

    @property
    def tls_port(self) -> int:
        return self.port + 1

    def said(self) -> str:
        return (self.folder / "said").read_text(errors="replace")

    def saw(self, kind: str) -> bool:
        return any(event.get("type") == kind for event in self.events)

    async def tell(self, command: str, parameter: str = "") -> None:
        """One command, carried out when this returns."""
        assert self._writer is not None
        known = len(self.replies)
        order = json.dumps({"command": command, "params": parameter, "token": "t"})
        self._writer.write(f"{len(order)}:{order},".encode())
        await until(lambda: len(self.replies) > known)

    async def call(self, uri: str) -> None:
        await self.tell("dial", uri)
        await until(lambda: self.saw("CALL_ESTABLISHED"))

    async def press(self, digits: str) -> None:
        for digit in digits:
            await self.tell("sndcode", digit)

    def heard(self) -> np.ndarray:
        """What it heard in all its calls so far, mono at 8 kHz."""
        parts = []
        for path in sorted(self._heard.glob("dump-*dec.wav")):
            data = path.read_bytes()[44:]  # The header is only right once the call is over.
            whole = len(data) - len(data) % 24
            samples = np.frombuffer(data[:whole], "<i2")
            parts.append(samples.reshape(-1, 12).mean(axis=1).astype(np.int16) if self._wide else samples)
        return np.concatenate(parts) if parts else np.zeros(0, np.int16)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            length = await reader.readuntil(b":")
            message = json.loads((await reader.readexactly(int(length[:-1]) + 1))[:-1])
            (self.events if message.get("event") else self.replies).append(message)


def _free_port_pair() -> int:
    """It takes UDP and TCP at this port, and TLS at the next."""
    while True:
        port = free_port()
        with socket.socket() as one, socket.socket() as next_one, contextlib.suppress(OSError):
            one.bind((HOST, port))
            next_one.bind((HOST, port + 1))
            return port


def write_wav(path: Path, samples: np.ndarray, *, wide: bool = False) -> None:
    if wide:
        samples = np.repeat(samples, 12)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2 if wide else 1)
        file.setsampwidth(2)
        file.setframerate(48000 if wide else 8000)
        file.writeframes(samples.astype("<i2").tobytes())
