"""How the API is entered, from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from antiphon.errors import ConfigError
from antiphon.server.access.limits import Rate
from antiphon.server.access.oidc import OidcSettings, oidc_settings

_BURST_S = 10.0  # A page opens with a dozen requests; a script that loops is noticed within seconds.


def _rate_of(per_minute: int) -> Rate:
    return Rate(per_minute=per_minute, burst=max(1, int(per_minute / 60 * _BURST_S)))


_RATE = _rate_of(600)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSettings:
    """Attributes:
    local_is_owner: Whoever reaches us needs no login: the listener is on loopback and nothing forwards to it.
    webhooks_private: Webhooks may go to private addresses.
    """

    local_is_owner: bool
    oidc: OidcSettings | None = None
    rate: Rate = _RATE
    webhooks_private: bool = False


def access_settings(environ: Mapping[str, str], *, is_loopback: bool, public_url: str) -> AccessSettings:
    """Raises ConfigError: A value that cannot be right.

    A public address means that something on this machine forwards strangers to the loopback listener, so
    being on loopback proves nothing then.
    """
    wanted = environ.get("ANTIPHON_AUTH", "").strip().lower()
    if wanted not in {"", "required"}:
        raise ConfigError(f"{wanted!r} is not known", where="ANTIPHON_AUTH", fix="required, or leave it out")
    return AccessSettings(
        local_is_owner=is_loopback and not public_url and wanted != "required",
        oidc=oidc_settings(environ),
        rate=_rate(environ.get("ANTIPHON_API_RATE_PER_MINUTE", "").strip()),
        webhooks_private=environ.get("ANTIPHON_WEBHOOKS_PRIVATE", "").lower() in {"1", "true", "yes", "on"},
    )


def _rate(value: str) -> Rate:
    if not value:
        return _RATE
    if not value.isdecimal() or not 1 <= int(value) <= 1_000_000:
        raise ConfigError(f"{value!r} is no rate", where="ANTIPHON_API_RATE_PER_MINUTE", fix="1 to 1000000")
    return _rate_of(int(value))
