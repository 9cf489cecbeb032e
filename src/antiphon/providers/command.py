"""`antiphon models` and `antiphon providers`."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from antiphon.errors import ConfigError
from antiphon.providers.local.models import models_root, select, verify
from antiphon.providers.local.models.fetch import DOWNLOADS, fetch
from antiphon.providers.local.models.manifest import ALL, known_sets, load_manifest
from antiphon.providers.local.models.progress import FetchProgress, megabytes
from antiphon.providers.local.models.store import quick_trouble

if TYPE_CHECKING:
    from antiphon.providers.registry import Registry


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    models = commands.add_parser("models", help="the embedded models: list, fetch, check")
    actions = models.add_subparsers(dest="models_action", required=True, metavar="ACTION")
    names = "model or set; sets: " + ", ".join(known_sets())
    listing = actions.add_parser("list", help="what there is and what is installed")
    listing.set_defaults(run=list_models)
    fetching = actions.add_parser("fetch", help="download, verify and install")
    fetching.add_argument(
        "names", nargs="*", default=["serve"], metavar="SET|NAME", help=f"{names} (default: serve)"
    )
    fetching.add_argument("--force", action="store_true", help="install again even if it is there")
    fetching.add_argument(
        "--keep-archives", action="store_true", help="keep the downloads, to carry them elsewhere"
    )
    fetching.set_defaults(run=fetch_models)
    checking = actions.add_parser("check", help="re-hash every installed file")
    checking.add_argument(
        "names", nargs="*", metavar="SET|NAME", help=f"{names} (default: serve and what is there)"
    )
    checking.set_defaults(run=check_models)
    providers = commands.add_parser("providers", help="what can hear, speak and judge, and what is ready")
    providers.add_argument("--role", help="only this role: stt, tts, llm, s2s, batch, eot, vad, encoder")
    providers.add_argument(
        "--all", action="store_true", help="a line for every voice; else like ones share one"
    )
    providers.add_argument("--json", action="store_true", help="one JSON array, with every name")
    providers.set_defaults(run=list_providers)


_LACKS = re.compile(r"missing: (pip install '[^']+')?(?:, and )?(set .+)?")
_LACKING = ("extra", "key")
_NARROW_MAX = 38
_CELL_MAX = 52  # What is longer pushes the rest of its own line only.


def list_models(args: argparse.Namespace) -> int:
    root = models_root()
    print(f"{'NAME':<16} {'ROLE':<18} {'SIZE':>9}  {'SETS':<13} {'LICENCE':<13} STATE")
    for model in load_manifest().values():
        trouble = quick_trouble(model, root / model.name)
        sets, size = ",".join(model.sets), megabytes(model.size_bytes)
        state = trouble or "installed"
        print(f"{model.name:<16} {model.role:<18} {size:>9}  {sets:<13} {model.licence:<13} {state}")
    print(f"in {root}")
    return 0


def fetch_models(args: argparse.Namespace) -> int:
    chosen = select(args.names)
    try:
        fetch(chosen, FetchProgress(sys.stderr), force=args.force, keep_archives=args.keep_archives)
    except ConfigError:
        print(file=sys.stderr)  # Off the line of an unfinished bar.
        raise
    except KeyboardInterrupt:
        print("\ninterrupted; run the same command again to go on: what is complete is kept", file=sys.stderr)
        return 130
    if args.keep_archives:
        print(f"archives kept in {models_root() / DOWNLOADS}")
        print("where there is no network, set ANTIPHON_MODELS_SOURCE to a copy of that folder and fetch")
    return 0


def check_models(args: argparse.Namespace) -> int:
    root = models_root()
    chosen = select(args.names or [ALL])
    damaged = 0
    for model in chosen:
        if not args.names and "serve" not in model.sets and not (root / model.name).exists():
            continue  # Optional and not installed is not a fault.
        trouble = verify(model)
        print(f"{model.name:<16} {trouble or 'is complete and unchanged'}")
        damaged += bool(trouble)
        if trouble:
            force = "--force " if (root / model.name).exists() else ""
            print(f"{'':<16} fix: run `antiphon models fetch {force}{model.name}`")
    return 1 if damaged else 0


def list_providers(args: argparse.Namespace) -> int:
    from antiphon.providers.registry import Registry

    rows = _matrix(Registry(), args.role)
    if args.json:
        print(json.dumps(rows, indent=2))
        return 0
    lines = [_line(group) for group in ([[row] for row in rows] if args.all else _alike(rows))]
    heads = ("ROLE", "NAME", "LICENCE", "EXTRA", "KEY", "STATE", "CAN")
    screen = shutil.get_terminal_size(fallback=(0, 0)).columns  # 0: a file or a pipe, a line for each.
    for line in _table([heads, *lines], screen):
        print(line)
    return 0


def _table(lines: Sequence[tuple[str, ...]], screen: int) -> Iterator[str]:
    """Columns; on a screen too narrow for them, keys and capabilities stand below their name."""
    wide = [min(max(map(len, column)), _CELL_MAX) for column in zip(*lines, strict=True)]
    rows = [_padded(line, wide) for line in lines]
    if not screen or max(map(len, rows)) <= screen:
        yield from rows
        return
    wide = [min(width, _NARROW_MAX) for width in wide[:4]]
    indent = " " * (wide[0] + 2)
    for role, name, licence, extra, keys, state, can in lines:
        first = _padded((role, name, licence, extra, state), [*wide, 0])
        below = [cell for cell in (keys, can) if cell not in ("-", "KEY", "CAN")]
        yield from _wrapped(first, screen, "", indent)
        for cell in below:
            yield from _wrapped(cell, screen, indent, f"{indent}  ")


def _wrapped(text: str, screen: int, first: str, then: str) -> list[str]:
    # Names are copied out of it: never divided, though they may be longer than the screen.
    return textwrap.wrap(
        text, max(screen, _NARROW_MAX), initial_indent=first, subsequent_indent=then,
        break_on_hyphens=False, break_long_words=False, drop_whitespace=True,
    )  # fmt: skip


def _padded(line: Sequence[str], wide: Sequence[int]) -> str:
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(line, wide, strict=True)).rstrip()


def _alike(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Voices of one vendor that differ in nothing but the language, together."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        can = {name: value for name, value in row["capabilities"].items() if name != "languages"}
        name = row["name"].partition("/")[0] if row["role"] == "tts" else row["name"]
        key = json.dumps({**row, "name": name, "capabilities": can})
        groups.setdefault(key, []).append(row)
    return list(groups.values())


def _line(group: list[dict[str, Any]]) -> tuple[str, ...]:
    first = group[0]
    keys = ", ".join(f"{name} {'set' if there else 'not set'}" for name, there in first["keys"].items())
    capabilities = dict(first["capabilities"])
    spoken = [row["capabilities"].get("languages", ()) for row in group]
    if not all(spoken):
        capabilities.pop("languages", None)
        if first["role"] in ("stt", "tts", "batch"):
            capabilities = {"languages": ("any",), **capabilities}
    elif len(group) > 1:
        capabilities["languages"] = tuple(sorted({language for each in spoken for language in each}))
    # What is to be set stands in the column before.
    found = _LACKS.fullmatch(first["state"])
    lacks = [
        word for word, there in zip(_LACKING, found.groups() if found else ("", ""), strict=True) if there
    ]
    state = f"missing: {', '.join(lacks)}" if lacks else first["state"]
    return (
        first["role"],
        first["name"] if len(group) == 1 else f"{first['name']} and {len(group) - 1} more",
        first["licence"],
        first["extra"] or "-",
        keys or "-",
        state,
        ", ".join(f"{name}={_short(value)}" for name, value in capabilities.items()) or "-",
    )


def _matrix(registry: Registry, role: str | None) -> list[dict[str, Any]]:
    """A row a name: role, name, licence, extra, keys (variable: is it set), state, capabilities it has."""
    from antiphon.providers.roles import Role

    known_roles = [each.value for each in Role]
    if role is not None and role not in known_roles:
        raise ConfigError(f"{role!r} is no role", fix=f"known: {', '.join(known_roles)}")
    return [
        {
            "role": each.value,
            "name": name,
            "licence": known.licence,
            "extra": known.extra,
            "keys": {variable: registry.is_set(variable) for variable in known.variables},
            "ready": known.is_ready,
            "state": known.state,
            "any_name": known.any_name,
            "capabilities": {key: value for key, value in asdict(known.capabilities).items() if value},
        }
        for each in Role
        if role in (None, each.value)
        for name, known in registry.matrix(each)
    ]


def _short(value: Any) -> str:
    """Yes, or a list with its length where it is long."""
    if value is True:
        return "yes"
    return "/".join(map(str, value)) if len(value) <= 4 else f"{len(value)}"
