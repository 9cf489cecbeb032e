"""A plugin's class by its name, made with what it wants, and its errors as ours.

Only the namespace `livekit.plugins` is looked into: an agent file names a vendor, it does not run code.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from livekit.agents import APIConnectOptions, APIError, APIStatusError, APITimeoutError

from antiphon.errors import ConfigError, ProviderProtocolError, ProviderUnavailable
from antiphon.providers.refusals import refused

NAME = "livekit"
PLUGINS = "livekit.plugins"
# The plugins' own HTTP library, which comes with them only.
_HTTP = import_module("aiohttp")
# How constructors call what stands behind the colon, by role.
CHOICES = {"STT": ("model",), "LLM": ("model",), "TTS": ("voice", "voice_id", "model")}


class PluginMissing(ConfigError):
    """The file may be right: this machine is without a package."""


def load(name: str, role: str, settings: Mapping[str, Any] | None = None) -> Plugin:
    """The plugin an agent file calls `PLUGIN.CLASS:MODEL`, not yet made.

    Args:
        role: "STT", "TTS" or "LLM": what the class must be.
        settings: What its constructor is given besides.

    Raises:
        ConfigError: Not a plugin's name, not installed, or of another role.
    """
    path, _, choice = name.partition(":")
    if not re.fullmatch(r"[a-z][a-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+", path):
        raise ConfigError(
            f"{NAME}/{name} names no plugin", fix=f"write {NAME}/PLUGIN.{role}, such as {NAME}/acme.{role}"
        )
    module, _, kind = path.rpartition(".")
    distribution = f"livekit-plugins-{module.partition('.')[0].replace('_', '-')}"
    try:
        made = getattr(import_module(f"{PLUGINS}.{module}"), kind)
    except ImportError:
        raise PluginMissing(
            f"the plugin {module} is not installed", fix=f"pip install {distribution}"
        ) from None
    except AttributeError:
        raise ConfigError(
            f"the plugin {module} has no {kind}", fix=f"see what {distribution} offers"
        ) from None
    wanted = getattr(import_module(f"livekit.agents.{role.lower()}"), role)
    if not (isinstance(made, type) and issubclass(made, wanted)):
        raise ConfigError(
            f"{NAME}/{name} is no {role}", fix="name a class that is one, or another role for it"
        )
    return Plugin(name, made, _chosen(made, role, choice) | dict(settings or {}))


def _chosen(kind: type[Any], role: str, choice: str) -> dict[str, Any]:
    if not choice:
        return {}
    takes = inspect.signature(kind.__init__).parameters
    return {next((word for word in CHOICES[role] if word in takes), CHOICES[role][0]): choice}


async def try_making(plugin: Plugin) -> None:
    """Raises ProviderUnavailable as `Plugin.instance` does; leaves nothing behind."""
    try:
        plugin.instance()
    finally:
        await plugin.aclose()
        session = _sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()


class Plugin:
    """One plugin, made when it is first used: many need the running loop."""

    def __init__(self, name: str, kind: type[Any], settings: Mapping[str, Any]) -> None:
        self.name = f"{NAME}/{name}"
        self._kind, self._settings = kind, settings
        self._made: Any = None

    def instance(self) -> Any:
        """The same for all calls.

        Raises:
            ProviderUnavailable: It does not want to be made: a key or a setting is missing.
        """
        if self._made is None:
            try:
                self._made = self._kind(**self._arguments())
            except _refusals() as error:
                raise ProviderUnavailable(self.name, f"cannot be made: {error}") from error
        return self._made

    def _arguments(self) -> dict[str, Any]:
        arguments = dict(self._settings)
        if "http_session" in inspect.signature(self._kind.__init__).parameters:
            arguments["http_session"] = http_session()
        return arguments

    async def aclose(self) -> None:
        """Its connections are gone."""
        made, self._made = self._made, None
        if made is not None:
            await made.aclose()


def _refusals() -> tuple[type[Exception], ...]:
    """What constructors raise that want a key or a setting. The SDK many plugins stand on has a class of its
    own for that, which is there when one of them is."""
    sdk = sys.modules.get("openai")
    own = (sdk.OpenAIError,) if sdk is not None else ()
    return (ValueError, TypeError, KeyError, OSError, RuntimeError, *own)


_sessions: dict[asyncio.AbstractEventLoop, Any] = {}


def http_session() -> Any:
    """One for all plugins of a process. Without it they look for the worker they usually live in."""
    loop = asyncio.get_running_loop()
    if loop not in _sessions or _sessions[loop].closed:
        _sessions.clear()  # Of a loop that is gone.
        _sessions[loop] = _HTTP.ClientSession()
    return _sessions[loop]


def once(timeout_ms: int) -> APIConnectOptions:
    """No second try behind our back: the next provider is better."""
    return APIConnectOptions(max_retry=0, timeout=timeout_ms / 1000)


@contextmanager
def plugin_errors(name: str) -> Iterator[None]:
    """A plugin's exceptions as ours. Bodies are left out: they may repeat what the caller said."""
    try:
        yield
    except APIStatusError as error:
        if error.status_code < 400:
            raise ProviderUnavailable(name, "the plugin reported an error") from error
        raise refused(name, error.status_code) from error
    except (APITimeoutError, TimeoutError) as error:
        raise ProviderUnavailable(name, "no answer in time") from error
    except (
        APIError,
        _HTTP.ClientError,
        OSError,
        RuntimeError,
    ) as error:  # A stream that has ended is a RuntimeError.
        raise ProviderUnavailable(name, "the plugin reported an error") from error
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise ProviderProtocolError(
            name, f"an answer we do not understand ({type(error).__name__})"
        ) from error
