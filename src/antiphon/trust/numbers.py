"""Phone numbers and SIP addresses, checked at the edge."""

from __future__ import annotations

import re

import phonenumbers

from antiphon.errors import ConfigError

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
