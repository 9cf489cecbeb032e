"""The account, and the SDK's cancellations as our errors.

Source: `CancellationErrorCode` of azure-cognitiveservices-speech 1.53.0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from threading import Thread
from typing import Any

from antiphon.errors import ConfigError, ProviderError, ProviderRejected, ProviderUnavailable

NAME = "azure"
TICKS_PER_MS = 10_000  # Offsets and durations count 100 ns.
_REJECTED = frozenset({"AuthenticationFailure", "BadRequest", "Forbidden", "EmbeddedModelError"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureConfig:
    """Attributes:
    region: Of the account ("westeurope").
    url: Another address than the region's own ("ws://host:port"), or "".
    """

    key: str = field(repr=False)
    region: str = ""
    url: str = ""


def azure_sdk() -> Any:
    """The SDK's module. Loads a native library, so this belongs to making an adapter.

    Raises:
        ConfigError: The extra is not installed, or this machine lacks what the library needs.
    """
    try:
        return import_module("azure.cognitiveservices.speech")
    except (ImportError, OSError):
        raise ConfigError(
            "the Azure Speech SDK cannot be loaded", fix="pip install 'antiphon[azure]'; it needs OpenSSL"
        ) from None


def speech_config(sdk: Any, config: AzureConfig) -> Any:
    if not config.url:
        return sdk.SpeechConfig(subscription=config.key, region=config.region)
    _, _, place = config.url.rstrip("/").partition("://")
    secure = "s" if config.url.startswith(("https://", "wss://")) else ""
    return sdk.SpeechConfig(endpoint=f"ws{secure}://{place}/", subscription=config.key)


def cancelled(code: Any) -> ProviderError:
    """The error for a `CancellationErrorCode`. Its details are left out: they name sessions and addresses."""
    name = getattr(code, "name", "Unknown")
    if name in _REJECTED:
        return ProviderRejected(NAME, f"{name}: check the key, the region, the language and the voice")
    return ProviderUnavailable(NAME, "rate limited" if name == "TooManyRequests" else f"error {name}")


def aside(work: Callable[[], object]) -> None:
    """Away from the event loop: the library may take seconds to let go of a service that hangs."""
    Thread(target=work, name="azure-farewell").start()
