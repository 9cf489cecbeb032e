"""What our own SIP lines can do for those who place calls; known without the library."""

from __future__ import annotations

from antiphon.calls.ports import Capability

CARRIER = "sip"
CAPABILITIES = frozenset({Capability.DIAL, Capability.HANG_UP, Capability.TRANSFER, Capability.SIP_HEADERS})
