"""What the Gemini Live double hears, knows, says and charges."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.doubles.openai_realtime import Script

if TYPE_CHECKING:
    from tests.doubles.gemini_live import LiveConnection

USAGE = {
    "promptTokenCount": 120,
    "responseTokenCount": 60,
    "thoughtsTokenCount": 10,
    "totalTokenCount": 190,
    "promptTokensDetails": [
        {"modality": "TEXT", "tokenCount": 40},
        {"modality": "AUDIO", "tokenCount": 80},
    ],
    "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 60}],
}
Said = list[tuple[str, str]]


@dataclass
class LiveScript(Script):
    """What the vendor hears and says.

    Attributes:
        sessions: Every connection that was set up, in order.
        kept: What each handle stands for.
    """

    sessions: list[LiveConnection] = field(default_factory=list)
    kept: dict[str, Said] = field(default_factory=dict)
