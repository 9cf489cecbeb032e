"""Which goal or fact a sentence is about: keywords first, then likeness to example sentences.

Likeness of an intent is the mean of its two nearest examples (measured better than the nearest alone). The
encoder's scores bunch together, so a match also has to be clearly ahead of the next intent.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import structlog
from numpy.typing import NDArray

from antiphon.agents.flows.model import Intent
from antiphon.agents.flows.ngrams import NgramEncoder
from antiphon.agents.flows.understanding import Match
from antiphon.agents.ports import SentenceEncoder
from antiphon.errors import AntiphonError

log = structlog.get_logger(__name__)

KEYWORD_SCORE = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """accept: least likeness of a match. margin: least lead over the next intent. both: least sum of the two,
    so that a middling likeness passes only when nothing else comes near. Different per encoder."""

    accept: float
    margin: float
    both: float = 0.0


# Measured on 28 sentences to the clinic: e5 puts strangers at 0.78-0.85 with leads up to 0.022, and its own
# at 0.82-0.91.
E5 = Thresholds(accept=0.84, margin=0.012, both=0.86)
NGRAMS = Thresholds(accept=0.34, margin=0.05)


@dataclass(slots=True)
class IntentIndex:
    """The examples of a flow as vectors; shared by all calls. N-grams stand in when the encoder fails."""

    intents: Mapping[str, Intent]
    encoder: SentenceEncoder | None = None
    thresholds: Thresholds = E5
    _vectors: NDArray[np.float32] | None = None
    _plain: NDArray[np.float32] | None = None
    _owners: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    _warming: asyncio.Lock = field(default_factory=asyncio.Lock)
    _fallback: NgramEncoder = field(default_factory=NgramEncoder)
    _keywords: dict[str, list[re.Pattern[str]]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        owners = [i for i, intent in enumerate(self.intents.values()) for _ in intent.examples]
        self._owners = np.array(owners, dtype=np.intp)
        self._keywords = {
            name: [re.compile(pattern) for pattern in intent.keywords]
            for name, intent in self.intents.items()
        }

    async def warm(self) -> None:
        """Encode the examples once. Without a working encoder the n-grams stand in, and the log says so."""
        async with self._warming:
            examples = self._examples()
            if self._plain is None:
                self._plain = await self._fallback.encode(examples, query=False)
            if self.encoder is not None and self._vectors is None:
                try:
                    self._vectors = await self.encoder.encode(examples, query=False)
                except (AntiphonError, OSError) as error:
                    log.warning("sentence_encoder_unavailable", error=type(error).__name__)

    def _examples(self) -> list[str]:
        return [example for intent in self.intents.values() for example in intent.examples]

    def by_keyword(self, text: str) -> list[Match]:
        """Certain matches, in the order of the file. `text` is lower case."""
        return [
            Match(name=name, score=KEYWORD_SCORE, certain=True)
            for name, patterns in self._keywords.items()
            if any(pattern.search(text) for pattern in patterns)
        ]

    async def by_likeness(self, text: str, among: Sequence[str] = ()) -> Match | None:
        """The intent most like `text`, or None if none is near or clearly nearest."""
        if self._plain is None or (self.encoder is not None and self._vectors is None):
            await self.warm()
        vectors, thresholds, vector = self._plain, NGRAMS, None
        if self.encoder is not None and self._vectors is not None:
            try:
                vector = (await self.encoder.encode([text], query=True))[0]
                vectors, thresholds = self._vectors, self.thresholds
            except (AntiphonError, OSError) as error:
                log.warning("sentence_encoder_unavailable", error=type(error).__name__)
        if vector is None:
            vector = (await self._fallback.encode([text], query=True))[0]
        assert vectors is not None, "warm() has encoded the examples"
        return self._nearest(vectors @ vector, thresholds, among)

    def _nearest(
        self, likeness: NDArray[np.float32], thresholds: Thresholds, among: Sequence[str]
    ) -> Match | None:
        names = list(self.intents)
        scores = {
            name: float(np.mean(np.sort(likeness[self._owners == index])[-2:]))
            for index, name in enumerate(names)
            if not among or name in among
        }
        ranked = sorted(scores.items(), key=lambda item: -item[1])
        if not ranked or ranked[0][1] < thresholds.accept:
            return None
        lead = ranked[0][1] - ranked[1][1] if len(ranked) > 1 else 1.0
        if lead < thresholds.margin or ranked[0][1] + lead < thresholds.both:
            return None
        return Match(name=ranked[0][0], score=ranked[0][1])
