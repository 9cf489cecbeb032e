"""Phone numbers and SIP addresses we may call: checked at the edge, and only those that are listed."""

from __future__ import annotations

import re
from collections.abc import Iterable

import phonenumbers

from antiphon.errors import ConfigError, Denied

_SIP = re.compile(r"sips?:[^\s@<>\"]+@[^\s@<>\"]+")


def e164(text: str) -> str:
    """The number as it is dialled, "+" and digits only.

    Raises:
        ConfigError: It is none of ITU-T E.164, or no country has such a number.
    """
    compact = re.sub(r"[\s().-]", "", text)
    if re.fullmatch(r"\+[1-9][0-9]{6,14}", compact):
        try:
            number = phonenumbers.parse(compact)
            # Not "local only": what can be dialled within its own town cannot be dialled from here.
            if (
                phonenumbers.is_possible_number_with_reason(number)
                == phonenumbers.ValidationResult.IS_POSSIBLE
            ):
                return compact
        except phonenumbers.NumberParseException:
            pass
    raise ConfigError(
        f"{text!r} is not a phone number", fix="write it with its country code, as +12125550100"
    )


def is_sip(target: str) -> bool:
    return _SIP.fullmatch(target) is not None


def target_of(text: str) -> str:
    """A number or a SIP address. Raises: ConfigError: Neither."""
    return text if is_sip(text) else e164(text)


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
