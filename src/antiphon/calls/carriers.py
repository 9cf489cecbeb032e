"""Every carrier whose media streams we take, by the name in its addresses."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from antiphon.calls.plivo.dialect import PlivoDialect
from antiphon.calls.signalwire.dialect import SignalWireDialect
from antiphon.calls.streams import StreamServer, StreamTokens
from antiphon.calls.streams.dialect import MakeDialect
from antiphon.calls.streams.server import Welcome
from antiphon.calls.telnyx.dialect import TelnyxDialect
from antiphon.calls.twilio.dialect import TwilioDialect
from antiphon.calls.vonage.dialect import VonageDialect
from antiphon.runtime.arrivals import Switchboard

CARRIERS: Mapping[str, MakeDialect] = {
    "twilio": TwilioDialect,
    "signalwire": SignalWireDialect,
    "telnyx": TelnyxDialect,
    "plivo": PlivoDialect,
    "vonage": VonageDialect,
}


def carrier_server(
    switchboard: Switchboard,
    tokens: StreamTokens | None,
    *,
    knows_agent: Callable[[str], bool] = lambda agent: True,
    doors: Mapping[str, Welcome] | None = None,
    clock: Callable[[], int] = time.monotonic_ns,
) -> StreamServer:
    """One listener for all of them."""
    return StreamServer(switchboard, tokens, CARRIERS, knows_agent=knows_agent, doors=doors, clock=clock)
