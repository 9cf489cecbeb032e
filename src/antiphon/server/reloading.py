"""Another version of an agent while the worker runs: calls from now on get it, others keep theirs."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

import structlog

from antiphon.agents.definition import AgentDefinition, load_agent
from antiphon.errors import ConfigError
from antiphon.runtime.kit import AgentKit
from antiphon.server.wiring import AgentSummary

log = structlog.get_logger(__name__)

DRAFT: Final = "draft-"
DRAFT_LIFE_MS: Final = 30 * 60 * 1000
DRAFTS_MAX: Final = 20  # Each may hold voices and connections of its own.


class AgentReloading:
    """Changes the kits it is given in place, and its own summaries.

    Args:
        folder: Where agent files are.
        definitions: What the kits were made of.
        assembled: Makes agents ready, or raises ConfigError.
        now_ms: Since 1970.
    """

    def __init__(
        self,
        folder: Path,
        kits: dict[str, AgentKit],
        definitions: Sequence[AgentDefinition],
        assembled: Callable[[Sequence[AgentDefinition]], Awaitable[dict[str, AgentKit]]],
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._now_ms = now_ms
        self._drafts: dict[str, int] = {}  # By name: until when.
        self._folder = folder
        self._kits = kits
        self.summaries = [summary_of(definition) for definition in definitions]
        self._assembled = assembled

    def methods(self) -> dict[str, Callable[..., Awaitable[Any]]]:
        """For the control process."""
        return {"reload_agent": self.reload_agent, "try_agent": self.try_agent}

    async def try_agent(self, file: str) -> dict[str, Any]:
        """Make a file of the folder callable for a while, under a name nobody can guess.

        Raises:
            ConfigError: It is wrong, or cannot be served by this worker.
        """
        self._forget_old_drafts()
        if len(self._drafts) >= DRAFTS_MAX:
            raise ConfigError("too many drafts are being tried", fix="wait until some are over")
        definition = self._loaded(file)
        kit = (await self._assembled([definition]))[definition.name]
        name = f"{DRAFT}{secrets.token_hex(8)}"
        self._kits[name] = kit
        self._drafts[name] = until_ms = self._now_ms() + DRAFT_LIFE_MS
        return {"agent": name, "good_until_ms": until_ms}

    def is_draft(self, name: str) -> bool:
        """Somebody tries it, and may call it."""
        self._forget_old_drafts()
        return name in self._drafts

    def _forget_old_drafts(self) -> None:
        """Calls that are up keep what they have."""
        now_ms = self._now_ms()
        for name in [name for name, until_ms in self._drafts.items() if until_ms <= now_ms]:
            del self._drafts[name]
            self._kits.pop(name, None)

    def _loaded(self, file: str) -> AgentDefinition:
        if file != Path(file).name:
            raise ConfigError("agents are files of the one folder")
        return load_agent(self._folder / file)

    async def reload_agent(self, file: str) -> None:
        """Read a file of the folder and answer by it.

        Raises:
            ConfigError: It is wrong, or cannot be served by this worker; nothing has changed then.
        """
        definition = self._loaded(file)
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
