"""Every object store does the same: a local folder, an S3-compatible one and Google's over their wires."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doubles.s3_store import ACCESS_KEY, GcsDouble, S3Double, s3_store

from antiphon.errors import AntiphonError, ConfigError
from antiphon.storage.objects import STORE_VARIABLE, FolderStore, ObjectStore, archive_store

NO_OBSTORE = pytest.mark.skipif(
    importlib.util.find_spec("obstore") is None, reason="pip install 'antiphon[store]'"
)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Double]:
    with s3_store() as double:
        monkeypatch.setenv("AWS_ENDPOINT_URL", double.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        yield double


@pytest.fixture
def gcs(monkeypatch: pytest.MonkeyPatch) -> Iterator[GcsDouble]:
    with s3_store(GcsDouble) as double:
        assert isinstance(double, GcsDouble)
        monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", double.account)
        yield double


def remote(double: S3Double, url: str) -> ObjectStore:
    store = archive_store({STORE_VARIABLE: url, "AWS_ENDPOINT_URL": double.url})
    assert store is not None
    return store


@pytest.fixture(
    params=["folder", pytest.param("s3", marks=NO_OBSTORE), pytest.param("gcs", marks=NO_OBSTORE)]
)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "folder":
        return FolderStore(tmp_path)
    double: S3Double = request.getfixturevalue(request.param)
    return remote(double, {"s3": "s3", "gcs": "gs"}[request.param] + "://calls/antiphon")


async def test_what_is_put_is_got_and_listed_until_it_is_deleted(store: ObjectStore) -> None:
    await store.put("calls/2026-05-28/c2.jsonl", b"two")
    await store.put("calls/2026-05-28/c1.jsonl", bytes(range(256)) * 5000)
    await store.put("recordings/x", b"")
    assert await store.get("calls/2026-05-28/c1.jsonl") == bytes(range(256)) * 5000
    assert await store.get("recordings/x") == b""
    assert await store.keys("calls") == ["calls/2026-05-28/c1.jsonl", "calls/2026-05-28/c2.jsonl"]
    assert await store.delete("calls/2026-05-28/c2.jsonl")
    assert await store.get("calls/2026-05-28/c2.jsonl") is None
    assert await store.keys("calls") == ["calls/2026-05-28/c1.jsonl"]


async def test_what_is_put_again_is_as_it_was_put_last(store: ObjectStore) -> None:
    for body in (b"first", b"second"):
        await store.put("a", body)
    assert await store.get("a") == b"second"


async def test_what_is_not_there_is_none_and_may_be_deleted(store: ObjectStore) -> None:
    assert await store.get("nothing/here") is None
    await store.delete("nothing/here")
    assert await store.keys("nothing") == []


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../x", "a/../../x", "a\\b", "a\0b"])
async def test_a_key_that_leads_out_of_the_store_is_refused(store: ObjectStore, key: str) -> None:
    for act in (store.get(key), store.delete(key), store.put(key, b"")):
        with pytest.raises(ConfigError, match="no key"):
            await act


@NO_OBSTORE
async def test_a_store_that_refuses_says_so_without_its_own_words(
    s3: S3Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.objects["calls/a"] = b"x"
    assert await remote(s3, "s3://calls").get("a") == b"x"

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
    with pytest.raises(AntiphonError, match="did not do it") as refused:
        await remote(s3, "s3://calls").get("a")
    assert s3.url not in str(refused.value)


async def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(AntiphonError, match="cannot keep"):
        await FolderStore(tmp_path / "file").put("a", b"x")


@pytest.mark.parametrize("url", ["ftp://x/y", "s3:", "bucket"])
def test_an_address_of_no_store_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="object store"):
        archive_store({STORE_VARIABLE: url})
