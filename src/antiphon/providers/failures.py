"""What broke at a vendor's socket, as one of our errors: handshakes, close codes, broken networks.

Messages name numbers only. A vendor's text may repeat what the caller said, and some SDKs put the key into
their exceptions, so causes are cut off where an exception could carry either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib import import_module

from antiphon.errors import ProviderError, ProviderProtocolError, ProviderRejected, ProviderUnavailable
from antiphon.providers.refusals import refused

# RFC 6455, 7.4.1: 1008 is a policy violation, which vendors use for a bad key or an unknown model.
REJECTED_CLOSES = frozenset({1008})


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
    except errors.InvalidStatus as denied:
        raise refused(vendor, denied.response.status_code, denied.response.headers) from None
    except (errors.WebSocketException, OSError, EOFError) as error:
        raise ProviderUnavailable(vendor, f"cannot be reached ({type(error).__name__})") from None
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        kind = type(error).__name__
        raise ProviderProtocolError(vendor, f"a message we do not understand ({kind})") from None
