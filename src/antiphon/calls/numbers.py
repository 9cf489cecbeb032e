"""Phone numbers and SIP addresses calls may be passed on to: only those that are listed."""

from __future__ import annotations

from collections.abc import Iterable

from antiphon.errors import Denied
from antiphon.trust.numbers import e164, is_sip, target_of

__all__ = ["allowed_target", "e164", "is_sip", "target_of"]


def allowed_target(text: str, allowed: Iterable[str]) -> str:
    """The target, if it is on the list.

    Raises:
        ConfigError: It is no number and no SIP address.
        Denied: Calls may not be passed on to it.
    """
    target = target_of(text)
    if target not in {target_of(one) for one in allowed}:
        raise Denied(f"{target} is not among the targets of this agent (`escalation: targets:`)")
    return target
