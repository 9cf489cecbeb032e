"""Keys in a turn: "dtmf:1234#", alone or before, between or behind the words they were pressed with."""

from __future__ import annotations

KEYS = "dtmf:"


def keys_alone(text: str) -> str:
    """The keys of a turn that is nothing but keys; "" of any other."""
    return text.removeprefix(KEYS) if text.startswith(KEYS) and len(text.split()) == 1 else ""
