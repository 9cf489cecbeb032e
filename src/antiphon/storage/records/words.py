"""Full text without the text: words become keyed hashes before the database indexes them (decision 0030).

SQLite: FTS5. PostgreSQL: tsvector with GIN. Both are given the same tokens, and answer phrases too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, TextClause, delete, func, insert, literal_column, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import column, table

from antiphon.storage.records.tables import calls

Token = Callable[[str], str]
_WORD = re.compile(r"\w+")
_APOSTROPHES = str.maketrans("", "", "'’")
_PART = re.compile(r'(-?)"([^"]*)"?|(-?)(\S+)')
_BETWEEN_TURNS: Final = "zz"  # No token has a z: no phrase reaches over it.
_WORDS_MAX: Final = 32

_fts = table("call_words", column("rowid"), column("words"))
_gin = table("call_words", column("call"), column("words"))


@dataclass(frozen=True, slots=True)
class Sought:
    """One part of a query: words that follow each other; `absent`: they must not."""

    words: tuple[str, ...]
    absent: bool


@dataclass(frozen=True, slots=True)
class Source:
    """Where calls are read from: the tables, the column of their number, what must hold of their words."""

    rows: FromClause
    number: ColumnElement[int]
    said: ColumnElement[bool] | TextClause | None = None


def words_of(said: str) -> list[str]:
    """As they are compared: without case, accents and apostrophes."""
    plain = unicodedata.normalize("NFKD", said.casefold().translate(_APOSTROPHES))
    return _WORD.findall("".join(sign for sign in plain if not unicodedata.combining(sign)))


def sought(query: str) -> list[Sought]:
    """The parts of a query, at most 32 words of it."""
    parts: list[Sought] = []
    room = _WORDS_MAX
    for match in _PART.finditer(query):
        words = words_of(match[2] if match[2] is not None else match[4])[:room]
        room -= len(words)
        if words:
            parts.append(Sought(words=tuple(words), absent="-" in (match[1], match[3])))
    return parts


def document(said: Iterable[str], token: Token) -> str:
    """What is indexed of a call."""
    between = f" {_BETWEEN_TURNS} "
    return between.join(" ".join(token(word) for word in words_of(turn)) for turn in said)


def where_said(connection: AsyncConnection, parts: list[Sought], token: Token) -> Source:
    """The calls in which it was said. A query of nothing but absences finds nothing.

    They are read in the order of the index of words, by number: with a limit, a word that everybody says
    costs no more than a rare one.
    """
    wanted = [tuple(map(token, part.words)) for part in parts if not part.absent]
    absent = [tuple(map(token, part.words)) for part in parts if part.absent]
    if not wanted:
        return Source(rows=calls, number=calls.c.id, said=literal_column("1") == literal_column("0"))
    if connection.dialect.name == "postgresql":
        query = " & ".join(f"({' <-> '.join(one)})" for one in wanted)
        query += "".join(f" & !({' <-> '.join(one)})" for one in absent)
        said = _gin.c.words.op("@@")(func.to_tsquery("simple", query))
        return Source(rows=calls.join(_gin, _gin.c.call == calls.c.id), number=calls.c.id, said=said)
    query = " AND ".join(f'"{" ".join(one)}"' for one in wanted)
    query += "".join(f' NOT "{" ".join(one)}"' for one in absent)
    match = text("call_words MATCH :words_query").bindparams(words_query=query)
    # A sum keeps SQLite from asking the index of words about every call in turn: words first, then calls.
    return Source(rows=_fts.join(calls, calls.c.id == _fts.c.rowid + 0), number=_fts.c.rowid, said=match)


async def put_words(connection: AsyncConnection, rows: list[tuple[int, str]]) -> None:
    """`rows`: a call's number and its document; whatever it had before must be gone."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        values: list[Any] = [{"call": number, "words": words} for number, words in rows]
        statement = text("INSERT INTO call_words (call, words) VALUES (:call, to_tsvector('simple', :words))")
        await connection.execute(statement, values)
    else:
        await connection.execute(insert(_fts), [{"rowid": number, "words": words} for number, words in rows])


async def drop_words(connection: AsyncConnection, numbers: list[int]) -> None:
    postgres = connection.dialect.name == "postgresql"
    where = _gin.c.call.in_(numbers) if postgres else _fts.c.rowid.in_(numbers)
    await connection.execute(delete(_gin if postgres else _fts).where(where))
