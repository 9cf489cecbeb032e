"""What the Gemini Live double hears, knows, says and charges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.doubles.openai_realtime import Script

if TYPE_CHECKING:
    from tests.doubles.gemini_live import LiveConnection

Said = list[tuple[str, str]]


def usage(bill: Mapping[str, int]) -> dict[str, Any]:
    """As `usageMetadata`. It thinks in text and says nothing else but sound."""
    heard, said = bill["input_audio_tokens"], bill["output_audio_tokens"]
    whole_in, whole_out = bill["input_tokens"], bill["output_tokens"]
    return {
        "promptTokenCount": whole_in,
        "cachedContentTokenCount": bill["cached_tokens"],
        "responseTokenCount": said,
        "thoughtsTokenCount": whole_out - said,
        "totalTokenCount": whole_in + whole_out,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": whole_in - heard},
            {"modality": "AUDIO", "tokenCount": heard},
        ],
        "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": said}],
    }


@dataclass
class LiveScript(Script):
    """What the vendor hears and says.

    Attributes:
        sessions: Every connection that was set up, in order.
        kept: What each handle stands for.
    """

    sessions: list[LiveConnection] = field(default_factory=list)
    kept: dict[str, Said] = field(default_factory=dict)
