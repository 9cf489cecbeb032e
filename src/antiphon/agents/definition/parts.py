"""What the sections of every file an author writes are made of: strict mappings, and values checked as they
are read, with the remedy beside the fault."""

from __future__ import annotations

import re
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def fault(message: str, fix: str = "") -> ValueError:
    """An error whose second half says how to put it right (split again in `problems.py`)."""
    return ValueError(f"{message} | {fix}")


def as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


def time_zone_name(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise fault(f"unknown time zone {name!r}", "use a name like America/New_York") from None
    return name


def language_tag(tag: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}(?:-[A-Z]{2})?", tag):
        raise fault(f"{tag!r} is not a language tag", "write it like en-US")
    return tag


def person_target(value: str) -> str:
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}|sips?:[^\s@]+@[^\s@]+", value):
        raise fault(
            f"{value!r} is neither a phone number nor a SIP address",
            "write +12125550100 or sip:desk@example.com",
        )
    return value


def _words(text: str) -> str:
    if not text.strip():
        raise fault("is empty", "write the words to say, or remove the key")
    return text


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise fault(f"not a regular expression: {error}") from None
    return text


Words = Annotated[str, AfterValidator(_words), Field(max_length=2000)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Texts = Annotated[list[Words], BeforeValidator(as_list)]


class Section(BaseModel):
    """A mapping that knows all of its keys."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
