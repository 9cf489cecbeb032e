from __future__ import annotations

from pathlib import Path

import pytest

from antiphon.errors import ConfigError
from antiphon.server.house import engines_needed, load_agents, models_process
from antiphon.server.settings import ServeSettings

AGENTS = Path(__file__).parents[3] / "agents"

PLAIN = """
agent: {name}
persona: {{name: Ann, role: desk}}
greeting: Hello. {{disclosures}}
disclosures: {{ai: {{text: "I'm an AI assistant.", when: always}}}}
language: en-US
time_zone: America/New_York
speech:
  stt: [{stt}]
  tts: [local/kokoro-bf_emma, local/piper-joe]
reasoning: {{model: [openai-compatible], prompt: Be brief.}}
"""


def write(folder: Path, file: str, name: str, stt: str = "local/whisper-base") -> None:
    (folder / file).write_text(PLAIN.format(name=name, stt=stt))


def test_an_empty_folder_of_agents_is_said_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no agent files") as refused:
        load_agents(tmp_path)
    assert "--agents" in refused.value.fix


def test_two_agents_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "desk")
    write(tmp_path, "b.yaml", "desk")
    with pytest.raises(ConfigError, match="'desk' is also in"):
        load_agents(tmp_path)


def test_the_inference_worker_loads_what_the_agents_name_once_each(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "one")
    write(tmp_path, "b.yaml", "two", stt="local/whisper-tiny.en")
    engines = engines_needed(load_agents(tmp_path))
    assert {"whisper-base", "whisper-tiny.en", "kokoro", "piper-joe", "e5"} <= set(engines)
    assert len(engines) == len(set(engines))


def test_the_clinic_needs_no_more_than_the_default_models() -> None:
    assert set(engines_needed(load_agents(AGENTS))) == {"whisper-tiny.en", "piper-joe", "smart-turn", "e5"}


def test_a_broken_agent_file_is_found_before_any_model_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("agent: x\nspech: {}\n")
    with pytest.raises(ConfigError, match=r"a\.yaml") as refused:
        models_process(ServeSettings(agents=tmp_path), tmp_path)
    assert "spech" in str(refused.value)
