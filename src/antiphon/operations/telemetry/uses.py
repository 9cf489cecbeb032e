"""Which request to a provider belongs to which reply or turn of a call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from antiphon.conversation.events import ToolRequested
from antiphon.runtime.records.lines import Entry, EventEntry, NoteEntry
from antiphon.runtime.records.story import CallStory, TurnStory

# What a recogniser heard of a turn is counted as the turn is committed; what comes later is of none.
_COUNTED_WITHIN_MS = 1000
_NOT_AMOUNTS = frozenset({"role", "provider", "reply", "request", "estimated", "wasted", "cost_usd"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One request, as the trace tells it at its end. `cost_usd` None: nobody knows the price."""

    role: str
    provider: str
    reply: str
    at_ms: int
    amounts: Mapping[str, int]
    cost_usd: Decimal | None
    wasted: bool
    estimated: bool


class CallUses:
    """Of one call, each given out once."""

    def __init__(self, entries: Iterable[Entry], story: CallStory) -> None:
        self._waiting: list[Use] = []
        self.reply_of_tool: dict[str, str] = {}
        for entry in entries:
            if isinstance(entry, NoteEntry) and entry.type == "usage":
                self._waiting.append(_use(entry))
            elif isinstance(entry, EventEntry) and isinstance(entry.event, ToolRequested):
                self.reply_of_tool[entry.event.tool_call_id] = entry.event.reply_id
        self._committed_ms = [turn.committed_at_ms for turn in story.turns]

    def of_reply(self, reply_id: str) -> list[Use]:
        """Models and voices, in the order they ended."""
        return self._taken(lambda use: bool(use.reply) and use.reply == reply_id)

    def of_hearing(self, turn: TurnStory) -> list[Use]:
        """Recognisers, of what was said in this turn."""
        later = [moment for moment in self._committed_ms if moment > turn.committed_at_ms]
        until_ms = min([*later, turn.committed_at_ms + _COUNTED_WITHIN_MS])
        return self._taken(lambda use: use.role == "stt" and use.at_ms < until_ms)

    def rest(self) -> list[Use]:
        """What belongs to no reply and no turn."""
        return self._taken(lambda use: True)

    def _taken(self, wanted: Callable[[Use], bool]) -> list[Use]:
        found = [use for use in self._waiting if wanted(use)]
        self._waiting = [use for use in self._waiting if not wanted(use)]
        return found


def _use(note: NoteEntry) -> Use:
    fields = note.fields
    cost = fields.get("cost_usd")
    return Use(
        role=str(fields.get("role", "")),
        provider=str(fields.get("provider", "")),
        reply=str(fields.get("reply", "")),
        at_ms=note.at_ms,
        amounts={
            name: count
            for name, count in fields.items()
            if name not in _NOT_AMOUNTS and isinstance(count, int)
        },
        cost_usd=None if cost is None else Decimal(str(cost)),
        wasted=bool(fields.get("wasted")),
        estimated=bool(fields.get("estimated")),
    )
