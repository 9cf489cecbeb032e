"""Somebody's web site with a voice button on it: an origin of its own, a strict content security policy, and
a server that gets its page a token."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

from tests.browser.running import ROOT, start_server

NAME = "shop.example"
PACKAGE = ROOT / "web/widget/dist/antiphon-widget.js"  # What `import "antiphon-widget"` leads to.
# What the page was told, in order, as a host page would listen.
_LISTENING = """
window.told = [];
for (const name of ["ready", "state", "call", "caption", "latency", "tool", "talk", "trouble", "end"])
  document.addEventListener(`antiphon-${name}`, ({ type, detail }) => told.push([type.slice(9), detail]));
"""


class HostSite:
    """`body` is what its only page holds, tokens are for `agent`. `origin` is known at once, `voice` and
    `key` when we run."""

    def __init__(self, agent: str = "echo") -> None:
        self.agent, self.body = agent, ""
        self.voice = self.key = ""
        self.asked: list[str] = []
        site = self

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/told.js":
                    self._answer(_LISTENING, "text/javascript")
                elif self.path == "/bundle.js":
                    self._answer(PACKAGE.read_text(encoding="utf-8"), "text/javascript")
                else:
                    self._answer(site.page(), "text/html; charset=utf-8")

            def do_POST(self) -> None:
                site.asked.append(self.path)
                self._answer(site.token(), "application/json")

            def _answer(self, text: str, kind: str) -> None:
                data = text.encode()
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(data)))
                self.send_header("content-security-policy", site.policy())
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.port = self._http.server_address[1]
        self.origin = f"http://{NAME}:{self.port}"

    def page(self) -> str:
        return (
            '<!doctype html><html lang="en"><head><title>A shop</title><script src="/told.js"></script>'
            f"</head><body><main><h1>A shop</h1>{self.body}</main></body></html>"
        )

    def policy(self) -> str:
        voice = self.voice.rstrip("/")
        own = f"'self' {voice}"
        return f"default-src 'none'; script-src {own}; connect-src {own}; media-src mediastream:"

    def token(self) -> str:
        """As the site's own server asks for one: with its key."""
        wanted = json.dumps({"scopes": ["talk"], "agent": self.agent, "life_s": 300}).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        with urlopen(Request(f"{self.voice}v1/tokens", data=wanted, headers=headers)) as answer:
            return str(answer.read().decode())

    @property
    def browser_arguments(self) -> list[str]:
        """A name of its own that leads here, taken as if it came over https."""
        return [
            f"--host-resolver-rules=MAP {NAME} 127.0.0.1",
            f"--unsafely-treat-insecure-origin-as-secure={self.origin}",
        ]

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._http.shutdown()
            self._http.server_close()


def made_key(home: Path) -> str:
    """A key of an operator, made on the command line."""
    command = [sys.executable, "-m", "antiphon.cli", "keys", "create", "a shop", "--role", "operator"]
    env = {**os.environ, "ANTIPHON_HOME": str(home)}
    made = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    return made.stdout.split()[0]


async def clinics_site(folder: Path, stack: AsyncExitStack) -> HostSite:
    """A site with the clinic's voice, and the real stack behind it, until the stack closes."""
    site, home = HostSite(agent="clinic"), folder / "home"
    home.mkdir()
    stack.enter_context(site.running())
    site.key = made_key(home)
    command = [sys.executable, "-m", "antiphon.cli", "serve", "--port", "0", "--media-port", "0"]
    env = {"ANTIPHON_AUTH": "required", "ANTIPHON_WIDGET_ORIGINS": site.origin}
    served = await start_server([*command, "--home", str(home), "--drain", "2"], stack, env)
    site.voice = served.url
    return site
