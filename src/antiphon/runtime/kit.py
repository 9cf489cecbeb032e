"""What an agent needs to take calls, made once at start-up from its file: providers, voices, tools, flows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from antiphon.agents.definition import AgentDefinition
from antiphon.agents.ports import Additions, Reasoner, Tool
from antiphon.runtime.metering import Prices
from antiphon.runtime.speaking import Voice
from antiphon.runtime.unified import UnifiedModel
from antiphon.speech.ports import EndOfTurn, SpeechToText
from antiphon.speech.ssml import Utterance


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentKit:
    """One agent, ready. Shared by all its calls; only `make_reasoner` gives something of a call's own.

    Attributes:
        make_reasoner_with: The same with a call's additions; None where no language model could use them.
    """

    definition: AgentDefinition
    recognisers: Sequence[tuple[str, SpeechToText]]
    voices: Sequence[Voice]
    end_of_turn: EndOfTurn | None
    shape: Callable[[str], Utterance]
    tools: Mapping[str, Tool]
    make_reasoner: Callable[[], Reasoner]
    prices: Prices | None = None
    unified: UnifiedModel | None = None
    make_reasoner_with: Callable[[Additions], Reasoner] | None = None
