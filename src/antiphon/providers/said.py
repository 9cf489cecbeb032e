"""One message of a vendor that speaks, and a sentence's messages as dated audio."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass

from antiphon.errors import ProviderError
from antiphon.providers.word_ends import WordEnds
from antiphon.speech.ports import TtsAudio, TtsRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one message of a vendor says.

    Attributes:
        context: Whose it is; None means everybody's on this socket.
        times: Tokens with their ends in ms from the start of the context's audio, or with `times_from_here`
            from the first sample of `pcm`.
        ended: The context is over, and the vendor has forgotten it.
    """

    context: str | None = None
    pcm: bytes = b""
    times: Sequence[tuple[str, int]] = ()
    times_from_here: bool = False
    ended: bool = False
    error: ProviderError | None = None


async def dated(
    messages: AsyncIterator[Said], request: TtsRequest, rate_hz: int
) -> AsyncGenerator[TtsAudio, None]:
    """Messages of a context as audio at the vendor's rate, with the ends of the request's words so far."""
    words, came_bytes = WordEnds(request.text), 0
    async for said in messages:
        before_ms = came_bytes * 1000 // (2 * rate_hz) if said.times_from_here else 0
        for token, end_ms in said.times:
            words.take(token, before_ms + end_ms)
        came_bytes += len(said.pcm)
        yield TtsAudio(pcm=said.pcm, word_ends_ms=words.ends_ms)
