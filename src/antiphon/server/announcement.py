"""The words an operator reads when everything is up."""

from __future__ import annotations

from typing import Any

from antiphon.server.pages import page_is_built
from antiphon.server.settings import ServeSettings


def ready_words(
    settings: ServeSettings, port: int, reports: dict[str, dict[str, Any]], *, has_keys: bool | None = None
) -> str:
    """Addresses, agents, models and their load times, from what the workers reported.

    Args:
        has_keys: Whether anybody can use the API; None where nobody needs a key.
    """
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    base = f"http://{host}:{port}"
    agents = [str(agent["name"]) for agent in reports.get("media", {}).get("agents", [])]
    example = agents[0] if agents else "AGENT"
    lines = ["", "Antiphon is ready.", ""]
    lines.append(
        f"  talk page   {base}/" + ("" if page_is_built() else "   (not built: scripts/build_web.py)")
    )
    phone = settings.public_url or base
    lines += [
        f"  phone       {phone}/calls/{carrier}/{example}   (media on port {settings.media_port})"
        for carrier in settings.carrier_keys or ("twilio",)
    ]
    if settings.sip is not None:
        routed = next(iter(settings.sip.routes), example)
        lines.append(f"  sip         sip:{routed}@{settings.sip.host}:{settings.sip.port}")
    lines.append(f"  agents      {', '.join(agents) or 'none'}")
    lines += _models(reports)
    if not settings.carrier_keys:
        lines.append(
            "  warning     unsigned phone webhooks are taken (ANTIPHON_ALLOW_UNSIGNED)"
            if settings.allow_unsigned
            else "  note        phone webhooks are refused until a key is set (TWILIO_AUTH_TOKEN, …)"
        )
    if has_keys is False:
        lines.append("  note        the API lets nobody in until there is a key: antiphon keys create NAME")
    if not settings.is_loopback:
        lines.append("  warning     reachable from the network; browsers allow microphones only over https")
    return "\n".join([*lines, "", "Ctrl-C stops."])


def _models(reports: dict[str, dict[str, Any]]) -> list[str]:
    """The embedded models and how long they took, and how long the rest did."""
    lines: list[str] = []
    models = reports.get("inference", {})
    if names := models.get("models"):
        lines.append(
            f"  models      {', '.join(names)}   (loaded and warm in {_seconds(models.get('load_ms'))})"
        )
    if boot_ms := reports.get("media", {}).get("boot_ms"):
        lines.append(f"  ready       agents warm in {_seconds(boot_ms)}")
    return lines


def _seconds(duration_ms: object) -> str:
    return f"{duration_ms / 1000:.1f} s" if isinstance(duration_ms, int) else "?"
