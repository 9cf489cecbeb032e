"""What went wrong at Telnyx, by whether the thing was done (`calls.ports`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import telnyx

from antiphon.calls.control.rest import retry_after_ms
from antiphon.errors import (
    CallFailed,
    DeadlineExceeded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderUnavailable,
)

_OVER = frozenset({404, 422})  # Telnyx refuses a command to a call that has ended as unprocessable.


@contextmanager
def told(call_id: str = "", *, acts: bool = True) -> Iterator[None]:
    """The vendor's errors as ours. `acts` false: asking again does no harm.

    Raises:
        CallFailed, ProviderRejected, ProviderUnavailable, ProviderProtocolError, DeadlineExceeded
    """
    unknown: Callable[[str], Exception] = DeadlineExceeded if acts else _unavailable
    try:
        yield
    except telnyx.APIStatusError as error:
        raise _refusal(error, call_id, unknown) from error
    except telnyx.APIConnectionError as error:
        refused = isinstance(error.__cause__, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
        if refused:
            unknown = _unavailable
        raise unknown(f"no answer ({type(error.__cause__ or error).__name__})") from error
    except (telnyx.TelnyxError, ValueError) as error:
        raise ProviderProtocolError("telnyx", f"an answer nobody understands: {error}") from error


def _unavailable(message: str) -> Exception:
    return ProviderUnavailable("telnyx", message)


def _refusal(error: telnyx.APIStatusError, call_id: str, unknown: Callable[[str], Exception]) -> Exception:
    said = f"{error.message} (HTTP {error.status_code})"
    if call_id and error.status_code in _OVER:
        return CallFailed(f"telnyx: {said}")
    if error.status_code == 429:
        after_ms = retry_after_ms(error.response.headers)
        return ProviderUnavailable("telnyx", said, retry_after_ms=after_ms)
    if error.status_code >= 500:
        return unknown(f"telnyx: {said}")
    return ProviderRejected("telnyx", said)
