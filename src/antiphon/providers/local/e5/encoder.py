"""`SentenceEncoder` by the embedded multilingual-e5-small."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from antiphon.providers.local.e5.network import E5Network
from antiphon.providers.local.e5.pieces import PieceCutter
from antiphon.providers.local.e5.weights import PackedWeights
from antiphon.providers.local.models import broken_model, model_dir

_CACHED_SENTENCES = 2048  # 1.5 kB each: the phrases of a few agents, and what callers say again and again.
_BATCH_SENTENCES = 32
_MAX_CHARACTERS = 4000  # More cannot fit the network's 512 pieces, and cutting costs time for each character.


class E5Encoder:
    """Unit vectors of 384 numbers; runs in `executor` (None: a thread of its own).

    The model was trained with "query: " before what is sought and "passage: " before what is found, so the
    two are encoded differently. Sentences beyond 512 pieces are cut.

    Raises:
        ConfigError: The model is missing or damaged.
    """

    def __init__(self, executor: Executor | None = None) -> None:
        self._executor = executor or ThreadPoolExecutor(1, thread_name_prefix="e5")
        self._cache: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        directory = model_dir("e5-small")
        try:
            weights = PackedWeights(directory / "e5-small-q4.bin")
            self._pieces = PieceCutter(weights.vocabulary)
            self._network = E5Network(weights)
        except (ValueError, KeyError, OSError) as error:
            raise broken_model("e5-small", error) from error

    async def encode(self, sentences: Sequence[str], *, query: bool) -> NDArray[np.float32]:
        """Unit vectors [len(sentences), 384]."""
        texts = [("query: " if query else "passage: ") + sentence[:_MAX_CHARACTERS] for sentence in sentences]
        vectors = {text: self._cache[text] for text in texts if text in self._cache}
        missing = [text for text in dict.fromkeys(texts) if text not in vectors]
        loop = asyncio.get_running_loop()
        for start in range(0, len(missing), _BATCH_SENTENCES):
            batch = missing[start : start + _BATCH_SENTENCES]
            vectors.update(
                zip(batch, await loop.run_in_executor(self._executor, self._encode, batch), strict=True)
            )
        for text in texts:
            self._remember(text, vectors[text])
        return np.stack([vectors[text] for text in texts]) if texts else np.empty((0, 384), dtype=np.float32)

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._network([self._pieces.cut(text, self._network.max_pieces) for text in texts])

    def _remember(self, text: str, vector: NDArray[np.float32]) -> None:
        self._cache[text] = vector
        self._cache.move_to_end(text)
        if len(self._cache) > _CACHED_SENTENCES:
            self._cache.popitem(last=False)
