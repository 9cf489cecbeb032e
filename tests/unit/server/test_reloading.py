"""Another version of an agent while the worker runs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.doubles.api_world import ROOT

from antiphon.agents.definition import AgentDefinition, load_agent
from antiphon.errors import ConfigError
from antiphon.server.reloading import DRAFTS_MAX, AgentReloading


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "agents", tmp_path / "agents")
    return tmp_path / "agents"


async def test_calls_from_now_on_get_the_new_version_and_nothing_changes_when_it_is_wrong(
    folder: Path,
) -> None:
    async def assembled(definitions: Sequence[AgentDefinition]) -> dict[str, Any]:
        if definitions[0].greeting == "unservable":
            raise ConfigError("no such voice here")
        return {one.name: one.greeting for one in definitions}

    file = folder / "clinic.yaml"
    kits: dict[str, Any] = {"clinic": "old"}
    reloading = AgentReloading(folder, kits, [load_agent(file)], assembled)
    text = file.read_text()
    greeting = next(line for line in text.splitlines() if line.startswith("greeting:"))
    file.write_text(text.replace(greeting, "greeting: Good day."))
    await reloading.reload_agent("clinic.yaml")
    assert kits == {"clinic": "Good day."}
    assert [one.name for one in reloading.summaries] == ["clinic"]
    file.write_text(text.replace(greeting, "greeting: unservable"))
    with pytest.raises(ConfigError):
        await reloading.reload_agent("clinic.yaml")
    assert kits == {"clinic": "Good day."}
    (folder / "front.yaml").write_text(text.replace("agent: clinic", "agent: front", 1))
    await reloading.reload_agent("front.yaml")
    assert set(kits) == {"clinic", "front"}
    assert [one.name for one in reloading.summaries] == ["clinic", "front"]
    for outside in ("../clinic.yaml", "/etc/passwd", "x/../clinic.yaml"):
        with pytest.raises(ConfigError, match="one folder"):
            await reloading.reload_agent(outside)


async def test_a_draft_is_callable_for_half_an_hour_and_never_on_offer(folder: Path) -> None:
    async def assembled(definitions: Sequence[AgentDefinition]) -> dict[str, Any]:
        return {one.name: one.digest for one in definitions}

    now_ms = 1_000
    kits: dict[str, Any] = {"clinic": "live"}
    file = folder / "clinic.yaml"
    reloading = AgentReloading(folder, kits, [load_agent(file)], assembled, lambda: now_ms)
    told = await reloading.try_agent("clinic.yaml")
    name = told["agent"]
    assert kits["clinic"] == "live" and kits[name] == load_agent(file).digest
    assert [one.name for one in reloading.summaries] == ["clinic"]
    assert reloading.is_draft(name) and not reloading.is_draft("clinic")
    now_ms = told["good_until_ms"]
    assert not reloading.is_draft(name) and set(kits) == {"clinic"}
    for _ in range(DRAFTS_MAX):
        await reloading.try_agent("clinic.yaml")
    with pytest.raises(ConfigError, match="too many"):
        await reloading.try_agent("clinic.yaml")
    with pytest.raises(ConfigError, match="one folder"):
        await AgentReloading(folder, kits, [], assembled).try_agent("../clinic.yaml")
