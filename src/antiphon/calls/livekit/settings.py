"""Where the SFU is and how we prove who we are. From the environment only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from antiphon.errors import ConfigError

URL, KEY, SECRET = "LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"
ROOMS_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveKitSettings:
    """Attributes:
    caller_within_s: How long the agent waits in a room for somebody with a voice.
    """

    url: str
    api_key: str
    api_secret: str = field(repr=False)
    rooms_max: int = ROOMS_MAX
    caller_within_s: float = 60.0


def livekit_settings(environ: Mapping[str, str]) -> LiveKitSettings | None:
    """None where nothing of it is set. Raises: ConfigError: Part of it is missing, or the address is none."""
    given = {name: environ.get(name, "").strip() for name in (URL, KEY, SECRET)}
    if not any(given.values()):
        return None
    for name, value in given.items():
        if not value:
            raise ConfigError("is not set", where=name, fix=f"set all of {', '.join(given)}, or none")
    if not given[URL].startswith(("ws://", "wss://")):
        raise ConfigError(f"{given[URL]!r} is no address", where=URL, fix="write wss://sfu.example.com")
    return LiveKitSettings(url=given[URL], api_key=given[KEY], api_secret=given[SECRET])
