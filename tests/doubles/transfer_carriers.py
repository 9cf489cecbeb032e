"""For each carrier: an account double, its phones, our adapter for it, and the key its webhooks are checked
with. What a transfer needs to be walked from one phone to another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.doubles.phone_sides import (
    SECRET,
    TELNYX_KEY,
    PlivoSide,
    TelnyxSide,
    TwilioSide,
    VonageSide,
)
from tests.doubles.phones import Side
from tests.doubles.plivo_account import AUTH_ID, AUTH_TOKEN, PlivoAccountDouble
from tests.doubles.telnyx_account import ACCOUNT, APPLICATION, KEY, TelnyxAccountDouble
from tests.doubles.twilio_account import SID, TOKEN, TwilioAccountDouble
from tests.doubles.vonage_account import API_KEY, API_SECRET, VonageAccountDouble, private_pem
from tests.doubles.vonage_account import APPLICATION as VONAGE_APPLICATION

from antiphon.calls.control.accounts import CAPABILITIES
from antiphon.calls.plivo.account import PlivoAccount, PlivoControl
from antiphon.calls.ports import CarrierControl
from antiphon.calls.telnyx.account import TelnyxAccount, TelnyxControl
from antiphon.calls.twilio.account import TwilioAccount, TwilioControl
from antiphon.calls.vonage.account import VonageAccount, VonageControl


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferCarrier:
    """Attributes:
    account: Any: each carrier's double, an `http_vendor.Wire` with `calls` by id.
    control: Our adapter, asking this address.
    dialled: To and from, of a call of this account.
    settings: The key of its webhooks, as `ServeSettings` has it.
    """

    account: Any
    side: Side
    control: Callable[[str], CarrierControl]
    dialled: Callable[[Any], tuple[str, str]]
    settings: dict[str, str]


def twilio() -> TransferCarrier:
    account = TwilioAccountDouble()
    return TransferCarrier(
        account=account,
        side=TwilioSide(account),
        control=lambda url: TwilioControl(TwilioAccount(account_sid=SID, password=TOKEN, api_url=url)),
        dialled=lambda call: (call["To"], call["From"]),
        settings={"twilio_auth_token": TOKEN},
    )


def signalwire() -> TransferCarrier:
    account = TwilioAccountDouble(prefix="/api/laml")
    return TransferCarrier(
        account=account,
        side=TwilioSide(account, "x-signalwire-signature"),
        control=lambda url: TwilioControl(
            TwilioAccount(account_sid=SID, password=TOKEN, api_url=f"{url}/api/laml"), carrier="signalwire"
        ),
        dialled=lambda call: (call["To"], call["From"]),
        settings={"signalwire_signing_key": TOKEN},
    )


def telnyx() -> TransferCarrier:
    account = TelnyxAccountDouble()

    def control(url: str) -> CarrierControl:
        api = TelnyxAccount(
            api_key=KEY, account_sid=ACCOUNT, application_sid=APPLICATION, api_url=f"{url}/v2"
        )
        return TelnyxControl(api, capabilities=CAPABILITIES["telnyx"])

    return TransferCarrier(
        account=account,
        side=TelnyxSide(account),
        control=control,
        dialled=lambda call: (call["To"], call["From"]),
        settings={"telnyx_public_key": TELNYX_KEY},
    )


def plivo() -> TransferCarrier:
    account = PlivoAccountDouble()

    def control(url: str) -> CarrierControl:
        api = PlivoAccount(auth_id=AUTH_ID, auth_token=AUTH_TOKEN, api_url=f"{url}/v1/Account")
        return PlivoControl(api, capabilities=CAPABILITIES["plivo"], publish=_unpublished)

    return TransferCarrier(
        account=account,
        side=PlivoSide(account),
        control=control,
        dialled=lambda call: ("+" + call["to"], "+" + call["from"]),
        settings={"plivo_auth_token": AUTH_TOKEN},
    )


def _unpublished(document: str) -> str:
    raise AssertionError("a warm transfer tells a call nothing but by its webhooks")


def vonage() -> TransferCarrier:
    account = VonageAccountDouble()

    def control(url: str) -> CarrierControl:
        api = VonageAccount(
            application_id=VONAGE_APPLICATION,
            private_key=private_pem(),
            api_key=API_KEY,
            api_secret=API_SECRET,
            api_url=url,
            numbers_url=url,
        )
        return VonageControl(api, capabilities=CAPABILITIES["vonage"])

    return TransferCarrier(
        account=account,
        side=VonageSide(account),
        control=control,
        dialled=lambda call: ("+" + call.body["to"][0]["number"], "+" + call.body["from"]["number"]),
        settings={"vonage_signature_secret": SECRET},
    )


TRANSFER_CARRIERS: dict[str, Callable[[], TransferCarrier]] = {
    "twilio": twilio,
    "signalwire": signalwire,
    "telnyx": telnyx,
    "plivo": plivo,
    "vonage": vonage,
}
