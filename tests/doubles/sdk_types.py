"""Messages of a double, held against the vendor's own SDK: a field they do not have, or miss, fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pydantic


def checked(kind: type[pydantic.BaseModel], message: dict[str, Any]) -> dict[str, Any]:
    """`message`, if it is exactly what the SDK's type describes. SDKs allow unknown fields; we do not."""
    model = kind.model_validate_json(json.dumps(message))
    unknown = list(_unknown(model, kind.__name__))
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
