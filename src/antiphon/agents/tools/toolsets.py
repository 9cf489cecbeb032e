"""Toolsets an agent file may name under `tools:`, each with settings of its own."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from antiphon.agents.definition.values import AgentDefinition
from antiphon.agents.ports import Tool
from antiphon.agents.tools.appointments import appointment_tools
from antiphon.agents.tools.feedback import feedback_tools
from antiphon.errors import ConfigError


def calendar_database(definition: AgentDefinition, home: Path) -> Path:
    """Where the appointments of this agent are kept."""
    return home / "calendars" / f"{definition.name}.db"


def build_tools(definition: AgentDefinition, home: Path) -> list[Tool]:
    """Every tool of the agent's toolsets.

    Raises:
        ConfigError: An unknown toolset or setting, or a file it names that is not there.
    """
    tools: list[Tool] = []
    for name, settings in definition.toolsets.items():
        build = _TOOLSETS.get(name)
        if build is None:
            near = difflib.get_close_matches(name, _TOOLSETS, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ConfigError(
                f"there is no toolset {name!r}",
                where=f"{definition.path}: tools",
                fix=f"{hint}known: {', '.join(sorted(_TOOLSETS))}",
            )
        tools += build(definition, settings, home)
    return tools


def _clinic(definition: AgentDefinition, settings: Mapping[str, Any], home: Path) -> list[Tool]:
    where = f"{definition.path}: tools.clinic"
    unknown = set(settings) - {"calendar"}
    if unknown or not isinstance(settings.get("calendar"), str):
        raise ConfigError("it takes one setting, `calendar`, the file of the clinic", where=where)
    database = calendar_database(definition, home)
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return appointment_tools(database, definition.directory / settings["calendar"])


def _feedback(definition: AgentDefinition, settings: Mapping[str, Any], home: Path) -> list[Tool]:
    if settings:
        raise ConfigError("it takes no settings", where=f"{definition.path}: tools.feedback", fix="write {}")
    return feedback_tools()


_TOOLSETS: Mapping[str, Callable[[AgentDefinition, Mapping[str, Any], Path], list[Tool]]] = {
    "clinic": _clinic,
    "feedback": _feedback,
}
