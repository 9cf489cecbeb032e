"""SIP and RTP: trunks and telephones without a carrier's stream. The library is in a process of its own
(`worker`); what is imported from here needs none."""

from antiphon.calls.sip.control import SipControl
from antiphon.calls.sip.lines import SipLines
from antiphon.calls.sip.settings import SipSettings, sip_routes, sip_settings

__all__ = ["SipControl", "SipLines", "SipSettings", "sip_routes", "sip_settings"]
