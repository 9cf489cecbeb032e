"""Another version of an agent while the worker runs: calls from now on get it, others keep theirs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import structlog

from antiphon.agents.definition import AgentDefinition, load_agent
from antiphon.errors import ConfigError
from antiphon.runtime.kit import AgentKit
from antiphon.server.wiring import AgentSummary

log = structlog.get_logger(__name__)


class AgentReloading:
    """Changes the kits it is given in place, and its own summaries.

    Args:
        folder: Where agent files are.
        definitions: What the kits were made of.
        assembled: Makes agents ready, or raises ConfigError.
    """

    def __init__(
        self,
        folder: Path,
        kits: dict[str, AgentKit],
        definitions: Sequence[AgentDefinition],
        assembled: Callable[[Sequence[AgentDefinition]], Awaitable[dict[str, AgentKit]]],
    ) -> None:
        self._folder = folder
        self._kits = kits
        self.summaries = [summary_of(definition) for definition in definitions]
        self._assembled = assembled

    async def reload_agent(self, file: str) -> None:
        """Read a file of the folder and answer by it.

        Raises:
            ConfigError: It is wrong, or cannot be served by this worker; nothing has changed then.
        """
        if file != Path(file).name:
            raise ConfigError("agents are files of the one folder")
        definition = load_agent(self._folder / file)
        kits = await self._assembled([definition])
        self._kits.update(kits)
        summary = summary_of(definition)
        names = [known.name for known in self.summaries]
        if summary.name in names:
            self.summaries[names.index(summary.name)] = summary
        else:
            self.summaries.append(summary)
        log.info("agent_reloaded", agent=definition.name, digest=definition.digest[:12])


def summary_of(definition: AgentDefinition) -> AgentSummary:
    return AgentSummary(
        name=definition.name,
        title=definition.persona.name,
        role=definition.persona.role,
        language=definition.language,
        push_to_talk=definition.policy.turn.endpointing == "push_to_talk",
    )
