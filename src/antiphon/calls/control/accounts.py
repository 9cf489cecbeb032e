"""The carriers we can place calls with: which the environment has credentials for, and what each can do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from antiphon.agents.definition import AgentDefinition
from antiphon.calls.numbers import is_sip
from antiphon.calls.ports import Capability, CarrierControl
from antiphon.errors import ConfigError

# What each carrier's interface can do, by our adapter for it; known without an account.
CAPABILITIES: Mapping[str, frozenset[Capability]] = {
    "twilio": frozenset(Capability) - {Capability.ANSWER},
    "signalwire": frozenset(Capability) - {Capability.ANSWER},
}


def controls_from(environ: Mapping[str, str]) -> dict[str, CarrierControl]:
    """Every carrier there are credentials for.

    Raises:
        ConfigError: Credentials without the SDK.
    """
    found: dict[str, CarrierControl] = {}
    for carrier, make in _MAKE.items():
        control = make(environ)
        if control is not None:
            found[carrier] = control
    return found


def check_escalation(definition: AgentDefinition, accounts: Collection[str]) -> None:
    """What an agent file asks of carriers, before it takes a call.

    Raises:
        ConfigError: Its carrier cannot do it, or there is no account with it.
    """
    escalation = definition.escalation
    where = f"{definition.path}: escalation"
    if escalation.mode != "warm" or not escalation.carrier:
        return
    able = CAPABILITIES.get(escalation.carrier, frozenset())
    if Capability.DIAL not in able:
        raise ConfigError(
            f"calls cannot be placed through {escalation.carrier}",
            where=where,
            fix=f"one of: {', '.join(CAPABILITIES)}; or write `mode: cold`",
        )
    if Capability.SIP_HEADERS not in able and any(is_sip(target) for target in escalation.allowed):
        raise ConfigError(
            f"{escalation.carrier} cannot call a SIP address", where=where, fix="write a number"
        )
    if escalation.carrier not in accounts:
        raise ConfigError(
            f"there are no credentials for {escalation.carrier}",
            where=where,
            fix=f"set {_VARIABLES[escalation.carrier]}, or leave `carrier:` out",
        )


_VARIABLES = {
    "twilio": "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN",
    "signalwire": "SIGNALWIRE_SPACE, SIGNALWIRE_PROJECT_ID and SIGNALWIRE_API_TOKEN",
}


def _twilio(environ: Mapping[str, str]) -> CarrierControl | None:
    account_sid, password = environ.get("TWILIO_ACCOUNT_SID", ""), environ.get("TWILIO_AUTH_TOKEN", "")
    if not account_sid or not password:
        return None
    try:
        from antiphon.calls.twilio.account import TwilioAccount, TwilioControl
    except ImportError as error:
        raise ConfigError("Twilio's SDK is not installed", fix='pip install "antiphon[twilio]"') from error
    return TwilioControl(TwilioAccount(account_sid=account_sid, password=password))


def _signalwire(environ: Mapping[str, str]) -> CarrierControl | None:
    space, project = environ.get("SIGNALWIRE_SPACE", ""), environ.get("SIGNALWIRE_PROJECT_ID", "")
    password = environ.get("SIGNALWIRE_API_TOKEN", "")
    if not space or not project or not password:
        return None
    try:
        from antiphon.calls.twilio.account import TwilioAccount, TwilioControl
    except ImportError as error:
        raise ConfigError(
            "SignalWire's compatible interface is spoken with Twilio's SDK, which is not installed",
            fix='pip install "antiphon[twilio]"',
        ) from error
    # SignalWire, "Compatibility API", read 2026-11: the same paths below /api/laml.
    account = TwilioAccount(
        account_sid=project, password=password, api_url=f"https://{space}.signalwire.com/api/laml"
    )
    return TwilioControl(account, carrier="signalwire", capabilities=CAPABILITIES["signalwire"])


_MAKE: Mapping[str, Callable[[Mapping[str, str]], CarrierControl | None]] = {
    "twilio": _twilio,
    "signalwire": _signalwire,
}
