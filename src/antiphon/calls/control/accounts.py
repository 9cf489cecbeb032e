"""The carriers we can place calls with: which the environment has credentials for, and what each can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from antiphon.calls.ports import Capability, CarrierControl
from antiphon.calls.sip.capabilities import CAPABILITIES as SIP_CAPABILITIES
from antiphon.calls.sip.capabilities import CARRIER as SIP
from antiphon.calls.sip.settings import TRUNK
from antiphon.calls.streams.sealed import Instructions, Sealed
from antiphon.calls.streams.webhooks import XML
from antiphon.errors import ConfigError

# What each carrier's interface can do, by our adapter for it; known without an account.
CAPABILITIES: Mapping[str, frozenset[Capability]] = {
    "twilio": frozenset(Capability) - {Capability.ANSWER},
    "signalwire": frozenset(Capability) - {Capability.ANSWER},
    # Its markup plays no keys.
    "telnyx": frozenset(Capability) - {Capability.ANSWER, Capability.SEND_DIGITS},
    "plivo": frozenset(Capability) - {Capability.ANSWER, Capability.PAUSE_RECORDING},
    # It records by what a call is told to begin with, never by a request.
    "vonage": frozenset(Capability) - {Capability.ANSWER, Capability.RECORD, Capability.PAUSE_RECORDING},
    "sip": SIP_CAPABILITIES,
}


# Environment variables of each account.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "twilio": ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
    "signalwire": ("SIGNALWIRE_SPACE", "SIGNALWIRE_PROJECT_ID", "SIGNALWIRE_API_TOKEN"),
    "telnyx": ("TELNYX_API_KEY", "TELNYX_ACCOUNT_SID", "TELNYX_TEXML_APPLICATION_SID"),
    "plivo": ("PLIVO_AUTH_ID", "PLIVO_AUTH_TOKEN"),
    "vonage": ("VONAGE_APPLICATION_ID", "VONAGE_PRIVATE_KEY"),
}

# Puts a document for a carrier behind an address of ours: its name and the text in, the address out.
Publish = Callable[[str, str], str]


def accounts_in(environ: Mapping[str, str]) -> frozenset[str]:
    """Carriers there are credentials for; "sip" where there is a trunk."""
    found = {carrier for carrier, names in NEEDED.items() if all(environ.get(name) for name in names)}
    return frozenset(found | {SIP} if any(name.startswith(TRUNK) for name in environ) else found)


def controls_from(environ: Mapping[str, str], publish: Publish | None = None) -> dict[str, CarrierControl]:
    """Every carrier there are credentials for.

    Args:
        publish: Without it a carrier that fetches instructions can be told nothing on a call that is up.

    Raises:
        ConfigError: Credentials without the SDK, or a key that is none.
    """
    found: dict[str, CarrierControl] = {}
    for carrier in NEEDED:
        if carrier in accounts_in(environ):
            try:
                found[carrier] = _MAKE[carrier](environ, publish or _nowhere)
            except ImportError as error:
                raise ConfigError(
                    f"there are credentials for {carrier}, but no SDK to use them with",
                    fix=f'pip install "antiphon[{_EXTRAS.get(carrier, carrier)}]"',
                ) from error
    return found


def behind(sealed: Sealed, base_url: str) -> Publish:
    """Addresses of the control process at `base_url`, which opens them (`server.transfer_calls`)."""

    def publish(carrier: str, document: str) -> str:
        ticket = sealed.seal(Instructions(text=document, media_type=XML))
        return f"{base_url.rstrip('/')}/calls/{carrier}/instructions/{ticket}"

    return publish


def _nowhere(carrier: str, document: str) -> str:
    raise ConfigError(
        f"{carrier} asks us what a call shall do, and there is nobody here to answer",
        fix="do it through a running `antiphon serve`",
    )


def _twilio(environ: Mapping[str, str], publish: Publish) -> CarrierControl:
    from antiphon.calls.twilio.account import TwilioAccount, TwilioControl

    account_sid, password = (environ[name] for name in NEEDED["twilio"])
    return TwilioControl(TwilioAccount(account_sid=account_sid, password=password))


def _signalwire(environ: Mapping[str, str], publish: Publish) -> CarrierControl:
    """SignalWire, "Compatibility API", read 2026-11: Twilio's SDK serves; paths lie below /api/laml."""
    from antiphon.calls.twilio.account import TwilioAccount, TwilioControl

    space, project, password = (environ[name] for name in NEEDED["signalwire"])
    api_url = f"https://{space}.signalwire.com/api/laml"
    account = TwilioAccount(account_sid=project, password=password, api_url=api_url)
    return TwilioControl(account, carrier="signalwire", capabilities=CAPABILITIES["signalwire"])


def _telnyx(environ: Mapping[str, str], publish: Publish) -> CarrierControl:
    from antiphon.calls.telnyx.account import TelnyxAccount, TelnyxControl

    api_key, account_sid, application_sid = (environ[name] for name in NEEDED["telnyx"])
    account = TelnyxAccount(api_key=api_key, account_sid=account_sid, application_sid=application_sid)
    return TelnyxControl(account, capabilities=CAPABILITIES["telnyx"])


def _plivo(environ: Mapping[str, str], publish: Publish) -> CarrierControl:
    from antiphon.calls.plivo.account import PlivoAccount, PlivoControl

    auth_id, auth_token = (environ[name] for name in NEEDED["plivo"])
    return PlivoControl(
        PlivoAccount(auth_id=auth_id, auth_token=auth_token),
        capabilities=CAPABILITIES["plivo"],
        publish=lambda document: publish("plivo", document),
    )


def _vonage(environ: Mapping[str, str], publish: Publish) -> CarrierControl:
    from antiphon.calls.vonage.account import VonageAccount, VonageControl

    application_id, private_key = (environ[name] for name in NEEDED["vonage"])
    account = VonageAccount(
        application_id=application_id,
        private_key=_key_text(private_key),
        api_key=environ.get("VONAGE_API_KEY", ""),
        api_secret=environ.get("VONAGE_API_SECRET", ""),
    )
    return VonageControl(account, capabilities=CAPABILITIES["vonage"])


def _key_text(given: str) -> str:
    """The key, or the file it is in."""
    if "-----BEGIN" in given:
        return given
    try:
        return Path(given).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the file cannot be read ({type(error).__name__})",
            where="VONAGE_PRIVATE_KEY",
            fix="put the text of the key there, or the path of its file",
        ) from error


_MAKE: Mapping[str, Callable[[Mapping[str, str], Publish], CarrierControl]] = {
    "twilio": _twilio,
    "signalwire": _signalwire,
    "telnyx": _telnyx,
    "plivo": _plivo,
    "vonage": _vonage,
}
_EXTRAS = {"signalwire": "twilio"}
