"""`antiphon route check|explain|schema`: is a routes file right, and what answers whom."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from antiphon.agents.definition import find_agents, load_agent
from antiphon.calls.routing.decision import as_called, decide
from antiphon.calls.routing.load import load_routes, routes_schema
from antiphon.calls.routing.values import Answer, Asked, Busy, Forward, Full, Refused, RoutingTable, ToAgent
from antiphon.errors import ConfigError

_FILE = "routes.yaml"


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `route` to the command line."""
    route = commands.add_parser("route", help="which agent answers what, and when")
    what = route.add_subparsers(dest="what", required=True, metavar="COMMAND")
    check = what.add_parser("check", help="everything that is wrong with a routes file")
    check.add_argument("file", nargs="?", default=_FILE, metavar="FILE", help=f"default {_FILE}")
    check.set_defaults(run=_check)
    explain = what.add_parser("explain", help="which rule answers a call, and why")
    explain.add_argument("number", metavar="NUMBER", help="what is called: +12125550100, sip:clinic")
    explain.add_argument("--from", dest="caller", default="", metavar="CALLER", help="whose number is shown")
    explain.add_argument("--at", default="", metavar="TIME", help="2026-12-24T18:30, there (default now)")
    explain.add_argument("--language", default="", metavar="TAG", help="as a browser tells it: es-MX")
    explain.add_argument("--file", default=_FILE, metavar="FILE", help=f"default {_FILE}")
    explain.set_defaults(run=_explain)
    for command in (check, explain):
        command.add_argument("--agents", default="", metavar="DIR", help="folder of agent files")
    what.add_parser("schema", help="print the JSON Schema of the routes file").set_defaults(run=_schema)


def _check(args: argparse.Namespace) -> int:
    table = _table(args.file, args.agents)
    for route in table.routes:
        limit = f", at most {route.limit} at once, then {_in_words(route.full)}" if route.limit else ""
        print(f"{route.name}: {', '.join(route.to)}: {len(route.rules)} rules{limit}")
    print(f"{args.file} is right")
    return 0


def _explain(args: argparse.Namespace) -> int:
    table = _table(args.file, args.agents)
    asked = Asked(
        called=as_called(args.number), caller=args.caller, at=_moment(args.at, table), language=args.language
    )
    decision = decide(table, asked)
    print(f"{asked.called} from {asked.caller or 'nobody known'} at {asked.at.isoformat(timespec='minutes')}")
    print(f"  route   {decision.route or 'none'}")
    for line in decision.why:
        print(f"          {line}")
    print(f"  answer  {_answered(decision.answer)}")
    return 1 if isinstance(decision.answer, Refused) else 0


def _schema(args: argparse.Namespace) -> int:
    print(json.dumps(routes_schema(), indent=2))
    return 0


def _table(file: str, folder: str) -> RoutingTable:
    found = find_agents([Path(folder)] if folder else None)
    digests = {}
    for path in found.values():
        definition = load_agent(path)
        digests[definition.name] = definition.digest
    return load_routes(Path(file), digests)


def _moment(text: str, table: RoutingTable) -> datetime:
    """Raises: ConfigError: It is no time."""
    if not text:
        return datetime.now(UTC).astimezone(table.zone)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{text!r} is not a time", where="--at", fix="write 2026-12-24T18:30") from error
    return at.replace(tzinfo=table.zone) if at.tzinfo is None else at


def _answered(answer: Answer) -> str:
    match answer:
        case ToAgent(agent=agent):
            return f"the agent {agent}"
        case Forward(target=target):
            return f"forwarded to {target}"
        case Busy():
            return "busy"
        case Refused(reason=reason):
            return f"refused: {reason}"


def _in_words(full: Full) -> str:
    overflow = _answered(full.overflow)
    if full.queue is None:
        return overflow
    return f"up to {full.queue.callers_max} wait for {full.queue.wait_max_ms / 1000:g} s, then {overflow}"
