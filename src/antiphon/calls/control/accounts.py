"""The carriers we can place calls with: which the environment has credentials for, and what each can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from antiphon.calls.ports import Capability, CarrierControl
from antiphon.calls.sip.capabilities import CAPABILITIES as SIP_CAPABILITIES
from antiphon.calls.sip.capabilities import CARRIER as SIP
from antiphon.calls.sip.settings import TRUNK
from antiphon.errors import ConfigError

# What each carrier's interface can do, by our adapter for it; known without an account.
CAPABILITIES: Mapping[str, frozenset[Capability]] = {
    "twilio": frozenset(Capability) - {Capability.ANSWER},
    "signalwire": frozenset(Capability) - {Capability.ANSWER},
    # Its markup plays no keys, and a whisper before a transfer is not documented for it.
    "telnyx": frozenset(Capability)
    - {Capability.ANSWER, Capability.NUMBERS, Capability.SEND_DIGITS, Capability.WHISPER},
    "sip": SIP_CAPABILITIES,
}


# Environment variables of each account.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "twilio": ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
    "signalwire": ("SIGNALWIRE_SPACE", "SIGNALWIRE_PROJECT_ID", "SIGNALWIRE_API_TOKEN"),
    "telnyx": ("TELNYX_API_KEY", "TELNYX_ACCOUNT_SID", "TELNYX_TEXML_APPLICATION_SID"),
}


def accounts_in(environ: Mapping[str, str]) -> frozenset[str]:
    """Carriers there are credentials for; "sip" where there is a trunk."""
    found = {carrier for carrier, names in NEEDED.items() if all(environ.get(name) for name in names)}
    return frozenset(found | {SIP} if any(name.startswith(TRUNK) for name in environ) else found)


def controls_from(environ: Mapping[str, str]) -> dict[str, CarrierControl]:
    """Every carrier there are credentials for.

    Raises:
        ConfigError: Credentials without the SDK.
    """
    found: dict[str, CarrierControl] = {}
    for carrier in NEEDED:
        if carrier in accounts_in(environ):
            try:
                found[carrier] = _MAKE[carrier](*(environ[name] for name in NEEDED[carrier]))
            except ImportError as error:
                raise ConfigError(
                    f"there are credentials for {carrier}, but no SDK to use them with",
                    fix=f'pip install "antiphon[{_EXTRAS.get(carrier, carrier)}]"',
                ) from error
    return found


def _twilio(account_sid: str, password: str) -> CarrierControl:
    from antiphon.calls.twilio.account import TwilioAccount, TwilioControl

    return TwilioControl(TwilioAccount(account_sid=account_sid, password=password))


def _signalwire(space: str, project: str, password: str) -> CarrierControl:
    """SignalWire, "Compatibility API", read 2026-11: Twilio's SDK serves; paths lie below /api/laml."""
    from antiphon.calls.twilio.account import TwilioAccount, TwilioControl

    api_url = f"https://{space}.signalwire.com/api/laml"
    account = TwilioAccount(account_sid=project, password=password, api_url=api_url)
    return TwilioControl(account, carrier="signalwire", capabilities=CAPABILITIES["signalwire"])


def _telnyx(api_key: str, account_sid: str, application_sid: str) -> CarrierControl:
    from antiphon.calls.telnyx.account import TelnyxAccount, TelnyxControl

    account = TelnyxAccount(api_key=api_key, account_sid=account_sid, application_sid=application_sid)
    return TelnyxControl(account, capabilities=CAPABILITIES["telnyx"])


_MAKE: Mapping[str, Callable[..., CarrierControl]] = {
    "twilio": _twilio,
    "signalwire": _signalwire,
    "telnyx": _telnyx,
}
_EXTRAS = {"signalwire": "twilio"}
