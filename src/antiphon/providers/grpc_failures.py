"""A gRPC status as one of our errors. Sources: grpc.io, "Status codes and their use in gRPC"; gRFC A6 for the
server's word on when to come back; read 2026-11-25."""

from __future__ import annotations

from collections.abc import Iterable

from antiphon.errors import ProviderError, ProviderRejected, ProviderUnavailable
from antiphon.providers.refusals import retry_after_ms

# Asking again cannot help. OUT_OF_RANGE is not among them: streams that have grown too long end with it.
REJECTED = frozenset(
    {
        "UNAUTHENTICATED",
        "PERMISSION_DENIED",
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "FAILED_PRECONDITION",
        "UNIMPLEMENTED",
    }
)
_PUSHBACK = "grpc-retry-pushback-ms"


def from_status(
    vendor: str, code: str, metadata: Iterable[tuple[str, str | bytes]] | None = None
) -> ProviderError:
    """The error for a status by its name; `metadata` is the trailing one. Details are left out: they may
    repeat what a caller said."""
    if code in REJECTED:
        return ProviderRejected(vendor, f"status {code}: check the key, the model and the address")
    told = {name: value for name, value in metadata or () if isinstance(value, str)}
    if _PUSHBACK in told:
        told["retry-after-ms"] = told[_PUSHBACK]
    said = "rate limited" if code == "RESOURCE_EXHAUSTED" else f"status {code}"
    return ProviderUnavailable(vendor, said, retry_after_ms=retry_after_ms(told))
