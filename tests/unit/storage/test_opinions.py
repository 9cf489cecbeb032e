"""Comments on calls lie sealed, bound to their place, and move on to a new storage key. On both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from antiphon.errors import ConfigError
from antiphon.storage.access import Database, Opinions, Outbox
from antiphon.storage.access.tables import feedback
from antiphon.storage.keys import Keyring

OLD = Keyring("old", {"old": b"o" * 32})
BOTH = Keyring("new", {"new": b"n" * 32, "old": b"o" * 32})
NEW = Keyring("new", {"new": b"n" * 32})
SAID = "Zoe Quillfeather was rude"


async def give(opinions: Opinions, comment: str = SAID) -> str:
    said = {"source": "reviewer", "rating": 2, "labels": (), "comment": comment}
    return (await opinions.give("default", "c1", by="ann", **said)).id


async def comments(opinions: Opinions) -> list[str]:
    return [one.comment for one in await opinions.of_call("default", "c1")]


async def test_a_comment_lies_sealed_and_is_read_again(database: Database) -> None:
    await give(Opinions(database, OLD))
    async with database.reading() as connection:
        (row,) = (await connection.execute(select(feedback))).mappings().all()
    assert "Quillfeather" not in repr(dict(row))
    assert await comments(Opinions(database, OLD)) == [SAID]
    with pytest.raises(ConfigError, match="'old' is not here"):
        await comments(Opinions(database, NEW))


async def test_an_old_key_may_go_once_everything_is_wrapped_anew(database: Database) -> None:
    before = await give(Opinions(database, OLD))
    clear = await give(Opinions(database, OLD))
    hook, secret = await Outbox(database, OLD).add("default", "https://example.com/h", ("*",))
    async with database.transaction() as connection:  # As a version before sealed none.
        values = {"comment": "in clear", "comment_key": "", "comment_sealed": None}
        await connection.execute(update(feedback).where(feedback.c.id == clear).values(values))
    assert sorted(await comments(Opinions(database, BOTH))) == sorted([SAID, "in clear"])
    assert await Opinions(database, BOTH).rewrap() == 2
    assert await Outbox(database, BOTH).rewrap() == 1
    assert await Opinions(database, BOTH).rewrap() == await Outbox(database, BOTH).rewrap() == 0
    assert sorted(await comments(Opinions(database, NEW))) == sorted([SAID, "in clear"])
    found = await Outbox(database, NEW).target(hook.id)
    assert found is not None and found[1] == secret
    assert before != clear


async def test_a_comment_put_in_anothers_place_is_refused(database: Database) -> None:
    opinions = Opinions(database, OLD)
    first = await give(opinions)
    second = await give(opinions, "fine")
    async with database.transaction() as connection:
        rows = (await connection.execute(select(feedback).where(feedback.c.id == first))).mappings().one()
        moved = {"comment_sealed": rows["comment_sealed"]}
        await connection.execute(update(feedback).where(feedback.c.id == second).values(moved))
    with pytest.raises(ConfigError, match="another's place"):
        await opinions.of_call("default", "c1")
