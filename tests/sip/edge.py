"""The shipped edge (`deploy/sip-edge`): Kamailio and rtpengine with the addresses of a test. Outside is one
loopback address, inside another."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.doubles.tls import tls_for_localhost
from tests.sip.house import HOST, ROOT, free_port, free_tcp_port, until

OUTSIDE, INSIDE = "127.0.0.1", "127.0.0.2"
SHIPPED = ROOT / "deploy" / "sip-edge"
PROGRAMS = ("kamailio", "rtpengine")
TLS_MODULE = "kamailio/modules/tls.so"
MISSING = [name for name in PROGRAMS if shutil.which(name) is None and not Path(f"/usr/sbin/{name}").exists()]
if not MISSING and not [*Path("/usr/lib").glob(f"*/{TLS_MODULE}"), *Path("/usr/lib64").glob(TLS_MODULE)]:
    MISSING = ["kamailio-tls-modules"]


class Edge:
    """`async with Edge(workers, trunks) as edge`: callers reach it at `edge.address`, by TLS only.

    Args:
        workers: "host:port" of SIP workers.
        trunks: SIP addresses of where calls are placed through.
        keys: Folder with "ca.pem" and "server.pem", if others have them already.
    """

    def __init__(
        self,
        workers: Sequence[str],
        trunks: Sequence[str] = (),
        *,
        session_min_s: int = 90,
        inside_port: int = 0,
        keys: Path | None = None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="edge-"))
        self.port, self.inside_port = free_tcp_port(), inside_port or free_port()
        self._ng, self._rtp = free_port(), free_port() & ~1
        self._keys = keys or self.folder
        if keys is None:
            tls_for_localhost(self.folder)
        self._write_settings(session_min_s)
        listed = [f"1 sip:{worker} 0 0\n" for worker in workers]
        listed += [f"2 {trunk} 0 {10 - place}\n" for place, trunk in enumerate(trunks)]
        (self.folder / "dispatcher.list").write_text("".join(listed))
        self._processes: list[asyncio.subprocess.Process] = []

    def _write_settings(self, session_min_s: int) -> None:
        site = {
            "OUTSIDE_ADDRESS": OUTSIDE, "OUTSIDE_PORT": self.port, "INSIDE_ADDRESS": INSIDE,
            "INSIDE_PORT": self.inside_port, "EDGE_FOLDER": self.folder,
            "RTPENGINE_CONTROL": f"udp:{HOST}:{self._ng}", "SESSION_MIN_S": session_min_s, "SESSION_S": 1800,
            "WORKER_PING_S": 1, "UDP_CHILDREN": 1, "CONTROL_SOCKET": self.folder / "control",
        }  # fmt: skip
        lines = [f'#!substdef "!{name}!{value}!g"\n' for name, value in site.items()]
        (self.folder / "site.cfg").write_text("".join(lines))
        shutil.copy(SHIPPED / "kamailio.cfg", self.folder)
        tls = (SHIPPED / "tls.cfg").read_text()
        for shipped in ("certificate", "key"):
            tls = tls.replace(f"/etc/antiphon-edge/{shipped}.pem", str(self.certificate))
        tls = tls.replace("/etc/ssl/certs/ca-certificates.crt", str(self.authority))
        (self.folder / "tls.cfg").write_text(tls)

    @property
    def certificate(self) -> Path:
        """With its key, of the authority that everybody here trusts."""
        return self._keys / "server.pem"

    @property
    def authority(self) -> Path:
        return self._keys / "ca.pem"

    @property
    def address(self) -> str:
        return f"{OUTSIDE}:{self.port}"

    def uri(self, user: str) -> str:
        return f"sip:{user}@{self.address}"

    def said(self) -> str:
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.said")))

    async def __aenter__(self) -> Self:
        await self._start(
            "rtpengine", "--foreground", "--log-stderr", "--table=-1", "--log-level=5",
            "--interface", f"outside/{OUTSIDE}", "--interface", f"inside/{INSIDE}",
            "--listen-ng", f"{HOST}:{self._ng}", "--port-min", str(self._rtp),
            "--port-max", str(self._rtp + 200), "--pidfile", str(self.folder / "rtpengine.pid"),
        )  # fmt: skip
        await until(lambda: f":{self._ng:04X} " in Path("/proc/net/udp").read_text())
        await self._start(
            "/usr/sbin/kamailio", "-f", str(self.folder / "kamailio.cfg"), "-DD", "-E", "-m", "64", "-M", "8",
            "-Y", str(self.folder), "-P", str(self.folder / "kamailio.pid"), "-w", str(self.folder),
        )  # fmt: skip
        await until(self._takes_calls)
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()

    async def _start(self, *argv: str) -> None:
        with (self.folder / f"{Path(argv[0]).name}.said").open("wb") as said:
            process = await asyncio.create_subprocess_exec(
                *argv, stdin=asyncio.subprocess.DEVNULL, stdout=said, stderr=asyncio.subprocess.STDOUT
            )
        self._processes.append(process)

    def _takes_calls(self) -> bool:
        gone = [process for process in self._processes if process.returncode is not None]
        assert not gone, self.said()
        with socket.socket() as probe:
            return probe.connect_ex((OUTSIDE, self.port)) == 0
