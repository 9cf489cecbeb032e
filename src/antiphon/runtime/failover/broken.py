"""A vendor's adapter that broke in a way of its own: a mistake of ours (a message nobody knew), which must
not cost the caller what the next vendor can do."""

from __future__ import annotations

import asyncio

import structlog

from antiphon.errors import ProviderError, ProviderProtocolError
from antiphon.runtime.ending import cancelled_from_outside

_log = structlog.get_logger(__name__)


def is_adapters(error: BaseException) -> bool:
    """Raised by it, not by whoever gave the work up."""
    if isinstance(error, asyncio.CancelledError):
        return not cancelled_from_outside()
    return isinstance(error, Exception | SystemExit)


def as_failure(name: str, error: BaseException) -> ProviderError:
    """What its candidate failed with; told once, with the adapter's name, where it is not a vendor's failure.
    Nothing of the error's own words: they may be the caller's."""
    if isinstance(error, ProviderError):
        return error
    _log.error("adapter_broke", vendor=name, error=type(error).__name__, exc_info=error)
    return ProviderProtocolError(name, f"its adapter broke: {type(error).__name__}")
