"""What the folder of models answers for, and the manifest that says what should lie there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.unit.providers import small_models

from antiphon.errors import ConfigError
from antiphon.providers.local import models
from antiphon.providers.local.models import manifest, store
from antiphon.providers.local.models.fetch import fetch
from antiphon.providers.local.models.manifest import Model
from antiphon.providers.local.models.progress import FetchProgress


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A small model, the only one the manifest knows, installed."""
    source = tmp_path / "source"
    source.mkdir()
    monkeypatch.setenv("ANTIPHON_MODELS_SOURCE", str(source))
    monkeypatch.setenv("ANTIPHON_MODELS_DIR", str(tmp_path / "models"))
    model = small_models.ear(source)
    monkeypatch.setattr(manifest, "load_manifest", lambda: {"ear": model})
    with Path(os.devnull).open("w") as nowhere:
        fetch([model], FetchProgress(nowhere))
    return model


def test_a_model_that_is_not_there_names_the_command_that_fetches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTIPHON_MODELS_DIR", str(tmp_path))
    with pytest.raises(ConfigError, match=r"not installed\n.*`antiphon models fetch silero-vad`"):
        models.model_dir("silero-vad")
    assert not models.is_installed("silero-vad")


def test_an_unknown_model_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match='did you mean "piper-joe"'):
        models.model_dir("piper-jo")


def test_a_file_of_another_size_is_found_by_a_look(installed: Model) -> None:
    with (models.model_dir("ear") / "deep/model.bin").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ConfigError, match=r"damaged(.|\n)*models fetch --force ear"):
        models.model_dir("ear")


def test_a_file_changed_in_place_is_found_by_its_time_and_hash(installed: Model) -> None:
    path = models.model_dir("ear") / "deep/model.bin"
    path.write_bytes(b"x" * len(small_models.EAR))
    os.utime(path, ns=(1, 1))
    assert "changed after it was installed" in store.quick_trouble(installed, path.parent.parent)


def test_a_file_copied_elsewhere_and_back_is_still_good(installed: Model) -> None:
    path = models.model_dir("ear") / "deep/model.bin"
    os.utime(path, ns=(1, 1))
    assert models.model_dir("ear") == path.parent.parent


def test_check_finds_what_size_and_time_do_not_tell(installed: Model) -> None:
    path = models.model_dir("ear") / "deep/model.bin"
    before = path.stat()
    path.write_bytes(b"x" * len(small_models.EAR))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert store.quick_trouble(installed, path.parent.parent) == ""
    assert "SHA-256" in store.verify(installed)


def test_a_lost_file_is_named(installed: Model) -> None:
    (models.model_dir("ear") / "LICENSE").unlink()
    with pytest.raises(ConfigError, match="lost its file LICENSE"):
        models.model_dir("ear")


def test_a_directory_without_a_stamp_is_not_trusted(installed: Model) -> None:
    (models.model_dir("ear") / store.STAMP).unlink()
    with pytest.raises(ConfigError, match="not installed completely"):
        models.model_dir("ear")


def test_sets_and_names_select_models_once_in_order() -> None:
    names = [model.name for model in models.select(["e5-small", "serve"])]
    assert names == ["silero-vad", "smart-turn-v3.2", "whisper-tiny.en", "piper-joe", "e5-small"]
    assert [model.name for model in models.select(["callers"])] == ["kokoro-82m"]
    assert [model.name for model in models.select(["all"])] == list(models.known_names())
    with pytest.raises(ConfigError, match=r'neither an embedded model nor a set\n.*did you mean "callers"'):
        models.select(["caller"])


def test_every_entry_of_the_manifest_is_pinned_and_hashed() -> None:
    for model in models.load_manifest().values():
        assert model.licence
        assert model.sets
        for package in model.packages:
            assert package.version in package.archive
            assert len(package.sha256) == 64
        for file in model.files:
            assert len(file.sha256) == 64
            assert file.size_bytes > 0
            assert file.parts


def test_a_manifest_may_not_write_outside_the_models_directory() -> None:
    text = """
[[model]]
name = "x"
role = ""
version = ""
licence = ""
note = ""
home = ""
sets = []
package = []
[[model.file]]
path = "../x"
size_bytes = 1
sha256 = ""
parts = []
"""
    with pytest.raises(ConfigError, match="leaves"):
        manifest.parse_manifest(text)
    with pytest.raises(ConfigError, match="unlisted"):
        manifest.parse_manifest(text.replace("../x", "x").replace("parts = []", 'parts = ["p:m"]'))
