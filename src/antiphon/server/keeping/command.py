"""`antiphon db upgrade|current` and `antiphon records index|retain|export|erase|restore|rewrap`."""

from __future__ import annotations

import argparse
import asyncio
import getpass
from collections.abc import Awaitable, Callable
from pathlib import Path

from antiphon.errors import ConfigError
from antiphon.server.keeping.exporting import told_of, write_sound, write_told
from antiphon.server.keeping.opening import open_records
from antiphon.server.keeping.service import follower_of
from antiphon.storage.access import DEFAULT_ORGANISATION, Audit, Deed, Opinions, Outbox, now_ms
from antiphon.storage.disk import on_disk
from antiphon.storage.home import home_directory
from antiphon.storage.keys import keyring
from antiphon.storage.migrations import current_revision, newest_revision
from antiphon.storage.objects import STORE_VARIABLE, FolderStore, archive_store
from antiphon.storage.records import CallRecords
from antiphon.storage.records.archive import CallArchive
from antiphon.storage.records.removal import CallRemoval, Removed, RetentionPolicy

Act = Callable[[CallRecords, argparse.Namespace], Awaitable[int]]


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `db` and `records` to the command line."""
    database = commands.add_parser("db", help="the database of calls").add_subparsers(
        dest="what", required=True, metavar="COMMAND"
    )
    _add(
        database,
        "upgrade",
        _current,
        "bring its tables to this version's; `antiphon serve` does so by itself",
    )
    _add(database, "current", _current, "which step it is at")
    records = commands.add_parser(
        "records", help="calls on record: index, keep, export, erase"
    ).add_subparsers(dest="what", required=True, metavar="COMMAND")
    index = _add(records, "index", _index, "make the index agree with the traces on disk")
    index.add_argument("--again", action="store_true", help="read every trace again, not only what differs")
    retain = _add(records, "retain", _retain, "remove what is older than the policy says")
    retain.add_argument("--days", type=int, metavar="N", help="calls older than this go, with all they left")
    export = _add(
        records, "export", _export, "all that is known of a person: calls, words, feedback, traces, as JSON"
    )
    export.add_argument(
        "subject", metavar="NUMBER|CALL", help="a phone number (+15550100), or the id of a call"
    )
    export.add_argument("file", metavar="FILE", help="where to write it; readable by you only")
    export.add_argument("--recordings", default="", metavar="DIR", help="their sound too, as WAV files there")
    erase = _add(records, "erase", _erase, "remove all that is known of a person, for good")
    erase.add_argument(
        "subject", metavar="NUMBER|CALL", help="a phone number (+15550100), or the id of a call"
    )
    erase.add_argument("--yes", action="store_true", help="do not ask")
    restore = _add(records, "restore", _restore, "fetch the files of a call from the object store")
    restore.add_argument("call", metavar="CALL", help="its id")
    for one in (export, erase):
        one.add_argument("--organisation", default=DEFAULT_ORGANISATION, help="whose calls (default)")
    _add(
        records, "rewrap", _rewrap, "wrap keys by the first of ANTIPHON_STORAGE_KEYS, so that old ones may go"
    )


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, act: Act, told: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=told)
    command.set_defaults(run=lambda args: asyncio.run(_with_records(act, args)))
    return command


async def _with_records(act: Act, args: argparse.Namespace) -> int:
    records = await open_records(home_directory())
    try:
        return await act(records, args)
    finally:
        await records.database.close()


async def _current(records: CallRecords, args: argparse.Namespace) -> int:
    async with records.database.reading() as connection:
        at = await connection.run_sync(current_revision)
    print(f"at step {at}, the newest is {newest_revision()}")
    return 0


async def _index(records: CallRecords, args: argparse.Namespace) -> int:
    if args.again:
        await records.forget_sizes()
    caught = await follower_of(home_directory(), records).catch_up()
    print(f"indexed {caught.complete} complete, {caught.cut_short} cut short, {caught.live} going on")
    return 0


async def _retain(records: CallRecords, args: argparse.Namespace) -> int:
    if args.days is not None and args.days < 1:
        raise ConfigError("--days must be at least 1")
    policy = RetentionPolicy(call_days=args.days)
    _tell("removed", await _removal(records).retain(policy, now_ms()))
    return 0


async def _export(records: CallRecords, args: argparse.Namespace) -> int:
    home = home_directory()
    ring = keyring(home)
    calls = await _removal(records).export(args.organisation, args.subject)
    write_told(await told_of(calls, Opinions(records.database, ring), home), Path(args.file))
    deed = Deed(organisation_id=args.organisation, actor="command line", action="export_person", target={})
    await Audit(records.database).begin(deed, outcome="200")
    print(f"{args.file}: {len(calls)} calls")
    if args.recordings:
        written = await on_disk(write_sound, calls, home, ring, Path(args.recordings))
        print(f"{args.recordings}: {written} recordings")
    return 0


async def _erase(records: CallRecords, args: argparse.Namespace) -> int:
    removal = _removal(records)
    found = len(await removal.export(args.organisation, args.subject))
    if found and not args.yes and not await asyncio.to_thread(_agreed, found):
        print("nothing was erased")
        return 1
    _tell("erased", await removal.erase(args.organisation, args.subject, actor=getpass.getuser()))
    return 0


async def _restore(records: CallRecords, args: argparse.Namespace) -> int:
    home, store = home_directory().absolute(), archive_store()
    if store is None:
        raise ConfigError(
            "there is no object store", where=STORE_VARIABLE, fix="set it, as s3://bucket/prefix"
        )
    for path in await CallArchive(records, store, home, keyring(home)).restore(args.call):
        print(path)
    return 0


async def _rewrap(records: CallRecords, args: argparse.Namespace) -> int:
    ring = keyring(home_directory())
    done = await records.keys.rewrap(records.database)
    done += await Outbox(records.database, ring).rewrap() + await Opinions(records.database, ring).rewrap()
    print(f"{done} keys and sealed words are under the current storage key now")
    return 0


def _removal(records: CallRecords) -> CallRemoval:
    return CallRemoval(records, FolderStore(home_directory().absolute()), archive_store())


def _agreed(calls: int) -> bool:
    return input(f"Erase {calls} calls for good? Type yes: ").strip() == "yes"


def _tell(done: str, removed: Removed) -> None:
    counts = f"{removed.calls} calls, {removed.traces} traces, {removed.recordings} recordings"
    print(f"{done} {counts} (on record as {removed.run})")
