from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from antiphon.errors import ConfigError
from antiphon.server.command import register
from antiphon.server.settings import ServeSettings, serve_settings


def settings(tmp_path: Path, *arguments: str, **environ: str) -> ServeSettings:
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())
    args = parser.parse_args(["serve", "--agents", str(tmp_path), *arguments])
    return serve_settings(args, environ)


def test_only_this_machine_is_listened_to_unless_told_otherwise(tmp_path: Path) -> None:
    known = settings(tmp_path)
    assert (known.host, known.port, known.media_port) == ("127.0.0.1", 8080, 8081)
    assert known.is_loopback
    assert not settings(tmp_path, "--host", "0.0.0.0").is_loopback


def test_carriers_are_sent_to_the_public_media_address_when_there_is_one(tmp_path: Path) -> None:
    assert settings(tmp_path, "--media-port", "9000").media_base_url == "ws://127.0.0.1:9000"
    public = settings(tmp_path, ANTIPHON_PUBLIC_MEDIA_URL="wss://media.example.com/")
    assert public.media_base_url == "wss://media.example.com"


def test_a_missing_folder_of_agents_is_said_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--agents DIR"):
        settings(tmp_path, "--agents", str(tmp_path / "none"))


@pytest.mark.parametrize("name", ["ANTIPHON_PUBLIC_URL", "ANTIPHON_PUBLIC_MEDIA_URL"])
def test_an_address_that_is_none_names_its_variable(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        settings(tmp_path, **{name: "voice.example.com"})


@pytest.mark.parametrize("option", ["--port", "--media-port"])
def test_a_port_that_is_none_names_its_option(tmp_path: Path, option: str) -> None:
    with pytest.raises(ConfigError, match=option):
        settings(tmp_path, option, "70000")
