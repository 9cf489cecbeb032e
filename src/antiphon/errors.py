"""The error tree. It answers one question: who must act?

AntiphonError
├── ConfigError             the operator, now: refuses to start; says what, where and how to fix it
├── ProviderError
│   ├── ProviderUnavailable nobody yet: retry within the deadline, then the fallback
│   ├── ProviderRejected    the operator, soon: key, quota, model; no retry, fallback, alert
│   └── ProviderProtocolError  us: fallback; the message becomes a test case
├── DeadlineExceeded        nobody yet: fallback, then words to the caller
├── CallFailed              the caller or the carrier: a disposition, not a stack trace
├── Denied                  nobody, the law spoke: recorded with the rule, never retried
└── InvariantViolation      us: ends this call with an apology, saves the trace, leaves others alone
"""

from __future__ import annotations


class AntiphonError(Exception):
    """Root of every error this project raises on purpose."""


class ConfigError(AntiphonError):
    """Something the operator can fix before a call is taken.

    Args:
        message: What is wrong, in one sentence.
        where: File, line and field, as far as known ("agents/clinic.yaml:12: turn.preset").
        fix: How to put it right.
    """

    def __init__(self, message: str, *, where: str = "", fix: str = "") -> None:
        self.message, self.where, self.fix = message, where, fix
        parts = [f"{where}: {message}" if where else message]
        if fix:
            parts.append(f"  fix: {fix}")
        super().__init__("\n".join(parts))


class ProviderError(AntiphonError):
    """A vendor or embedded model did not do what was asked."""

    def __init__(self, provider: str, message: str) -> None:
        self.provider = provider
        super().__init__(f"{provider}: {message}")


class ProviderUnavailable(ProviderError):
    """Network, overload or a dead worker; another provider may well succeed.

    Args:
        retry_after_ms: When the vendor said it may be asked again.
    """

    def __init__(self, provider: str, message: str, *, retry_after_ms: int | None = None) -> None:
        super().__init__(provider, message)
        self.retry_after_ms = retry_after_ms


class ProviderRejected(ProviderError):
    """Key, quota or model; retrying here cannot help."""


class ProviderProtocolError(ProviderError):
    """An answer we did not understand; ours to fix."""


class DeadlineExceeded(AntiphonError):
    """A bounded wait ran out."""


class CallFailed(AntiphonError):
    """The line or the other party ended what we were doing."""


class Denied(AntiphonError):
    """A rule forbids it."""


class InvariantViolation(AntiphonError):
    """We broke our own rule; this call ends, the others do not notice."""
