"""Gemini Live as `SpeechToSpeech`, on the vendor's SDK, over one WebSocket a call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

from antiphon.errors import ConfigError, ProviderError, ProviderProtocolError, ProviderUnavailable
from antiphon.providers.failures import from_close, socket_errors
from antiphon.providers.gemini import live_wire as wire
from antiphon.providers.gemini.live_link import LiveLink
from antiphon.providers.gemini.live_memory import Memory
from antiphon.providers.gemini.llm import URL
from antiphon.providers.refusals import refused
from antiphon.providers.sessions import LiveSession, SessionLimits, SessionLink
from antiphon.speech.ports import SessionEvent, SpeechSession, SpeechSessionConfig

# 1007 is what a bad key, a bad handle and a bad setup are told by; 1008 a model that is not there.
_REJECTED = frozenset({1007, 1008})
# The Live guide's own endpoint; what the SDK takes by default has changed between its releases.
_API_VERSION = "v1beta"


class GeminiLive:
    """A `SpeechToSpeech`, shared by all calls.

    Args:
        url: Another address than the vendor's, "https://host"; the SDK insists on TLS.

    Raises:
        ConfigError: The google-genai package is not installed.
    """

    def __init__(self, model: str, key: str, url: str = "", limits: SessionLimits | None = None) -> None:
        try:
            from google.genai import Client
            from google.genai.types import HttpOptions
        except ImportError:
            fix = "pip install 'antiphon[google]'"
            raise ConfigError("Gemini Live needs the google-genai package", fix=fix) from None
        self._model, self._limits = model, limits
        options = HttpOptions(base_url=url or URL, api_version=_API_VERSION)
        self._client = Client(api_key=key, vertexai=False, http_options=options)

    def open(self, config: SpeechSessionConfig, emit: Callable[[SessionEvent], None]) -> SpeechSession:
        return LiveSession(_Call(self._client, self._model), config, emit, self._limits)


class _Call:
    """The `SessionModel` of one call: what has to outlive a connection is in its memory."""

    name = wire.NAME

    def __init__(self, client: Any, model: str) -> None:
        self._client, self._model = client, model
        self._memory = Memory()

    @asynccontextmanager
    async def connect(self, config: SpeechSessionConfig) -> AsyncIterator[SessionLink]:
        # A handle is tried once: if it is refused or leads nowhere, our own log does as well.
        handle = self._memory.take_handle()
        wanted = wire.setup(config, handle)
        opening = self._client.aio.live.connect(model=self._model, config=wanted)
        async with AsyncExitStack() as stack:
            try:
                with vendor_errors():
                    session = await stack.enter_async_context(opening)
            except ProviderError:
                if not handle:
                    raise
                raise ProviderUnavailable(wire.NAME, "the session could not be taken up again") from None
            if session.setup_complete is None:
                raise ProviderProtocolError(wire.NAME, "no setup_complete")
            link = LiveLink(session, config, self._memory, vendor_errors)
            # Only what was announced: a history the vendor does not wait for is a turn, and answered.
            if wire.HISTORY in wanted:
                await link.say(wire.history(config.history()))
            yield link


@contextmanager
def vendor_errors() -> Iterator[None]:
    """The SDK's exceptions as ours. Reasons are left out: they may repeat the caller, or the key."""
    from google.genai import errors

    try:
        with socket_errors(wire.NAME, _REJECTED):
            yield
    except errors.APIError as error:
        code = int(error.code or 0)
        if 400 <= code < 600:
            raise refused(wire.NAME, code) from None
        raise from_close(wire.NAME, None if code in (0, 1006) else code, _REJECTED) from None
