"""What broke at a vendor, as one of our errors: HTTP statuses, close codes and broken sockets, judged once.

Messages name numbers only. A vendor's text may repeat what the caller said, and some SDKs put the key into
their exceptions, so causes are cut off where an exception could carry either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from importlib import import_module

from antiphon.errors import ProviderError, ProviderProtocolError, ProviderRejected, ProviderUnavailable

# RFC 6455, 7.4.1: 1008 is a policy violation, which vendors use for a bad key or an unknown model.
REJECTED_CLOSES = frozenset({1008})
_TOO_MANY = HTTPStatus.TOO_MANY_REQUESTS
# Not the request's fault, though the status says 4xx.
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY, _TOO_MANY}


def from_status(vendor: str, status: int) -> ProviderError:
    """The error for an HTTP status that is not a success."""
    if status == _TOO_MANY:
        return ProviderUnavailable(vendor, "rate limited (HTTP 429)")
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _PASSING:
        return ProviderRejected(vendor, f"HTTP {status}: check the key, the quota and the model")
    return ProviderUnavailable(vendor, f"HTTP {status}")


def from_close(vendor: str, code: int | None, rejected: Collection[int] = REJECTED_CLOSES) -> ProviderError:
    """The error for a socket that closed; None is one that broke without a word."""
    if code is None:
        return ProviderUnavailable(vendor, "the connection broke")
    if code in rejected:
        return ProviderRejected(vendor, f"closed with code {code}: check the key, the quota and the model")
    return ProviderUnavailable(vendor, f"closed with code {code}")


@contextmanager
def socket_errors(vendor: str, rejected: Collection[int] = REJECTED_CLOSES) -> Iterator[None]:
    """Exceptions of the `websockets` package, which the SDKs stand on, as ours.

    Raises:
        ProviderUnavailable, ProviderRejected, ProviderProtocolError.
    """
    errors = import_module("websockets.exceptions")
    try:
        yield
    except errors.ConnectionClosed as closed:
        raise from_close(vendor, closed.rcvd.code if closed.rcvd else None, rejected) from None
    except errors.InvalidStatus as refused:
        raise from_status(vendor, refused.response.status_code) from None
    except (errors.WebSocketException, OSError, EOFError) as error:
        raise ProviderUnavailable(vendor, f"cannot be reached ({type(error).__name__})") from None
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        kind = type(error).__name__
        raise ProviderProtocolError(vendor, f"a message we do not understand ({kind})") from None
