"""`antiphon keys`, and a server that takes what it made."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.doubles.api_world import api_world, problem

from antiphon.cli import main
from antiphon.server.announcement import ready_words
from antiphon.server.api.work import ApiWork
from antiphon.server.settings import ServeSettings
from antiphon.storage.access import Database, Organisations, database_url


def test_a_key_is_made_listed_and_revoked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANTIPHON_HOME", str(tmp_path))
    assert main(["keys", "list"]) == 0
    assert "no keys" in capsys.readouterr().out
    assert main(["keys", "create", "ci", "--role", "operator", "--scope", "calls:read", "--days", "30"]) == 0
    key = capsys.readouterr().out.split()[0]
    assert key.startswith("apk_")
    assert main(["keys", "list"]) == 0
    listed = capsys.readouterr().out
    assert key.split("_")[1] in listed
    assert "operator" in listed
    assert key.split("_", 2)[2] not in listed
    assert main(["keys", "revoke", key.split("_")[1]]) == 0
    assert main(["keys", "revoke", key.split("_")[1]]) == 2
    assert main(["keys", "list"]) == 0
    assert "revoked" in capsys.readouterr().out


@pytest.mark.parametrize(
    "wrong",
    [["--role", "king"], ["--scope", "everything"], ["--days", "-1"], ["--organisation", "org_unknown"]],
)
def test_a_key_that_cannot_be_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: list[str]
) -> None:
    monkeypatch.setenv("ANTIPHON_HOME", str(tmp_path))
    assert main(["keys", "create", "x", *wrong]) == 2
    assert "antiphon:" in capsys.readouterr().err


def test_a_closed_organisation_gets_no_more_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANTIPHON_HOME", str(tmp_path))
    assert main(["keys", "create", "first", "--new-organisation", "Other Ltd"]) == 0
    other = capsys.readouterr().out.split()[1]
    asyncio.run(closed(tmp_path, other))
    assert main(["keys", "create", "second", "--organisation", other]) == 2
    assert "closed" in capsys.readouterr().err
    assert main(["keys", "list", "--organisation", other]) == 0
    assert capsys.readouterr().out.count("revoked") == 1


async def closed(home: Path, organisation: str) -> None:
    database = await Database.open(database_url(home, {}))
    assert await Organisations(database).close(organisation)
    await database.close()


def test_a_database_that_cannot_be_is_refused_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANTIPHON_HOME", str(tmp_path))
    for url in ("mysql://me:hunter2@db/x", "postgresql://me:hunter2@127.0.0.1:1/x", "hunter2"):
        monkeypatch.setenv("ANTIPHON_DATABASE_URL", url)
        assert main(["keys", "list"]) in {1, 2}
        assert "hunter2" not in capsys.readouterr().err


async def test_an_operator_is_told_that_nobody_can_come_in_yet(tmp_path: Path) -> None:
    async with api_world(tmp_path, {}, host="0.0.0.0") as world:
        work = ApiWork(world.control)
        try:
            has_keys = await work.start()
        finally:
            await work.stop()
        assert has_keys is False
        settings = ServeSettings(host="0.0.0.0")
        assert "antiphon keys create" in ready_words(settings, 8080, {}, has_keys=has_keys)
        problem(await world.http.get("/v1/me"), 401)


async def test_on_a_laptop_there_is_nothing_to_tell(tmp_path: Path) -> None:
    async with api_world(tmp_path, {}) as world:
        work = ApiWork(world.control)
        try:
            assert await work.start() is None
        finally:
            await work.stop()
        assert "keys create" not in ready_words(ServeSettings(), 8080, {}, has_keys=None)
