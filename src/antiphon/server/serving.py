"""`antiphon serve`: bind the port, start the workers, tell the operator, wait, drain, stop."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
import structlog
import uvicorn

from antiphon.calls.browser import browser_settings
from antiphon.calls.realtime import ClientSecrets
from antiphon.calls.sip import SipSettings
from antiphon.calls.streams import Sealed, StreamTokens
from antiphon.errors import AntiphonError, ConfigError
from antiphon.server.announcement import ready_words
from antiphon.server.api.parts import open_parts
from antiphon.server.api.work import ApiWork
from antiphon.server.app import create_app
from antiphon.server.control import Control, MediaClient, Supervised
from antiphon.server.keeping.service import IndexService
from antiphon.server.rpc import RpcClient
from antiphon.server.settings import ServeSettings
from antiphon.server.supervisor import ChildProcess
from antiphon.server.wiring import STREAM_SECRET

log = structlog.get_logger(__name__)

WEBSOCKET_MAX_BYTES = 1 << 20  # What the media worker takes of a Realtime client.
Announce = Callable[[str], None]


class Child(Supervised, Protocol):
    """A worker process under supervision."""

    async def start(self) -> dict[str, Any]: ...

    async def stop(self) -> None: ...


# Given the settings and the folder of sockets: the embedded models' process and the socket it will listen at.
PrepareModels = Callable[[ServeSettings, Path], tuple[Child, Path]]


class _Http(uvicorn.Server):
    """uvicorn that leaves signals to us and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


def with_media_port(settings: ServeSettings) -> ServeSettings:
    """With the port in place of 0: carriers are told it before the media worker opens it, seconds later.

    Raises:
        ConfigError: The address is taken or not ours.
    """
    with bind(settings.host, settings.media_port, "--media-port") as listener:
        return dataclasses.replace(settings, media_port=listener.getsockname()[1])


def bind(host: str, port: int, option: str = "--port") -> socket.socket:
    """A listener, bound before any model is loaded, so that a taken port is found at once.

    Raises:
        ConfigError: The address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"cannot listen on {host}:{port} ({error.strerror or error})",
            where=option,
            fix=f"stop what uses it, or choose another with {option}",
        ) from error
    listener.setblocking(False)
    return listener


MEDIA_WORKER = (sys.executable, "-m", "antiphon.server.media_worker")
SIP_WORKER = (sys.executable, "-m", "antiphon.calls.sip.worker")


def worker_arguments(settings: ServeSettings, sockets: Path, inference: Path | None) -> list[str]:
    """What every media worker is told on its command line."""
    arguments = ["--socket", str(sockets / "media.sock"), "--host", settings.host]
    arguments += ["--media-port", str(settings.media_port), "--agents", str(settings.agents)]
    arguments += ["--home", str(settings.home), "--drain", str(settings.drain_s)]
    if settings.sip is not None:
        arguments += ["--sip-socket", str(sip_socket(sockets))]
    if settings.routes is not None:
        arguments += ["--routes", str(settings.routes)]
    return arguments + (["--inference-socket", str(inference)] if inference else [])


def sip_socket(sockets: Path) -> Path:
    return sockets / "sip.sock"


def sip_child(sip: SipSettings, sockets: Path) -> ChildProcess:
    """The SIP worker, not yet started.

    Raises:
        ConfigError: The library is not installed.
    """
    if importlib.util.find_spec("baresip") is None:
        raise ConfigError("SIP needs baresip-python", where="--sip", fix="pip install 'antiphon[sip]'")
    low, high = sip.rtp_ports
    told = ["--socket", str(sip_socket(sockets)), "--listen", f"{sip.host}:{sip.port}"]
    argv = [*SIP_WORKER, *told, "--rtp-ports", f"{low}-{high}"]
    return ChildProcess("sip", argv, os.environ)  # Trunks and their passwords are in the environment.


class Stopping:
    """What Ctrl-C means: the first asks for an orderly end, the second for one now."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.now = asyncio.Event()

    def listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.ask)

    def ask(self) -> None:
        (self.now if self.asked.is_set() else self.asked).set()


