"""What an operator types, against a server that answers as ours does."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from antiphon.calls.control.accounts import NEEDED
from antiphon.cli import main

ACTIVE = {"calls": [{"call_id": "20251124-1-abc", "line": "phone", "agent": "clinic"}]}
PLACED = {"carrier": "twilio", "basis": "ANTIPHON_DIAL_ALLOWED: US", "how": ""}


class Api(HTTPServer):
    asked: list[tuple[str, str, object]]


class _Answers(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        ended = PLACED | {"key": "k-1", "state": "ended", "how": "busy"}
        heard = {"answered_by": "machine", "end_cause": "message_left", "call_id": "20261127-1-ab"}
        voicemail = ended | {"key": "k-2", "how": "completed"} | heard
        known = {"/v1/placed/k-1": ended, "/v1/placed/k-2": voicemail}
        self._answer(200, known.get(self.path, ACTIVE))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"] or 0)) or b"null")
        self.server.asked.append((self.command, self.path, body))
        if body == {"target": "+4930111111"}:
            self._answer(403, {"title": "Forbidden", "detail": "+4930111111 is not among the targets"})
        elif self.path.endswith("/end"):
            self._answer(202, None)
        elif self.path == "/v1/calls" and body["to"] == "911":
            self._answer(403, {"detail": "it is an emergency number", "fix": "dial it yourself"})
        elif self.path == "/v1/calls":
            self._answer(202, PLACED | {"key": self.headers["idempotency-key"], "state": "asked"})
        else:
            self._answer(202, {"target": "+12125550100"})

    def _answer(self, status: int, body: object) -> None:
        sent = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def api() -> Iterator[Api]:
    server = Api(("127.0.0.1", 0), _Answers)
    server.asked = []
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    yield server
    server.shutdown()
    server.server_close()
    serving.join()


def url(api: Api) -> str:
    return f"http://127.0.0.1:{api.server_port}"


def test_calls_that_are_up_are_listed(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calls", "active", "--server", url(api)]) == 0
    assert capsys.readouterr().out.split() == ["20251124-1-abc", "phone", "clinic"]


def test_a_call_is_ended_and_passed_on(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calls", "hangup", "c1", "--server", url(api)]) == 0
    assert main(["transfer", "c1", "billing", "--server", url(api)]) == 0
    assert api.asked == [
        ("POST", "/v1/live/c1/end", None),
        ("POST", "/v1/live/c1/transfer", {"target": "billing"}),
    ]
    assert "+12125550100" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        (["hold", "c1"], ("POST", "/v1/live/c1/hold", None)),
        (["resume", "c1"], ("POST", "/v1/live/c1/resume", None)),
        (["mute", "c1"], ("POST", "/v1/live/c1/mute", None)),
        (["unmute", "c1"], ("POST", "/v1/live/c1/unmute", None)),
        (["dtmf", "c1", "1w2#"], ("POST", "/v1/live/c1/dtmf", {"digits": "1w2#"})),
        (["record", "c1", "pause"], ("POST", "/v1/live/c1/recording/pause", None)),
        (["record", "c1", "stop"], ("POST", "/v1/live/c1/recording/stop", None)),
    ],
)
def test_a_call_is_steered(
    api: Api, capsys: pytest.CaptureFixture[str], typed: list[str], asked: tuple[str, str, object]
) -> None:
    assert main(["calls", *typed, "--server", url(api)]) == 0
    assert api.asked == [asked]
    said = capsys.readouterr().out
    assert said.startswith("c1: ") and "1w2#" not in said, "keys may be a secret"


def test_an_agent_is_had_to_call_somebody(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["calls", "place", "clinic"]
    shown = ["--caller-id", "+16175550100", "--key", "reminder-1", "--server", url(api)]
    assert main([*place, "+12125550100", *shown]) == 0
    said = capsys.readouterr().out
    assert said.startswith("reminder-1: asked through twilio, allowed by ANTIPHON_DIAL_ALLOWED: US\n")
    assert "antiphon calls placed reminder-1" in said, "nobody knows: what to do is said"
    assert main([*place, "911", "--server", url(api)]) == 1
    told = capsys.readouterr().err
    assert "it is an emergency number" in told and "fix: dial it yourself" in told
    assert main(["calls", "placed", "k-1", "--server", url(api)]) == 0
    assert capsys.readouterr().out.startswith("k-1: ended (busy) through twilio")
    assert main(["calls", "placed", "k-2", "--server", url(api)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("k-2: ended (completed)") and "answered by a machine (voicemail)" in told
    assert "ended: message left. Its record: antiphon calls show 20261127-1-ab" in told
    wanted = {"agent": "clinic", "to": "+12125550100", "carrier": "", "caller_id": "+16175550100"}
    assert api.asked[0] == ("POST", "/v1/calls", wanted | {"ring_s": 30})


def test_a_target_that_is_not_listed_is_refused_with_the_reason(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["transfer", "c1", "+4930111111", "--server", url(api)]) == 1
    assert "not among the targets" in capsys.readouterr().err


def test_nobody_there_and_no_account_are_settings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["transfer", "c1", "--server", "http://127.0.0.1:1"]) == 2
    assert "antiphon serve" in capsys.readouterr().err
    for name in itertools.chain(*NEEDED.values()):
        monkeypatch.delenv(name, raising=False)
    assert main(["numbers", "search", "US"]) == 2
    told = capsys.readouterr().err
    assert "no credentials for any carrier" in told
    assert all(names[0] in told for names in NEEDED.values())
    assert main(["numbers", "--carrier", "twilio", "list"]) == 2
    assert "set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN" in capsys.readouterr().err
    assert main(["numbers", "--carrier", "tvilio", "list"]) == 2
    assert "twilio, signalwire" in capsys.readouterr().err
    for name in (*NEEDED["twilio"], *NEEDED["plivo"]):
        monkeypatch.setenv(name, "AC1")
    assert main(["numbers", "list"]) == 2
    assert "name one with --carrier: twilio, plivo" in capsys.readouterr().err
