"""A model whose end is announced is told in time, with its date and what to put instead."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs

from antiphon.agents.definition import AgentDefinition, load_agent
from antiphon.agents.definition.problems import Weight
from antiphon.providers.model_ends import WARN_DAYS, check_ends, end_of, model_ends
from antiphon.providers.openai.realtime_wire import TRANSCRIPTION_MODEL
from antiphon.providers.openai.tts import DEFAULT_MODEL
from antiphon.providers.registry import Registry
from antiphon.providers.roles import Role
from antiphon.server.checking import command
from antiphon.server.house import _warn_of_ends

VOICES_END = date(2027, 1, 6)
DAY = timedelta(days=1)


def definition(folder: Path, models: list[str] | None = None, **speech: Any) -> AgentDefinition:
    file = {
        "agent": "desk",
        "persona": {"name": "Ann", "role": "clerk"},
        "greeting": "Hello.",
        "language": "en-US",
        "reasoning": {"model": models or ["flow/desk"], "flow": "flow.yaml"},
        "speech": {"stt": ["deepgram/nova-3"], "tts": ["rime/coda/astra"], **speech},
    }
    goal = {"examples": ["I want to buy something", "can I buy this"], "steps": [{"say": "Sold."}]}
    (folder / "flow.yaml").write_text(yaml.safe_dump({"flow": "desk", "goals": {"buy": goal}}))
    (folder / "desk.yaml").write_text(yaml.safe_dump(file))
    return load_agent(folder / "desk.yaml")


def told(agent: AgentDefinition, today: date) -> list[str]:
    found = check_ends(agent, today)
    assert all(item.weight is Weight.ADVICE for item in found), "it works today"
    return [str(item.problem) for item in found]


def test_a_voice_that_ends_soon_is_told_with_its_date_and_its_line(tmp_path: Path) -> None:
    agent = definition(tmp_path, tts=["rime/coda/astra", "openai/alloy"])
    assert told(agent, VOICES_END - (WARN_DAYS + 1) * DAY) == []
    (line,) = told(agent, VOICES_END - WARN_DAYS * DAY)
    assert "speech.tts" in line and "openai/alloy ends on 2027-01-06, in 90 days" in line
    assert "a voice of another vendor" in line and "developers.openai.com" in line
    (line,) = told(agent, VOICES_END)
    assert "openai/alloy ended on 2027-01-06" in line


@pytest.mark.parametrize(
    ("role", "name", "on"),
    [
        ("tts", f"openai/{DEFAULT_MODEL}/alloy", "2027-01-06"),
        ("tts", "openai/tts-1-hd/nova", "2027-01-06"),
        ("stt", "openai/gpt-4o-mini-transcribe-2025-12-15", "2027-02-26"),
        ("s2s", "openai/gpt-realtime", "2027-01-20"),
        ("llm", "openai/gpt-4o-2024-11-20", "2027-01-14"),
        ("llm", "gemini/gemini-2.5-flash", "2026-12-01"),
        ("tts", "openai/another/alloy", ""),
        ("stt", "openai/gpt-transcribe", ""),
        ("stt", "openai/gpt-live-transcribe", ""),
        ("s2s", "openai/gpt-realtime-2.1-mini", ""),
        ("llm", "openai/gpt-4o-audio", ""),
        ("llm", "gemini/gemini-2.5-flash-lite", ""),
    ],
)
def test_what_ends_and_what_does_not(role: str, name: str, on: str) -> None:
    end = end_of(role, name)
    assert (str(end.on) if end else "") == on


def test_a_model_that_hears_and_speaks_and_one_that_thinks_are_told_too(tmp_path: Path) -> None:
    agent = definition(tmp_path, ["unified:openai/gpt-realtime", "openai/gpt-5", "flow/desk"])
    first, second = told(agent, date(2026, 11, 27))
    assert "openai/gpt-realtime ends on 2027-01-20" in first and "openai/gpt-realtime-2.1" in first
    assert "openai/gpt-5 ends on 2026-12-11, in 14 days" in second


def test_what_we_ask_openai_for_by_ourselves_has_no_end() -> None:
    assert end_of("stt", f"openai/{TRANSCRIPTION_MODEL}") is None


def test_the_check_and_the_start_tell_it(tmp_path: Path) -> None:
    agent = definition(tmp_path, stt=["openai/gpt-4o-transcribe"], tts=["openai/alloy"])
    found = [item.problem.message for item in command.judge(agent, date(2026, 11, 27))]
    assert any(message.startswith("openai/alloy ends on 2027-01-06, in 40 days") for message in found)
    with capture_logs() as logs:
        _warn_of_ends([agent], date(2026, 12, 1))
    assert [(log["event"], log["log_level"], log["agent"]) for log in logs] == [
        ("model_ends", "warning", "desk"),
        ("model_ends", "warning", "desk"),
    ]
    assert "openai/gpt-live-transcribe" in logs[0]["fix"]


def test_every_successor_can_be_used_here() -> None:
    roles = {"stt": Role.STT, "llm": Role.LLM, "s2s": Role.SPEECH_TO_SPEECH}
    named = [(end.role, end.instead.split()[0].rstrip(",")) for end in model_ends() if end.role in roles]
    assert len(named) >= 10
    for role, name in named:
        assert Registry().knows(roles[role], name), name
        assert end_of(role, name) is None, "nobody is sent from one end to the next"
