"""Keys at rest: the operator's or one of our own, old ones open what is old, and faults are named."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from antiphon.errors import ConfigError
from antiphon.storage.keys import KEYS_VARIABLE, keyring

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(32)).decode()


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first, second = keyring(tmp_path, {}), keyring(tmp_path, {})
    name, wrapped = first.wrap(b"k" * 32)
    assert second.unwrap(name, wrapped) == b"k" * 32
    (file,) = (tmp_path / "keys").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_after_a_rotation_the_old_key_still_opens_and_the_new_one_seals(tmp_path: Path) -> None:
    old = keyring(tmp_path, {KEYS_VARIABLE: f"may:{KEY}"})
    name, wrapped = old.wrap(b"k" * 32)
    rotated = keyring(tmp_path, {KEYS_VARIABLE: f"june:{OTHER}, may:{KEY}"})
    assert rotated.unwrap(name, wrapped) == b"k" * 32
    assert rotated.wrap(b"k" * 32)[0] == "june"


def test_a_key_that_is_gone_is_named(tmp_path: Path) -> None:
    name, wrapped = keyring(tmp_path, {KEYS_VARIABLE: f"may:{KEY}"}).wrap(b"k" * 32)
    with pytest.raises(ConfigError, match="'may' is not here"):
        keyring(tmp_path, {KEYS_VARIABLE: f"june:{OTHER}"}).unwrap(name, wrapped)
    with pytest.raises(ConfigError, match="not the one"):
        keyring(tmp_path, {KEYS_VARIABLE: f"may:{OTHER}"}).unwrap(name, wrapped)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (KEY, "no name"),
        ("may:short", "not 32 bytes"),
        (f"may:{KEY[:-4]}", "not 32 bytes"),
        (f"may:{KEY},may:{OTHER}", "twice"),
        (f"m y:{KEY}", "no name"),
        (",", "no key"),
    ],
)
def test_what_is_no_key_is_told_with_the_fix_and_never_shown(tmp_path: Path, given: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault) as failed:
        keyring(tmp_path, {KEYS_VARIABLE: given})
    assert KEYS_VARIABLE in str(failed.value)
    assert KEY not in str(failed.value)


def test_a_ring_does_not_show_its_keys(tmp_path: Path) -> None:
    assert KEY not in repr(keyring(tmp_path, {KEYS_VARIABLE: f"may:{KEY}"}))
    assert str(bytes(range(32))) not in repr(keyring(tmp_path, {KEYS_VARIABLE: f"may:{KEY}"}))
