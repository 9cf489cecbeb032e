"""Personal data and secrets, planted in calls and in errors of vendors, and looked for in the log."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.doubles.waiting import until
from tests.unit.operations.telemetry.told_call import NUMBER, SAID, tell_call
from tests.unit.runtime.stage import Stage, StageReasoner, StageTts

from antiphon.agents.ports import Effect, Replying, ReplyRequest, Tool, ToolContext, ToolResult
from antiphon.operations.log_redaction import LogRedaction, RedactingFormatter
from antiphon.server.keeping.service import IndexService

SECRET = "Hx7-very-Secret_value.42"
NAME = "Zebulon Quartzman"
PLANTED = (SECRET, NAME, "Quartzman", "555 010 0177", "4111 1111 1111 1111", "zq@example.com")
WORDS = f"My name is {NAME}, call 555 010 0177, card 4111 1111 1111 1111, zq@example.com."


def redaction() -> LogRedaction:
    return LogRedaction({"ACME_API_KEY": SECRET, "ANTIPHON_HOME": "/a/long/path", "X_TOKEN": "short"})


@pytest.mark.parametrize(
    ("logged", "left"),
    [
        (f"401: key {SECRET} is wrong", "401: key [redacted] is wrong"),
        ("Authorization: Bearer abcdefgh12345678", "Authorization: [redacted]"),
        ("sk-proj-abcdefgh12345678 was refused", "[redacted] was refused"),
        ("postgresql://ann:hunter2secret@db/name", "postgresql://[redacted]@db/name"),
        ("no answer from +1 (555) 010-0177 yet", "no answer from [redacted] yet"),
        ("for zq@example.com", "for [redacted]"),
        ("card 4111-1111-1111-1111.", "card [redacted]."),
        ("after 1500 ms, 3 of 12 in /a/long/path", "after 1500 ms, 3 of 12 in /a/long/path"),
        ("2026-11-26T03:11:41Z 127.0.0.1:8080 +5 ms", "2026-11-26T03:11:41Z 127.0.0.1:8080 +5 ms"),
    ],
)
def test_what_is_taken_out_and_what_stays(logged: str, left: str) -> None:
    told = redaction()(None, "info", {"event": "x", "reason": logged, "deep": {"list": [logged]}})
    assert told["reason"] == left
    assert told["deep"] == {"list": [left]}


def test_numbers_and_ids_stay_what_they_are() -> None:
    event = {"event": "call_ended", "call": "20261126-031141-abc123", "at_ms": 1764000000000, "of": None}
    assert redaction()(None, "info", dict(event)) == event


def test_an_object_is_told_as_its_text() -> None:
    told = redaction()(None, "info", {"event": "x", "error": ValueError(f"no {SECRET}")})
    assert told["error"] == "no [redacted]"


def test_lines_of_libraries_are_cleaned_too() -> None:
    told = (SECRET, "+15550100177")
    record = logging.LogRecord("lib", logging.WARNING, "f", 1, "key %s for %s", told, None)
    line = RedactingFormatter("%(name)s: %(message)s", redaction()).format(record)
    assert line == "lib: key [redacted] for [redacted]"


async def _note(arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
    raise RuntimeError(f"no patient {NAME}")


async def _plan(request: ReplyRequest, act: Replying) -> None:
    if request.text:
        await act.run_tool("note", {"name": NAME, "words": WORDS})
    act.say(f"You said {request.text}." if request.text else "Hello.")


async def test_a_call_full_of_personal_data_leaves_none_in_the_log(tmp_path: Path) -> None:
    """What we log ourselves, before anything is taken out of it."""
    tool = Tool(name="note", description="", parameters={"type": "object"}, effect=Effect.NONE, run=_note)
    with capture_logs() as logs:
        voices = [StageTts(broken=True), StageTts()]
        stage = Stage(tmp_path, reasoner=StageReasoner(_plan), voices=voices, tools=[tool])
        await stage.begin()
        await stage.says(WORDS)
        await stage.says(WORDS)
        stage.call.line_closed("hangup")
        await stage.call.wait_ended()
        assert NAME in stage.trace.path.read_text(), "it was said, and is on the trace"
    assert logs
    told = json.dumps(logs, default=str)
    for planted in PLANTED:
        assert planted not in told


async def test_keeping_and_sending_calls_leaves_nothing_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("antiphon.operations.telemetry.sending.STOP_S", 0.05)
    environ = {
        "ANTIPHON_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "ANTIPHON_OTLP_HEADERS": f"authorization={SECRET}",
        "ANTIPHON_RETAIN_DAYS": "36500",
    }
    with capture_logs() as logs:
        service = IndexService(tmp_path, environ)
        await service.start()
        # What is there at the start would be sent nowhere.
        broken = tell_call(tmp_path / "calls").with_name("broken.jsonl")
        broken.write_text(f"{WORDS} {NUMBER}\n")
        assert service.telemetry is not None
        sending = service.telemetry.sending
        service.telemetry.call_ended(broken)
        await until(lambda: sending.counts.calls_unreadable)
        await service.stop()
    assert {"calls_indexed", "call_not_sent", "calls_not_sent"} <= {log["event"] for log in logs}
    told = json.dumps(logs, default=str)
    for planted in (*PLANTED, NUMBER, SAID):
        assert planted not in told


def test_a_process_whose_vendor_tells_everything_writes_none_of_it() -> None:
    program = f"""
import logging, structlog
from antiphon.server.logs import log_to_stderr
log_to_stderr("media")
log = structlog.get_logger("x")
log.warning("provider_unavailable", vendor="acme", reason={f"{SECRET} {WORDS}"!r})
logging.getLogger("lib").warning("key %s, %s", {SECRET!r}, "zq@example.com")
try:
    raise ValueError({f"bad key {SECRET}"!r})
except ValueError:
    log.exception("failed")
    logging.getLogger("lib").exception("failed")
"""
    for form in ("json", ""):
        environ = os.environ | {"ACME_API_KEY": SECRET, "ANTIPHON_LOG_FORMAT": form}
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, capture_output=True, text=True, env=environ, check=True)
        assert "provider_unavailable" in done.stderr and done.stderr.count("[redacted]") >= 5
        for planted in (SECRET, "4111 1111 1111 1111", "zq@example.com"):
            assert planted not in done.stderr
        if form:
            first = json.loads(done.stderr.splitlines()[0])
            assert first["event"] == "provider_unavailable"
            assert (first["vendor"], first["process"]) == ("acme", "media")
