"""`answering_machine:` of the agent file: what it means past the edge, and what is wrong with it, named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.agents.dialogue import AGENTS

from antiphon import cli
from antiphon.agents.declared import declared_texts
from antiphon.agents.definition import load_agent
from antiphon.conversation.policy import AnsweringPolicy
from antiphon.errors import ConfigError

AI = "My name is Robin, and I am an AI assistant."


def clinic(tmp_path: Path, section: Any) -> Path:
    file = yaml.safe_load((AGENTS / "clinic.yaml").read_text(encoding="utf-8"))
    file["answering_machine"] = section
    file["reasoning"] |= {"flow": str(AGENTS / "clinic/flow.yaml"), "prompt": "Help."}
    path = tmp_path / "clinic.yaml"
    path.write_text(yaml.safe_dump(file, sort_keys=False), encoding="utf-8")
    return path


def test_without_the_section_nobody_listens_for_machines() -> None:
    assert not isinstance(load_agent(AGENTS / "clinic.yaml").policy.answering, AnsweringPolicy)


def test_the_message_has_the_disclosures_where_it_says_or_first(tmp_path: Path) -> None:
    placed = {"Hi. {disclosures} Call us.": f"Hi. {AI} Call us.", "Call us.": f"{AI} Call us."}
    for message, left in placed.items():
        definition = load_agent(clinic(tmp_path, {"machine": "leave_message", "message": message}))
        policy = definition.policy.answering
        assert isinstance(policy, AnsweringPolicy)
        assert (policy.machine, policy.message) == ("leave_message", left)
        assert left in declared_texts(definition, None), "it may be kept spoken, for every call"


@pytest.mark.parametrize(
    ("section", "field", "said"),
    [
        ({"machine": "leave_message"}, "answering_machine", "there is no message to leave"),
        ({"machine": "leave_message", "message": "  "}, "answering_machine", "there is no message to leave"),
        ({"message": "Call us."}, "answering_machine", "never left with `machine: hang_up`"),
        ({"machine": "leave_mesage"}, "answering_machine.machine", "did you mean 'leave_message'?"),
        ({"machine": "hang_up", "fax": "continue"}, "answering_machine.fax", "unknown key 'fax'"),
        ({"machine": "hang_up", "ivr": "leave_message"}, "answering_machine.ivr", "is not allowed"),
        ({"machine": "hang_up", "decision_max_ms": 100}, "answering_machine.decision_max_ms", "1500"),
        ({"machine": "hang_up", "decision_max_ms": 60_000}, "answering_machine.decision_max_ms", "20000"),
        ({"machine": "hang_up", "no_beep_ms": "soon"}, "answering_machine.no_beep_ms", "soon"),
        (
            {"machine": "leave_message", "message": "<speak>Call"},
            "answering_machine.message",
            "SSML that does not parse",
        ),
        ([], "answering_machine", ""),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, section: Any, field: str, said: str) -> None:
    path = clinic(tmp_path, section)
    with pytest.raises(ConfigError) as raised:
        load_agent(path)
    assert f": {field}: " in str(raised.value) and said in str(raised.value)


def test_agents_check_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["agents", "check", str(clinic(tmp_path, {"machine": "leave_message"}))])
    told = capsys.readouterr()
    assert code != 0 and "there is no message to leave" in told.out + told.err
