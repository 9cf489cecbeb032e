"""What went wrong at Telnyx, by whether the thing was done (`calls.ports`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import telnyx

from antiphon.errors import (
    CallFailed,
    DeadlineExceeded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderUnavailable,
)

_OVER = frozenset({404, 422})  # Telnyx refuses a command to a call that has ended as unprocessable.


@contextmanager
def told(call_id: str = "") -> Iterator[None]:
    """The vendor's errors as ours.

    Raises:
        CallFailed, ProviderRejected, ProviderUnavailable, ProviderProtocolError, DeadlineExceeded
    """
    try:
        yield
    except telnyx.APIStatusError as error:
        raise _refusal(error, call_id) from error
    except telnyx.APIConnectionError as error:
        refused = isinstance(error.__cause__, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
        unknown: Callable[[str], Exception] = DeadlineExceeded
        if refused:
            unknown = lambda message: ProviderUnavailable("telnyx", message)  # noqa: E731
        raise unknown(f"no answer ({type(error.__cause__ or error).__name__})") from error
    except (telnyx.TelnyxError, ValueError) as error:
        raise ProviderProtocolError("telnyx", f"an answer nobody understands: {error}") from error


def _refusal(error: telnyx.APIStatusError, call_id: str) -> Exception:
    said = f"{error.message} (HTTP {error.status_code})"
    if call_id and error.status_code in _OVER:
        return CallFailed(f"telnyx: {said}")
    if error.status_code == 429:
        return ProviderUnavailable("telnyx", said)
    if error.status_code >= 500:
        return DeadlineExceeded(f"telnyx: {said}")
    return ProviderRejected("telnyx", said)
