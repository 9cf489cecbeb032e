from __future__ import annotations

import pytest

from antiphon.calls.browser.settings import BrowserSettings, IceServer, browser_settings, read_ice_servers
from antiphon.errors import ConfigError


def test_nothing_outside_is_contacted_unless_named() -> None:
    assert browser_settings({}) == BrowserSettings(ice_servers=())


def test_servers_may_be_a_list_of_addresses() -> None:
    servers = read_ice_servers("stun:a.example:3478, turn:b.example")
    assert servers == (IceServer(urls="stun:a.example:3478"), IceServer(urls="turn:b.example"))


def test_servers_with_credentials_are_json() -> None:
    text = '[{"urls": "turn:b.example", "username": "u", "credential": "c"}]'
    assert read_ice_servers(text) == (IceServer(urls="turn:b.example", username="u", credential="c"),)


@pytest.mark.parametrize("text", ["http://a.example", "[{", '[{"url": "stun:a"}]', '{"urls": "stun:a"}'])
def test_what_is_no_ice_server_is_refused_with_a_way_out(text: str) -> None:
    with pytest.raises(ConfigError, match="ANTIPHON_ICE_SERVERS") as refused:
        read_ice_servers(text)
    assert refused.value.fix


@pytest.mark.parametrize("lines", ["0", "many", "-3", "100000"])
def test_a_number_of_lines_that_cannot_be_is_refused(lines: str) -> None:
    with pytest.raises(ConfigError, match="ANTIPHON_BROWSER_LINES"):
        browser_settings({"ANTIPHON_BROWSER_LINES": lines})
