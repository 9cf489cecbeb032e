"""Chromium with a microphone of our choosing and an ear that records what the agent says."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from tests.conftest import chromium

# Without these Chromium looks up its maker's hosts at every start, and hides local addresses from WebRTC.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
]
FAKE_MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]

# Runs before the page's own code. Voice processing is switched off, since it eats pure tones, and everything
# that comes in over a peer connection is recorded.
LISTEN = """
(() => {
  const open = navigator.mediaDevices?.getUserMedia?.bind(navigator.mediaDevices);
  if (open) navigator.mediaDevices.getUserMedia = () =>
    open({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
  const chunks = [];
  let recorder = null;
  const Plain = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Plain {
    constructor(...given) {
      super(...given);
      window.agentEnergy = async () => {
        for (const report of (await this.getStats()).values())
          if (report.type === "inbound-rtp") return report.totalAudioEnergy ?? 0;
        return 0;
      };
      this.addEventListener("track", (event) => {
        recorder = new MediaRecorder(new MediaStream([event.track]), { mimeType: "audio/webm;codecs=opus" });
        recorder.ondataavailable = (part) => chunks.push(part.data);
        recorder.start(200);
      });
    }
  };
  window.agentAudio = async () => {
    if (!recorder) return "";
    if (recorder.state !== "inactive") {
      const stopped = new Promise((resolve) => recorder.addEventListener("stop", resolve));
      recorder.stop();
      await stopped;
    }
    const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  };
})();
"""


OpenPage = Callable[..., Any]
Launch = Callable[[Sequence[str]], Awaitable[Any]]


@asynccontextmanager
async def chromiums() -> AsyncIterator[Launch]:
    """Gives `await launch(arguments)`: a Chromium, the same one for the same arguments, until we close."""
    from playwright.async_api import async_playwright

    async with AsyncExitStack() as stack:
        driver = await stack.enter_async_context(async_playwright())
        running: dict[tuple[str, ...], Any] = {}

        async def launch(arguments: Sequence[str]) -> Any:
            key = tuple(arguments)
            if key not in running:
                started = await driver.chromium.launch(
                    executable_path=chromium(), headless=True, args=list(key)
                )
                stack.push_async_callback(started.close)
                running[key] = started
            return running[key]

        yield launch


@asynccontextmanager
async def pages(launch: Launch) -> AsyncIterator[OpenPage]:
    """Gives `await open_page(url, microphone=wav, ...)`: a page with storage and permissions of its own.

    `more` are arguments for Chromium. Without a device there is no microphone at all; without a grant the
    person says no. Pages are left, so that they hang up, and closed with us.
    """
    async with AsyncExitStack() as stack:

        async def open_page(
            url: str,
            *,
            microphone: Path | None = None,
            device: bool = True,
            granted: bool = True,
            more: Sequence[str] = (),
            **context: Any,
        ) -> Any:
            arguments = [*QUIET, *more]
            if device:
                arguments += FAKE_MICROPHONE if granted else FAKE_MICROPHONE[:1]
            if microphone is not None:
                arguments.append(f"--use-file-for-fake-audio-capture={microphone}")
            browser = await launch(arguments)
            opened = await browser.new_context(permissions=["microphone"] if granted else [], **context)
            stack.push_async_callback(opened.close)
            page = await opened.new_page()
            page.set_default_timeout(30_000)
            await page.add_init_script(LISTEN)
            await page.goto(url)
            stack.push_async_callback(page.goto, "about:blank")
            return page

        yield open_page


@asynccontextmanager
async def browsers() -> AsyncIterator[OpenPage]:
    """`pages` with Chromiums of their own."""
    async with chromiums() as launch, pages(launch) as open_page:
        yield open_page


async def until(page: Any, expression: str) -> None:
    """Waits until it is true; that of a promise is what it comes to.

    Playwright's own wait takes a promise for true as soon as it is there, and needs `eval`, which a page's
    policy may forbid.
    """
    async with asyncio.timeout(30):
        while not await page.evaluate(expression):
            await page.evaluate("new Promise(requestAnimationFrame)")


async def agent_audio(page: Any, rate_hz: int = 16000) -> NDArray[np.float32]:
    """Everything the page heard from the agent, mono, -1 to 1."""
    recorded = base64.b64decode(await page.evaluate("window.agentAudio()"))
    assert recorded, "the page never got a track from the server"
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate_hz)
    with av.open(io.BytesIO(recorded)) as container:
        blocks = [
            out.to_ndarray().reshape(-1)
            for frame in container.decode(audio=0)
            for out in resampler.resample(frame)
        ]
    return np.concatenate(blocks).astype(np.float32) / 32768
