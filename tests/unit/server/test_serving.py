"""`antiphon serve` as a process of its own, with an echoing media worker."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from tests.browser.running import ROOT, Server, start_server

from antiphon.calls.sip import sip_settings
from antiphon.errors import ConfigError
from antiphon.server.announcement import ready_words
from antiphon.server.serving import bind, sip_socket, with_media_port, worker_arguments
from antiphon.server.settings import ServeSettings

pytestmark = pytest.mark.whole


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with AsyncExitStack() as stack:
        script = str(ROOT / "tests/browser/echo_server.py")
        yield await start_server([sys.executable, script, str(tmp_path)], stack)


def test_a_taken_port_is_found_before_anything_is_loaded() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port}") as refused:
            bind("127.0.0.1", port)
        assert "--port" in refused.value.fix
        with pytest.raises(ConfigError, match="--media-port"):
            bind("127.0.0.1", port, "--media-port")


def test_any_free_port_for_media_is_told_by_its_number() -> None:
    settings = with_media_port(ServeSettings(media_port=0))
    assert settings.media_port > 0
    assert f"media on port {settings.media_port})" in ready_words(settings, 8080, {})
    assert settings.media_base_url == f"ws://127.0.0.1:{settings.media_port}"
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match="--media-port"):
        with_media_port(ServeSettings(media_port=taken.getsockname()[1]))


def test_the_ready_words_name_addresses_agents_and_models() -> None:
    reports = {
        "inference": {"models": ["whisper-tiny.en", "piper-joe"], "load_ms": 3100},
        "media": {"agents": [{"name": "clinic"}, {"name": "bank"}], "boot_ms": 2000},
    }
    words = ready_words(ServeSettings(), 8080, reports)
    assert "http://127.0.0.1:8080/" in words
    assert "/calls/twilio/clinic" in words
    assert "clinic, bank" in words
    assert "whisper-tiny.en, piper-joe   (loaded and warm in 3.1 s)" in words
    assert "TWILIO_AUTH_TOKEN" in words


def test_sip_is_spoken_where_it_was_asked_for_and_nowhere_else(tmp_path: Path) -> None:
    assert "sip" not in ready_words(ServeSettings(), 8080, {})
    assert "--sip-socket" not in worker_arguments(ServeSettings(), tmp_path, None)
    settings = ServeSettings(
        sip=sip_settings("127.0.0.1:5062", "", {"ANTIPHON_SIP_ROUTES": "+15550142=bank"})
    )
    assert "sip:+15550142@127.0.0.1:5062" in ready_words(settings, 8080, {})
    assert worker_arguments(settings, tmp_path, None)[-2:] == ["--sip-socket", str(sip_socket(tmp_path))]


async def test_the_api_is_open_without_any_set_up_and_keeps_other_sites_out(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        assert (await http.get("/v1/me")).json()["kind"] == "local"
        assert (await http.get("/v1/live")).json() == {"calls": []}
        assert (await http.get("/v1/calls")).json() == {"calls": [], "after": ""}
        evil = await http.post("/v1/keys", json={}, headers={"origin": "https://evil.example"})
        assert evil.status_code == 403


async def test_ctrl_c_ends_everything_in_good_order(server: Server) -> None:
    server.process.send_signal(signal.SIGINT)
    async with asyncio.timeout(20):
        assert await server.process.wait() == 0


async def test_a_media_worker_that_dies_is_started_again(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        [worker] = children_of(server.process.pid)
        os.kill(worker, signal.SIGKILL)
        async with asyncio.timeout(30):
            # Each answer is a real round trip, so this asks as fast as the server answers.
            while (ready := (await http.get("/readyz")).json())["processes"]["media"]["restarts"] == 0:
                continue
            while not (ready := (await http.get("/readyz")).json())["ready"]:
                continue
    assert ready["processes"]["media"] == {"ready": True, "restarts": 1}


async def test_a_worker_never_outlives_a_killed_server(server: Server) -> None:
    [worker] = children_of(server.process.pid)
    descriptor = os.pidfd_open(worker)
    server.process.kill()
    gone = asyncio.Event()
    asyncio.get_running_loop().add_reader(descriptor, gone.set)
    async with asyncio.timeout(20):
        await gone.wait()
    asyncio.get_running_loop().remove_reader(descriptor)
    os.close(descriptor)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--agents", "nowhere"], "no such folder of agents"), (["--port", "-1"], "is not a port")],
)
async def test_what_the_operator_must_fix_is_said_without_a_traceback(
    arguments: list[str], words: str
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "antiphon.cli", "serve", *arguments, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 2
    assert words in said.decode()
    assert "fix:" in said.decode()
    assert "Traceback" not in said.decode()


def children_of(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


async def test_the_worker_announces_itself_as_json_and_refuses_in_words(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "tests/browser/echo_worker.py"), "--socket", str(tmp_path / "s"),
        "--agents", str(tmp_path), "--home", str(tmp_path),
        env={**os.environ, "ANTIPHON_ICE_SERVERS": "http://wrong"},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode == 2
    assert "ANTIPHON_ICE_SERVERS" in json.loads(out)["refused"]