async def serve(
    settings: ServeSettings,
    announce: Announce,
    *,
    prepare_models: PrepareModels | None = None,
    worker_command: Sequence[str] = MEDIA_WORKER,
) -> int:
    """Run everything until told to stop; gives the exit code.

    Args:
        announce: Prints words for the operator.
        prepare_models: None when nothing needs the embedded models.
        worker_command: Starts the media worker; its arguments are appended.

    Raises:
        ConfigError: The operator has something to fix; nothing is left running.
        AntiphonError: A worker could not be started.
    """
    stopping = Stopping()
    stopping.listen()
    listener = bind(settings.host, settings.port)
    try:
        settings = with_media_port(settings)
    except ConfigError:
        listener.close()
        raise
    control: Control | None = None
    sockets = Path(tempfile.mkdtemp(prefix="antiphon-"))  # 0700, and short: socket paths have 108 bytes.
    index = IndexService(settings.home)
    try:
        await index.start()
        models, inference_socket = prepare_models(settings, sockets) if prepare_models else (None, None)
        os.environ[STREAM_SECRET] = secret = secrets.token_urlsafe(32)
        argv = [*worker_command, *worker_arguments(settings, sockets, inference_socket)]
        media = ChildProcess("media", argv, os.environ)
        children: tuple[Child, ...] = (models, media) if models is not None else (media,)
        if settings.sip is not None:
            children += (sip_child(settings.sip, sockets),)
        control = Control(
            settings=settings,
            media=MediaClient(RpcClient(sockets / "media.sock")),
            tokens=StreamTokens(secret.encode()),
            sealed=Sealed(secret.encode()),
            secrets=ClientSecrets(secret.encode()),
            children=children,
            index=index,
            ice_servers=tuple(
                msgspec.to_builtins(server) for server in browser_settings(os.environ).ice_servers
            ),
        )
        control.api = await open_parts(settings)
        await _serve_until_told(control, children, listener, stopping, announce)
    finally:
        if control is not None and control.api is not None:
            await control.api.close()
        listener.close()
        shutil.rmtree(sockets, ignore_errors=True)
        await index.stop()
    return 0


async def _serve_until_told(
    control: Control,
    children: Sequence[Child],
    listener: socket.socket,
    stopping: Stopping,
    announce: Announce,
) -> None:
    http = _Http(
        uvicorn.Config(
            create_app(control),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=3,
            ws_max_size=WEBSOCKET_MAX_BYTES,
            proxy_headers=False,  # Anybody can send them; whoever has a proxy counts by the proxy.
        )
    )
    serving: asyncio.Task[None] | None = None
    try:
        reports = await _start(children, stopping)
        if reports is not None:
            serving = asyncio.create_task(http.serve(sockets=[listener]))
            await http.listening.wait()
            working = ApiWork(control)
            try:
                has_keys = await working.start()
                announce(ready_words(control.settings, listener.getsockname()[1], reports, has_keys=has_keys))
                await stopping.asked.wait()
            finally:
                await working.stop()
            await _drain(control, stopping, announce)
    finally:
        http.should_exit = True
        if serving is not None:
            await serving
        await control.media.close()
        for child in reversed(children):
            await child.stop()


async def _start(children: Sequence[Child], stopping: Stopping) -> dict[str, dict[str, Any]] | None:
    """Start the children in order; None when told to stop meanwhile."""
    reports: dict[str, dict[str, Any]] = {}
    for child in children:
        log.info("child_starting", child=child.name)
        starting = asyncio.ensure_future(child.start())
        asked = asyncio.ensure_future(stopping.asked.wait())
        await asyncio.wait({starting, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if not starting.done():
            starting.cancel()
            await asyncio.wait({starting})
            return None
        reports[child.name] = starting.result() or {}
    return reports


async def _drain(control: Control, stopping: Stopping, announce: Announce) -> None:
    """Take no more calls; let those that are up end, up to the time set or the next Ctrl-C."""
    control.draining = True
    drain_s = control.settings.drain_s
    try:
        calls = len(await control.media.active())
    except AntiphonError:
        calls = 0
    if calls:
        announce(
            f"Stopping: {calls} call{'s' if calls > 1 else ''} may end politely, "
            f"up to {drain_s:g} s. Ctrl-C again stops now."
        )
    draining = asyncio.ensure_future(control.media.drain(drain_s))
    now = asyncio.ensure_future(stopping.now.wait())
    await asyncio.wait({draining, now}, return_when=asyncio.FIRST_COMPLETED)
    now.cancel()
    if draining.done():
        if error := draining.exception():
            log.warning("drain_incomplete", reason=str(error))
    else:
        draining.cancel()
    announce("Stopped.")
