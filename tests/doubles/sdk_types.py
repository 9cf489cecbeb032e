"""Messages of a double, held against the vendor's own SDK: a field they do not have, or miss, fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pydantic


def checked(kind: Any, message: dict[str, Any]) -> dict[str, Any]:
    """`message`, if it is exactly what the SDK's type (a pydantic model of either generation) describes. SDKs
    allow unknown fields; we do not."""
    if hasattr(kind, "model_validate_json"):
        unknown = list(_unknown(kind.model_validate_json(json.dumps(message)), kind.__name__))
    else:
        unknown = list(_dropped(message, json.loads(kind.parse_obj(message).json()), kind.__name__))
    assert not unknown, f"the vendor has no such fields: {unknown}"
    return message


def _unknown(value: object, where: str) -> Iterator[str]:
    if isinstance(value, pydantic.BaseModel):
        yield from (f"{where}.{name}" for name in value.model_extra or ())
        for name in type(value).model_fields:
            yield from _unknown(getattr(value, name), f"{where}.{name}")
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _unknown(item, f"{where}[]")


def _dropped(message: object, read: object, where: str) -> Iterator[str]:
    """What the first generation of pydantic leaves out of a model without a word."""
    if isinstance(message, dict) and isinstance(read, dict):
        for name, value in message.items():
            if name not in read:
                yield f"{where}.{name}"
            else:
                yield from _dropped(value, read[name], f"{where}.{name}")
    elif isinstance(message, list) and isinstance(read, list):
        for item, other in zip(message, read, strict=True):
            yield from _dropped(item, other, f"{where}[]")
