"""`turn.stop_silence_min_ms=300` on a command line, applied to a recorded policy."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from antiphon.conversation.policy import (
    PRESETS,
    Policy,
    impossible,
    silence_contradictions,
    turn_contradictions,
)
from antiphon.errors import ConfigError

DURATION_MAX_MS = 86_400_000  # A day, as in the agent file.
COST_MAX_USD = 1000.0
_PRESET = "turn.preset"


def override(policy: Policy, settings: Sequence[str]) -> Policy:
    """The policy with `section.key=value` settings on top.

    `turn.preset=NAME` sets what the presets differ in, whatever the agent file made of it, and leaves the
    rest of a turn's settings; single settings go on top of it.

    Raises:
        ConfigError: No such key (names the nearest) or preset, a value of the wrong type or out of range, or
            settings that contradict each other or what they leave as it was.
    """
    values: dict[str, Any] = msgspec.to_builtins(policy)
    given: dict[str, str] = {}
    for setting in settings:
        key, separator, text = setting.partition("=")
        if given.setdefault(key.strip(), text.strip()) != text.strip():
            raise ConfigError(
                f"{key.strip()} is set twice, to {given[key.strip()]} and to {text.strip()}",
                where="--set",
                fix="keep one of them",
            )
        if not separator:
            raise _unknown(setting, values)
    preset = _preset(given.pop(_PRESET)) if _PRESET in given else {}
    values["turn"] |= preset
    for key, text in given.items():
        section, _, name = key.rpartition(".")
        target = values.get(section) if section else values
        if not isinstance(target, dict) or name not in target or isinstance(target[name], dict):
            raise _unknown(f"{key}={text}", values)
        target[name] = _parse(text)
    try:
        changed = msgspec.convert(values, Policy)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{', '.join(settings)}: {error}", where="--set") from error
    # A call recorded under what is refused today keeps it, unless the setting is about that.
    before = (*_impossible(policy), *_contradictions(policy))
    kept = {_about(fault) for fault in before} - {key.rpartition(".")[2] for key in given} - preset.keys()
    impossible = [fault for fault in _impossible(changed) if _about(fault) not in kept]
    if impossible:
        raise ConfigError(impossible[0], where="--set")
    wrong = [fault for fault in _contradictions(changed) if _about(fault) not in kept]
    if wrong:
        raise ConfigError(wrong[0], where="--set", fix="set both, or something in between")
    return changed


def _preset(name: str) -> dict[str, Any]:
    """What a preset is about: the settings in which some preset differs from the others."""
    if name not in PRESETS:
        raise ConfigError(
            f"there is no preset {name!r}", where="--set", fix=f"presets are {', '.join(PRESETS)}"
        )
    presets = [msgspec.to_builtins(turn) for turn in PRESETS.values()]
    differing = (key for key in presets[0] if any(turn[key] != presets[0][key] for turn in presets))
    return {key: getattr(PRESETS[name], key) for key in differing}


def _impossible(policy: Policy) -> Iterator[str]:
    """What no second setting would put right."""
    yield from _out_of_range(policy)
    yield from impossible(policy.turn)
    yield from impossible(policy.silence)


def _contradictions(policy: Policy) -> Iterator[str]:
    yield from turn_contradictions(policy.turn)
    yield from silence_contradictions(policy.silence)


def _about(fault: str) -> str:
    """The knob that a fault begins with."""
    return fault.partition(" ")[0].rpartition(".")[2]


def _out_of_range(policy: Policy) -> Iterator[str]:
    """What the agent file would not let through either."""
    for section in ("turn", "silence"):
        for name, value in msgspec.to_builtins(getattr(policy, section)).items():
            limit = 1.0 if isinstance(value, float) else DURATION_MAX_MS
            limit = COST_MAX_USD if name.endswith("_usd") else limit
            if isinstance(value, int | float) and not 0 <= value <= limit:
                yield f"{section}.{name} is {value}, which is not between 0 and {limit}"


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
    keys.append(_PRESET)
    key = setting.partition("=")[0].strip()
    near = difflib.get_close_matches(key, keys, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}=...?" if near else f"keys are {', '.join(keys)}"
    return ConfigError(f"{setting!r} sets nothing of the policy", where="--set", fix=hint)
