"""May this number be called? Nobody dials without a `DialPermit`, and only the gates here make one.

The smallest set of rules: whom the operator allows, whom he never calls, and what nobody may call through a
machine. Calling hours, consent to be called and national lists come with campaigns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import phonenumbers
from phonenumbers import PhoneNumberType, shortnumberinfo

from antiphon.errors import ConfigError, Denied
from antiphon.trust.numbers import e164, is_sip, target_of

ALLOWED = "ANTIPHON_DIAL_ALLOWED"
DO_NOT_CALL = "ANTIPHON_DO_NOT_CALL"
# Who is called pays, or it costs more than a call: no agent has business there.
_COSTLY: Final = {
    PhoneNumberType.PREMIUM_RATE: "a premium number",
    PhoneNumberType.SHARED_COST: "a number that costs more than a call",
}
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_PREFIX: Final = re.compile(r"\+[1-9][0-9]{0,14}\*")
_SHORT_DIGITS: Final = 6  # No country's number for emergencies is longer.
_MINT: Final = object()

Purpose = Literal["call", "transfer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DialPermit:
    """The permission to dial one number once, with its evidence.

    Attributes:
        number: E.164 or a SIP address.
        purpose: "call": an agent calls somebody; "transfer": a caller is put through to a person.
        basis: The rule that allowed it.
    """

    number: str
    purpose: Purpose
    basis: str
    minted: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        assert self.minted is _MINT, "a permit is made by the gates in trust/dialling.py, and nowhere else"


@dataclass(frozen=True, slots=True, kw_only=True)
class DialRules:
    """Attributes:
    allowed: Countries ("US"), numbers, beginnings of numbers ("+4930*") and SIP addresses ("sip:*@pbx").
    do_not_call: A file of numbers, one a line, "#" begins a remark; read again for every call.
    """

    allowed: tuple[str, ...] = ()
    do_not_call: Path | None = None


def dial_rules(environ: Mapping[str, str]) -> DialRules:
    """Raises: ConfigError: A value that cannot be right, or a list that is not there."""
    allowed = []
    for part in filter(None, (part.strip() for part in environ.get(ALLOWED, "").split(","))):
        known = _COUNTRY.fullmatch(part) or _PREFIX.fullmatch(part) or part.startswith("sip:*@")
        try:
            allowed.append(part if known else target_of(part))
        except ConfigError as error:
            raise ConfigError(
                f"{part!r} is nobody to call",
                where=ALLOWED,
                fix="countries, numbers and beginnings of numbers: US,+442071234567,+4930*",
            ) from error
    named = environ.get(DO_NOT_CALL, "")
    rules = DialRules(allowed=tuple(allowed), do_not_call=Path(named) if named else None)
    if rules.do_not_call is not None:
        _listed(rules.do_not_call)
    return rules


def permit_call(text: str, rules: DialRules) -> DialPermit:
    """An agent may call this number now.

    Raises:
        Denied: It may not; says by which rule.
    """
    target = _dialable(text)
    if rules.do_not_call is not None and target in _listed_or_denied(rules.do_not_call):
        raise Denied("the number is on the do-not-call list")
    basis = _allowed_by(target, rules.allowed)
    if basis != target and not is_sip(target) and _kind(target) == PhoneNumberType.UNKNOWN:
        # Ranges of that kind are resold; who knows the number better lists it by itself.
        raise Denied("no country is known to have given out such a number")
    if not basis:
        raise Denied(f"the number is not among those that may be called ({ALLOWED})")
    return DialPermit(number=target, purpose="call", basis=f"{ALLOWED}: {basis}", minted=_MINT)


def permit_transfer(text: str, listed: Iterable[str]) -> DialPermit:
    """A caller may be put through to this one of his agent's people.

    Raises:
        Denied: It is not listed, or nobody may call it.
    """
    target = _dialable(text)
    if target not in {target_of(one) for one in listed}:
        raise Denied("the number is not among the targets of this agent (`escalation: targets:`)")
    return DialPermit(number=target, purpose="transfer", basis="escalation: targets", minted=_MINT)


def _dialable(text: str) -> str:
    """Raises: Denied: It is nothing a machine may dial."""
    if is_sip(text):
        return text
    digits = re.sub(r"\D", "", text)
    regions = phonenumbers.SUPPORTED_REGIONS if len(digits) <= _SHORT_DIGITS else ()
    if any(shortnumberinfo.is_emergency_number(digits, region) for region in regions):
        raise Denied("it is an emergency number; a person must dial it")
    try:
        number = e164(text)
    except ConfigError as error:
        raise Denied(f"{error.message}: it cannot be dialled; {error.fix}") from None
    if costly := _COSTLY.get(_kind(number)):
        raise Denied(f"it is {costly}")
    return number


def _kind(number: str) -> int:
    """One of `PhoneNumberType`."""
    return phonenumbers.number_type(phonenumbers.parse(number))


def _allowed_by(target: str, allowed: Iterable[str]) -> str:
    """The entry that covers it, or ""."""
    region = "" if is_sip(target) else phonenumbers.region_code_for_number(phonenumbers.parse(target))
    for entry in allowed:
        if entry.startswith("sip:*@"):
            covers = is_sip(target) and target.partition("@")[2].partition(";")[0] == entry[len("sip:*@") :]
        elif entry.endswith("*"):
            covers = target.startswith(entry[:-1])
        else:
            covers = entry in (target, region)
        if covers:
            return entry
    return ""


def _listed_or_denied(path: Path) -> frozenset[str]:
    try:
        return _listed(path)
    except ConfigError as error:
        # Whoever cannot be looked up is not called.
        raise Denied(f"the do-not-call list cannot be read: {error.message}") from None


def _listed(path: Path) -> frozenset[str]:
    """Raises: ConfigError: The file cannot be read, or a line of it is no number."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(str(reason), where=f"{DO_NOT_CALL}={path}", fix="name a file of numbers") from error
    listed = set()
    for number, line in enumerate(lines, start=1):
        text = line.partition("#")[0].strip()
        try:
            listed |= {target_of(text)} if text else set()
        except ConfigError as error:
            raise ConfigError(error.message, where=f"{path}:{number}", fix=error.fix) from error
    return frozenset(listed)
