"""`antiphon agents`: the schema of the agent file, checking files, listing them, and talking to one in
text."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from antiphon.errors import AntiphonError, ConfigError

if TYPE_CHECKING:
    from antiphon.agents.definition import AgentDefinition
    from antiphon.agents.definition.problems import FileProblems, Finding, Weight


Judge = Callable[["AgentDefinition"], Sequence["Finding"]]


def register(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], judge: Judge | None = None
) -> None:
    """Add `agents schema|check|list|chat`.

    Args:
        judge: Looks at what this room does not know: whether the providers of a file exist and fit.
    """
    agents = commands.add_parser("agents", help="agent files: schema, check, list, chat")
    actions = agents.add_subparsers(dest="action", required=True, metavar="ACTION")

    schema = actions.add_parser("schema", help="print the JSON Schema of the agent file (or of a flow file)")
    schema.add_argument("--flow", action="store_true", help="the schema of the flow file")
    schema.set_defaults(run=_schema)

    check = actions.add_parser("check", help="check agent files and the flows they name")
    check.add_argument("files", nargs="+", metavar="FILE", help="an agent file, or the name of an agent")
    check.add_argument(
        "--offline",
        action="store_true",
        help="keys, extras and models that are missing on this machine are told, but are no fault",
    )
    check.set_defaults(run=_check, judge=judge)

    listed = actions.add_parser("list", help="list the agents that are found")
    listed.set_defaults(run=_list)

    chat = actions.add_parser("chat", help="talk to an agent in text, over a throw-away calendar")
    chat.add_argument("agent", metavar="AGENT", help="an agent file, or the name of an agent")
    chat.add_argument("--letters", action="store_true", help="compare sentences by letters; loads no model")
    chat.add_argument("--show", action="store_true", help="show tools and what kind of answer is expected")
    chat.set_defaults(run=_chat)


def _schema(args: argparse.Namespace) -> int:
    from antiphon.agents.definition import agent_schema
    from antiphon.agents.flows.load import flow_schema

    print(json.dumps(flow_schema() if args.flow else agent_schema(), indent=2))
    return 0


def _check(args: argparse.Namespace) -> int:
    from antiphon.agents.definition import load_agent, resolve_agent
    from antiphon.agents.definition.problems import FileProblems

    broken = 0
    for name in args.files:
        try:
            path = resolve_agent(name)
            definition = load_agent(path)
            findings = args.judge(definition) if args.judge is not None else []
        except FileProblems as error:
            _told_with(error, args.judge, offline=args.offline)
            broken += 1
            continue
        except ConfigError as error:
            print(error, file=sys.stderr)
            broken += 1
            continue
        if _told(findings, offline=args.offline):
            broken += 1
            continue
        ways = ", ".join(definition.reasoning.models)
        print(f"{path}: ok: {definition.name}, {definition.language}, reasons by {ways}")
    return 1 if broken else 0


def _told_with(error: FileProblems, judge: Judge | None, *, offline: bool) -> None:
    """Print the faults of a file, and with them what the judge has against the rest of it."""
    from antiphon.agents.definition.problems import FileProblems

    told = {problem.field for problem in error.problems}
    found = list(judge(error.rest)) if judge is not None and error.rest is not None else []
    found = [finding for finding in found if finding.problem.field not in told]
    faults = [finding.problem for finding in found if finding.weight in _faults(offline=offline)]
    print(FileProblems([*error.problems, *faults]), file=sys.stderr)
    _told([finding for finding in found if finding.problem not in faults], offline=offline)


def _faults(*, offline: bool) -> frozenset[Weight]:
    from antiphon.agents.definition.problems import Weight

    return frozenset({Weight.ERROR} if offline else {Weight.ERROR, Weight.HERE})


def _told(findings: Sequence[Finding], *, offline: bool) -> bool:
    """Print what was found; gives whether any of it is a fault."""
    faults = _faults(offline=offline)
    for finding in findings:
        word = "" if finding.weight in faults else "warning: "
        print(f"{word}{finding.problem}", file=sys.stderr)
    return any(finding.weight in faults for finding in findings)


def _list(args: argparse.Namespace) -> int:
    from antiphon.agents.definition import find_agents, load_agent

    found = find_agents()
    if not found:
        print("no agents: put a file into ./agents", file=sys.stderr)
        return 1
    width = max(len(name) for name in found)
    for name, path in sorted(found.items()):
        try:
            about = load_agent(path).persona.role
        except ConfigError:
            about = "broken; see `antiphon agents check`"
        print(f"{name:<{width}}  {path}  {about}")
    return 0


def _chat(args: argparse.Namespace) -> int:
    try:
        return asyncio.run(_converse(args))
    except (KeyboardInterrupt, EOFError):
        print()
        return 0
    except AntiphonError as error:
        print(error, file=sys.stderr)
        return 1


async def _converse(args: argparse.Namespace) -> int:
    from antiphon.agents.build import prepare_reasoning
    from antiphon.agents.definition import load_agent, resolve_agent
    from antiphon.agents.ports import CallerTurn, Exchange, HeardReply, ReplyKind, ReplyRequest
    from antiphon.agents.tools import appointment_tools
    from antiphon.conversation.markup import without_markup

    definition = load_agent(resolve_agent(args.agent))
    with tempfile.TemporaryDirectory() as directory:
        tools = []
        for name, settings in definition.toolsets.items():
            if name == "clinic":
                seed = definition.directory / str(settings.get("calendar", ""))
                tools += appointment_tools(Path(directory) / "calendar.sqlite", seed)
        reasoning = prepare_reasoning(definition, encoder=_encoder(args.letters), tools=tools)
        await reasoning.warm()
        reasoner, history = reasoning.reasoner(), list[Exchange]()
        kind, text, number = ReplyKind.GREETING, "", 0
        while True:
            act = _Printing({tool.name: tool for tool in tools}, datetime.now(definition.zone), number)
            request = ReplyRequest(
                reply_id=str(number), kind=kind, text=text, now=act.now, history=tuple(history)
            )
            await reasoner.reply(request, act)
            reasoner.confirm(request.reply_id)
            said = without_markup(" ".join(act.text.split()))
            reasoner.heard(request.reply_id, said, True)
            history += [CallerTurn(text=text)] if kind is ReplyKind.TURN else []
            history.append(HeardReply(text=said, complete=True))
            print(f"agent:  {said}{act.notes() if args.show else ''}")
            if act.over:
                return 0
            number, kind = number + 1, ReplyKind.TURN
            text = (await asyncio.to_thread(input, "caller: ")).strip()


def _encoder(letters: bool) -> Any:
    """The embedded encoder by its registered name, or None. Rooms above are not imported here."""
    if letters:
        return None
    from importlib import import_module

    # `agents` stands below `providers`; the command, run by hand, borrows the encoder by name.
    return import_module("antiphon.providers.local.e5").E5Encoder()


class _Printing:
    """`Replying` for a person at a keyboard: tools run at once."""

    def __init__(self, tools: Mapping[str, Any], now: datetime, turn: int) -> None:
        self.text, self.over, self.now = "", False, now
        self._tools, self._turn, self._notes = tools, turn, list[str]()

    def notes(self) -> str:
        return f"   [{', '.join(self._notes)}]" if self._notes else ""

    def say(self, text: str, *, uninterruptible: bool = False) -> None:
        self.text += text

    async def run_tool(self, name: str, arguments: Mapping[str, Any]) -> Any:
        from antiphon.agents.ports import ToolContext, ToolResult

        if name not in self._tools:
            return ToolResult(ok=False, error=f"unknown_tool: {name}")
        key = f"chat-{self._turn}-{name}-{json.dumps(arguments, sort_keys=True)}"
        context = ToolContext(call_id="chat", idempotency_key=key, now=self.now)
        result = await self._tools[name].run(arguments, context)
        self._notes.append(f"{name} {'ok' if result.ok else result.error}")
        return result

    def expect(self, kind: Any, phrases: Sequence[str] = ()) -> None:
        self._notes.append(f"expects {kind.value}")

    def understood(self, *, urgent: bool = False) -> None:
        """In writing every turn is whole."""

    def end_call(self, cause: str) -> None:
        self.over = True
        self._notes.append(f"ends: {cause}")

    def escalate(self, reason: str, summary: str) -> None:
        self.over = True
        self._notes.append(f"to a person: {reason}; {summary}")
