"""What the operator says of SIP: understood, or refused with the fix."""

from __future__ import annotations

import argparse

import pytest

from antiphon.calls.sip import SipSettings, sip_settings
from antiphon.calls.sip.settings import RTP_PORTS
from antiphon.errors import ConfigError
from antiphon.server.command import register

TRUNK = "sip:4711@sip.example.com;registrar=reg.example.com:5080;register=yes;caller_ids=+15550111|+15550112"


def settings(listen: str = "127.0.0.1:5060", rtp_ports: str = "", **environ: str) -> SipSettings:
    return sip_settings(listen, rtp_ports, {f"ANTIPHON_SIP_{name}": value for name, value in environ.items()})


def test_one_trunk_is_read_whole_and_its_password_shown_to_nobody() -> None:
    found = settings(TRUNK=TRUNK, PASSWORD="pa;ss, w0rd")
    trunk = found.trunk("")
    assert (trunk.name, trunk.user, trunk.domain) == ("", "4711", "sip.example.com")
    assert (trunk.registrar, trunk.register_s, trunk.password) == ("reg.example.com:5080", 600, "pa;ss, w0rd")
    assert trunk.caller_ids == ("+15550111", "+15550112")
    assert "w0rd" not in repr(found)


def test_trunks_have_names_and_passwords_of_their_own() -> None:
    found = settings(
        TRUNK_EAST="sip:1@east.example.com;auth_user=one", PASSWORD_EAST="e",
        TRUNK_WEST="sip:2@west.example.com;register=120", PASSWORD_WEST="w",
    )  # fmt: skip
    assert [trunk.name for trunk in found.trunks] == ["east", "west"]
    assert found.trunk("west").password == "w"
    assert found.trunk("west").register_s == 120
    assert found.trunk("east").auth_user == "one"
    assert found.address("+15550199", "west") == "sip:+15550199@west.example.com"
    assert found.address("bob@pbx.example.com") == "sip:bob@pbx.example.com"
    with pytest.raises(ConfigError):
        found.trunk("north")


def test_media_is_taken_from_anywhere_until_somebody_is_named() -> None:
    assert settings().media_peers == settings(MEDIA_PEERS="any").media_peers == ()
    assert [str(network) for network in settings(MEDIA_PEERS="203.0.113.7, 198.51.100.0/24").media_peers] == [
        "203.0.113.7/32",
        "198.51.100.0/24",
    ]
    with pytest.raises(ConfigError, match="ANTIPHON_SIP_MEDIA_PEERS"):
        settings(MEDIA_PEERS="media.example.com")


def test_loopback_needs_no_peers_and_anything_else_does() -> None:
    assert settings().peers == ()
    assert settings("192.0.2.1:5060", PEERS="any").peers == ()
    found = settings("192.0.2.1:5060", PEERS="203.0.113.7, 198.51.100.0/24")
    assert [str(network) for network in found.peers] == ["203.0.113.7/32", "198.51.100.0/24"]
    with pytest.raises(ConfigError, match="nobody may call"):
        settings("192.0.2.1:5060")


def test_routes_and_places_to_transfer_to_are_read() -> None:
    found = settings(
        ROUTES="+15550142=bank,*=clinic", TRANSFER_TO="sip:*@pbx.example.com,sip:9@other.example.com"
    )
    assert found.routes == {"+15550142": "bank", "*": "clinic"}
    assert found.may_transfer_to("sip:anybody@pbx.example.com")
    assert found.may_transfer_to("sip:9@other.example.com;transport=udp")
    assert not found.may_transfer_to("sip:8@other.example.com")
    assert not found.may_transfer_to("sip:9@evil.example.com")
    assert not settings().may_transfer_to("sip:9@other.example.com")


@pytest.mark.parametrize(
    ("listen", "rtp_ports", "environ", "where"),
    [
        ("localhost:5060", "", {}, "--sip"),
        ("127.0.0.1:0", "", {}, "--sip"),
        ("127.0.0.1", "", {}, "--sip"),
        ("127.0.0.1:5060", "20000-20001", {}, "--sip-rtp-ports"),
        ("127.0.0.1:5060", "many", {}, "--sip-rtp-ports"),
        ("127.0.0.1:5060", "", {"PEERS": "example.com"}, "ANTIPHON_SIP_PEERS"),
        ("127.0.0.1:5060", "", {"ROUTES": "clinic"}, "ANTIPHON_SIP_ROUTES"),
        ("127.0.0.1:5060", "", {"TRANSFER_TO": "tel:+1900"}, "ANTIPHON_SIP_TRANSFER_TO"),
        ("127.0.0.1:5060", "", {"TRUNK": "sip.example.com"}, "ANTIPHON_SIP_TRUNK"),
        ("127.0.0.1:5060", "", {"TRUNK_A": "sip:1@a.example.com;pasword=x"}, "ANTIPHON_SIP_TRUNK_A"),
        ("127.0.0.1:5060", "", {"TRUNK": 'sip:1@a.example.com;registrar="x"\n'}, "ANTIPHON_SIP_TRUNK"),
        ("127.0.0.1:5060", "", {"TRUNK": "sip:1@a.example.com;register=5"}, "ANTIPHON_SIP_TRUNK"),
    ],
)
def test_what_cannot_be_right_is_refused_where_it_was_said(
    listen: str, rtp_ports: str, environ: dict[str, str], where: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        settings(listen, rtp_ports, **environ)
    assert refused.value.where.startswith(where)
    assert refused.value.fix


def test_serve_speaks_no_sip_unless_told_to() -> None:
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())
    assert parser.parse_args(["serve"]).sip == ""
    told = parser.parse_args(["serve", "--sip", "127.0.0.1:5060"])
    assert sip_settings(told.sip, told.sip_rtp_ports, {}).rtp_ports == RTP_PORTS
