"""`turn.stop_silence_min_ms=300` on a command line, applied to a recorded policy."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import msgspec

from antiphon.conversation.policy import Policy
from antiphon.errors import ConfigError


def override(policy: Policy, settings: Sequence[str]) -> Policy:
    """The policy with `section.key=value` settings on top.

    Raises:
        ConfigError: No such key (names the nearest), or a value of the wrong type.
    """
    values: dict[str, Any] = msgspec.to_builtins(policy)
    for setting in settings:
        key, separator, text = setting.partition("=")
        section, _, name = key.strip().rpartition(".")
        target = values.get(section) if section else values
        if (
            not separator
            or not isinstance(target, dict)
            or name not in target
            or isinstance(target[name], dict)
        ):
            raise _unknown(setting, values)
        target[name] = _parse(text.strip())
    try:
        return msgspec.convert(values, Policy)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{', '.join(settings)}: {error}", where="--set") from error


def _parse(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _unknown(setting: str, values: dict[str, Any]) -> ConfigError:
    keys = [
        f"{name}.{inner}" if inner else name
        for name, value in values.items()
        for inner in (value if isinstance(value, dict) else [""])
    ]
    key = setting.partition("=")[0].strip()
    near = difflib.get_close_matches(key, keys, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}=...?" if near else f"keys are {', '.join(keys)}"
    return ConfigError(f"{setting!r} sets nothing of the policy", where="--set", fix=hint)
