"""For each carrier: an account double, its phones, our adapter for it, and the key its webhooks are checked
with. What a transfer needs to be walked from one phone to another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

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
from antiphon.calls.control.rest import REQUEST_S
from antiphon.calls.plivo.account import PlivoAccount, PlivoControl
from antiphon.calls.ports import CarrierControl
from antiphon.calls.telnyx.account import TelnyxAccount, TelnyxControl
from antiphon.calls.twilio.account import TwilioAccount, TwilioControl
from antiphon.calls.vonage.account import VonageAccount, VonageControl


def _unpublished(document: str) -> str:
    raise AssertionError("a warm transfer tells a call nothing but by its webhooks")


class MakeControl(Protocol):
    """Our adapter, asking this address. `publish`: as of `control.accounts`, for a carrier that needs it."""

    def __call__(
        self, url: str, *, request_s: float = REQUEST_S, publish: Callable[[str], str] = _unpublished
    ) -> CarrierControl: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferCarrier:
    """Attributes:
    account: Any: each carrier's double, an `http_vendor.Wire` with `calls` by id.
    dialled: To and from, of a call of this account.
    settings: The key of its webhooks, as `ServeSettings` has it.
    """

    account: Any
    side: Side
    control: MakeControl
    dialled: Callable[[Any], tuple[str, str]]
    settings: dict[str, str]


def twilio() -> TransferCarrier:
    account = TwilioAccountDouble()

    def control(
        url: str, *, request_s: float = REQUEST_S, publish: Callable[[str], str] = _unpublished
    ) -> CarrierControl:
        api = TwilioAccount(account_sid=SID, password=TOKEN, api_url=url)
        return TwilioControl(api, request_s=request_s)

    return TransferCarrier(
        account=account,
        side=TwilioSide(account),
        control=control,
        dialled=lambda call: (call["To"], call["From"]),
        settings={"twilio_auth_token": TOKEN},
    )


def signalwire() -> TransferCarrier:
    account = TwilioAccountDouble(prefix="/api/laml")

    def control(
        url: str, *, request_s: float = REQUEST_S, publish: Callable[[str], str] = _unpublished
    ) -> CarrierControl:
        api = TwilioAccount(account_sid=SID, password=TOKEN, api_url=f"{url}/api/laml")
        return TwilioControl(
            api, carrier="signalwire", capabilities=CAPABILITIES["signalwire"], request_s=request_s
        )

    return TransferCarrier(
        account=account,
        side=TwilioSide(account, "x-signalwire-signature"),
        control=control,
        dialled=lambda call: (call["To"], call["From"]),
        settings={"signalwire_signing_key": TOKEN},
    )


def telnyx() -> TransferCarrier:
    account = TelnyxAccountDouble()

    def control(
        url: str, *, request_s: float = REQUEST_S, publish: Callable[[str], str] = _unpublished
    ) -> CarrierControl:
        api = TelnyxAccount(
            api_key=KEY, account_sid=ACCOUNT, application_sid=APPLICATION, api_url=f"{url}/v2"
        )
        return TelnyxControl(api, capabilities=CAPABILITIES["telnyx"], request_s=request_s)

    return TransferCarrier(
        account=account,
        side=TelnyxSide(account),
        control=control,
        dialled=lambda call: (call["To"], call["From"]),
        settings={"telnyx_public_key": TELNYX_KEY},
    )


def plivo() -> TransferCarrier:
    account = PlivoAccountDouble()

    def control(
        url: str, *, request_s: float = REQUEST_S, publish: Callable[[str], str] = _unpublished
    ) -> CarrierControl:
        api = PlivoAccount(auth_id=AUTH_ID, auth_token=AUTH_TOKEN, api_url=f"{url}/v1/Account")
        return PlivoControl(api, capabilities=CAPABILITIES["plivo"], publish=publish, request_s=request_s)

    return TransferCarrier(
        account=account,
        side=PlivoSide(account),
        control=control,
        dialled=lambda call: ("+" + call["to"], "+" + call["from"]),
        settings={"plivo_auth_token": AUTH_TOKEN},
    )


def vonage() -> TransferCarrier:
    account = VonageAccountDouble()

    def control(
        url: str, *, request_s: float = REQUEST_S, publish: Callable[[str], str] = _unpublished
    ) -> CarrierControl:
        api = VonageAccount(
            application_id=VONAGE_APPLICATION,
            private_key=private_pem(),
            api_key=API_KEY,
            api_secret=API_SECRET,
            api_url=url,
            numbers_url=url,
        )
        return VonageControl(api, capabilities=CAPABILITIES["vonage"], request_s=request_s)

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
