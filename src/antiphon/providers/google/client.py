"""What the SDK's two clients share: credentials, a channel, and their errors as ours.

Sources: google-api-core 2.44 and google-auth 2.63; google.rpc.Code and RetryInfo (`googleapis/rpc`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from antiphon.errors import (
    ConfigError,
    ProviderError,
    ProviderProtocolError,
    ProviderRejected,
    ProviderUnavailable,
)

NAME = "google"
_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
# google.rpc.Code: whom a second try cannot help. ABORTED and OUT_OF_RANGE are limits of a stream.
_REJECTED = frozenset(
    {
        "UNAUTHENTICATED",
        "PERMISSION_DENIED",
        "NOT_FOUND",
        "INVALID_ARGUMENT",
        "FAILED_PRECONDITION",
        "UNIMPLEMENTED",
    }
)
# A phone call cannot wait for the library's own patience, which begins at a second and goes to two minutes.
_CHANNEL = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # A connection of its own: one is good for some hundred streams, and a broken one breaks one call.
    ("grpc.use_local_subchannel_pool", 1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleConfig:
    """Attributes:
    key: An API key; without it, `credentials` is the file of a service account (or of anybody's default
        credentials, as `gcloud` writes it).
    project: Whose recognisers are used and who pays.
    location: A region ("us-central1"), a multi-region ("us", "eu") or "global"; "" is the model's usual one.
    url: Another address than Google's own ("http://host:port"), or "".
    stream_ms: A recognition stream is replaced by a new one at this age; Google ends it after five minutes.
    """

    key: str = field(default="", repr=False)
    credentials: str = ""
    project: str = ""
    location: str = ""
    url: str = ""
    stream_ms: int = 280_000


class GoogleChannels:
    """Makes channels to one service; imports the SDK, so this belongs to making an adapter.

    Raises:
        ConfigError: The extra is not installed, or the credentials cannot be read.
    """

    def __init__(self, config: GoogleConfig, host: str) -> None:
        try:
            import google.auth
            import google.auth.api_key
            from google.api_core import grpc_helpers_async
        except ImportError:
            raise ConfigError(
                "the Google Cloud SDK is not installed", fix="pip install 'antiphon[google]'"
            ) from None
        self._helpers, self._key = grpc_helpers_async, config.key
        scheme, _, place = config.url.rstrip("/").rpartition("://")
        self._plain = scheme in ("http", "ws", "grpc")
        self._target = place or f"{host}:443"
        self._credentials: Any = None
        if self._plain:
            return
        if config.key:
            self._credentials = google.auth.api_key.Credentials(config.key)  # type: ignore[no-untyped-call]
            return
        try:
            self._credentials, _ = google.auth.load_credentials_from_file(  # type: ignore[no-untyped-call]
                config.credentials, scopes=_SCOPES
            )
        except google.auth.exceptions.GoogleAuthError as error:
            raise ConfigError(
                f"the credentials of Google Cloud cannot be read ({type(error).__name__})",
                fix="set GOOGLE_APPLICATION_CREDENTIALS to the JSON file of a service account",
            ) from None

    @property
    def metadata(self) -> Sequence[tuple[str, str]]:
        """Goes with every request. Without TLS the library sends no credentials of its own."""
        return (("x-goog-api-key", self._key),) if self._plain and self._key else ()

    def open(self) -> Any:
        if self._plain:
            return import_module("grpc.aio").insecure_channel(self._target, options=_CHANNEL)
        return self._helpers.create_channel(
            self._target, credentials=self._credentials, default_scopes=_SCOPES, options=_CHANNEL
        )


async def connected(channel: Any) -> None:
    """Returns when the channel is up. Bound it with a timeout.

    Raises:
        ProviderUnavailable: It cannot be reached.
    """
    states = import_module("grpc").ChannelConnectivity
    waiting = (states.IDLE, states.CONNECTING)
    while (state := channel.get_state(try_to_connect=True)) in waiting:
        await channel.wait_for_state_change(state)
    if state is not states.READY:
        raise ProviderUnavailable(NAME, "cannot be reached")


@contextmanager
def google_errors() -> Iterator[None]:
    """The SDK's exceptions as ours. Messages are left out: they may repeat what the caller said.

    Raises:
        ProviderUnavailable, ProviderRejected, ProviderProtocolError.
    """
    import google.auth.exceptions
    from google.api_core.exceptions import GoogleAPIError

    grpc = import_module("grpc")
    try:
        yield
    except (GoogleAPIError, grpc.RpcError) as error:
        raise google_failure(error) from None
    except google.auth.exceptions.GoogleAuthError as error:
        if error.retryable:
            raise ProviderUnavailable(NAME, "no token in time") from None
        raise ProviderRejected(NAME, "the credentials are refused") from None
    except asyncio.InvalidStateError:
        raise ProviderUnavailable(NAME, "the connection broke") from None
    except (ValueError, TypeError, AttributeError) as error:
        kind = type(error).__name__
        raise ProviderProtocolError(NAME, f"a message we do not understand ({kind})") from None


def google_failure(error: Any) -> ProviderError:
    """The error for one of the SDK's, or for one of gRPC itself."""
    from google.api_core.exceptions import GoogleAPIError, from_grpc_error

    if not isinstance(error, GoogleAPIError):
        error = from_grpc_error(error)  # type: ignore[no-untyped-call]
    code = getattr(error, "grpc_status_code", None)
    return from_status(getattr(code, "name", "UNKNOWN"), _retry_after_ms(error))


def from_status(code: str, retry_after_ms: int | None = None) -> ProviderError:
    """The error for the name of a gRPC status."""
    if code in _REJECTED:
        return ProviderRejected(NAME, f"{code}: check the credentials, the project, the region and the model")
    said = "rate limited" if code == "RESOURCE_EXHAUSTED" else f"status {code}"
    return ProviderUnavailable(NAME, said, retry_after_ms=retry_after_ms)


def _retry_after_ms(error: Any) -> int | None:
    for detail in getattr(error, "details", None) or ():
        delay = getattr(detail, "retry_delay", None)
        if delay is not None:
            return int(delay.seconds * 1000 + delay.nanos // 1_000_000)
    return None
