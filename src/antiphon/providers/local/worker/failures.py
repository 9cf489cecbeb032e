"""Errors across the socket: what an engine raised in the worker is raised again at the caller's."""

from __future__ import annotations

import structlog

from antiphon.errors import (
    AntiphonError,
    ConfigError,
    ProviderError,
    ProviderProtocolError,
    ProviderRejected,
    ProviderUnavailable,
)
from antiphon.providers.local.worker import wire

log = structlog.get_logger()


def failure_of(number: int, error: BaseException) -> wire.Failed:
    """What the client is told. A fault of ours is logged here, where its stack is."""
    provider = error.provider if isinstance(error, ProviderError) else "local"
    message = str(error).removeprefix(f"{provider}: ")
    match error:
        case ConfigError():
            kind = "config"
        case ProviderRejected():
            kind = "rejected"
        case ProviderUnavailable():
            kind = "unavailable"
        case _:
            kind, message = "protocol", f"{type(error).__name__} in the engine"
            log.error("inference_failed", exc_info=error)
    return wire.Failed(id=number, kind=kind, provider=provider, message=message)


def error_of(failed: wire.Failed) -> AntiphonError:
    match failed.kind:
        case "config":
            return ConfigError(failed.message)
        case "rejected":
            return ProviderRejected(failed.provider, failed.message)
        case "protocol":
            return ProviderProtocolError(failed.provider, failed.message)
    return ProviderUnavailable(failed.provider, failed.message)
