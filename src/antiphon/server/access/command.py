"""`antiphon keys create|list|revoke`: API keys, made on the machine that has the database."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

from antiphon.errors import ConfigError
from antiphon.server.access.roles import Permission, Role, role_named, scopes_named
from antiphon.storage.access import (
    DEFAULT_ORGANISATION,
    ApiKey,
    ApiKeys,
    Audit,
    Database,
    Deed,
    Organisations,
    database_url,
    new_key,
    now_ms,
)
from antiphon.storage.home import home_directory

_DAY_MS = 86_400_000


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `keys` to the command line."""
    keys = commands.add_parser("keys", help="API keys: create, list, revoke").add_subparsers(
        dest="what", required=True, metavar="COMMAND"
    )
    create = keys.add_parser("create", help="make a key; it is shown this once")
    create.add_argument("name", help="what it is for")
    create.add_argument("--role", default="owner", help=f"one of: {', '.join(Role)} (owner)")
    create.add_argument(
        "--scope", action="append", default=[], metavar="SCOPE",
        help=f"narrow the role to this; may be repeated: {', '.join(Permission)}",
    )  # fmt: skip
    create.add_argument("--days", type=int, default=0, metavar="N", help="how long it is good (for ever)")
    create.add_argument(
        "--new-organisation", default="", metavar="NAME", help="make an organisation, and this its first key"
    )
    create.set_defaults(run=_run, act=_create)
    listing = keys.add_parser("list", help="all keys of an organisation, without their secrets")
    listing.set_defaults(run=_run, act=_list)
    revoke = keys.add_parser("revoke", help="the key opens nothing any more, nor do tokens made with it")
    revoke.add_argument("key", metavar="ID", help="its id, as `list` shows it")
    revoke.set_defaults(run=_run, act=_revoke)
    for command in (create, listing, revoke):
        command.add_argument(
            "--organisation", default=DEFAULT_ORGANISATION, metavar="ID", help=f"({DEFAULT_ORGANISATION})"
        )


def _run(args: argparse.Namespace) -> int:
    return asyncio.run(_with_database(args, args.act))


async def _with_database(
    args: argparse.Namespace, act: Callable[[argparse.Namespace, Database], Awaitable[int]]
) -> int:
    database = await Database.open(database_url(home_directory()))
    try:
        organisations = Organisations(database)
        await organisations.make_default()
        if getattr(args, "new_organisation", ""):
            args.organisation = (await organisations.create(args.new_organisation)).id
        else:
            found = await organisations.find(args.organisation)
            if found is None:
                raise ConfigError("there is no such organisation", where="--organisation")
            if found.closed_at_ms is not None and args.act is _create:
                raise ConfigError("this organisation is closed", where="--organisation")
        return await act(args, database)
    finally:
        await database.close()


async def _create(args: argparse.Namespace, database: Database) -> int:
    if args.days < 0 or not 0 < len(args.name) <= 200:
        raise ConfigError("--days is 0 or more, a name has 1 to 200 characters")
    key = replace(
        new_key(args.organisation, args.name, role_named(args.role), "command line"),
        scopes=tuple(sorted(scopes_named(args.scope))),
        expires_at_ms=now_ms() + args.days * _DAY_MS if args.days else None,
    )
    made = await ApiKeys(database).create(key)
    await _audit(database, args.organisation, "create_key", key.id, "201")
    if args.new_organisation:
        print(f"organisation {args.organisation}")
    print(f"{made}\n\nThis is the only time it is shown. Send it as: Authorization: Bearer {made[:8]}…")
    return 0


async def _list(args: argparse.Namespace, database: Database) -> int:
    keys = await ApiKeys(database).of(args.organisation)
    for key in keys:
        print(f"{key.id}  {key.role:<9} {_state(key):<22} {_used(key):<22} {key.name}")
    if not keys:
        print("no keys; `antiphon keys create NAME` makes one")
    return 0


async def _revoke(args: argparse.Namespace, database: Database) -> int:
    revoked = await ApiKeys(database).revoke(args.organisation, args.key)
    await _audit(database, args.organisation, "revoke_key", args.key, "204" if revoked else "404")
    if not revoked:
        raise ConfigError("there is no such key, or it was revoked before", fix="antiphon keys list")
    print(f"{args.key} is revoked")
    return 0


async def _audit(database: Database, organisation_id: str, action: str, key_id: str, outcome: str) -> None:
    deed = Deed(
        organisation_id=organisation_id, actor="command line", action=action, target={"key_id": key_id}
    )
    await Audit(database).begin(deed, outcome=outcome)


def _state(key: ApiKey) -> str:
    if key.revoked_at_ms is not None:
        return "revoked"
    if key.expires_at_ms is None:
        return "good"
    return f"until {_day(key.expires_at_ms)}" if key.is_good(now_ms()) else "expired"


def _used(key: ApiKey) -> str:
    return f"used {_day(key.used_at_ms)}" if key.used_at_ms is not None else "never used"


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).date().isoformat()
