"""Agent files over the API: judged, kept as versions, and one of them made live. The folder of agents is what
is served; the database is its history."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from antiphon.agents.definition import find_agents, load_agent
from antiphon.agents.definition.document import leaves, parse_document
from antiphon.agents.definition.load import AGENT_ADVICE
from antiphon.agents.definition.problems import FileProblems, Problem
from antiphon.errors import ConfigError
from antiphon.server.api import shapes
from antiphon.server.api.parts import ApiParts
from antiphon.server.checking.command import judge
from antiphon.server.problems import Problem as HttpProblem
from antiphon.server.problems import without_files
from antiphon.storage.disk import on_disk


def judged(folder: Path, text: str) -> shapes.Judgement:
    """Everything that is wrong with an agent file, or could be better. Blocks for the disk.

    Raises:
        HttpProblem: 409; the folder of agents cannot be written.
    """
    document = parse_document(text, Path("agent"), AGENT_ADVICE)
    name = _named(document.value)
    if faults := [fault_of(problem) for problem in (*document.problems, *_escapes(document.value))]:
        return shapes.Judgement(ok=False, agent=name, faults=faults)
    with beside(folder, text) as path:
        try:
            definition = load_agent(path)
            findings = judge(definition)
        except FileProblems as error:
            return shapes.Judgement(ok=False, agent=name, faults=[fault_of(one) for one in error.problems])
        except ConfigError as error:
            fault = shapes.FileFault(
                line=0, field="", message=without_files(error.message), fix=without_files(error.fix),
                weight="error",
            )  # fmt: skip
            return shapes.Judgement(ok=False, agent=name, faults=[fault])
    found = [fault_of(finding.problem, finding.weight.value) for finding in findings]
    return shapes.Judgement(
        ok=not any(fault.weight == "error" for fault in found), agent=definition.name, faults=found
    )


def file_of(folder: Path, agent: str) -> Path:
    """The file an agent is served from, or would be. Reads every file of the folder."""
    for path in find_agents([folder]).values():
        with contextlib.suppress(ConfigError):
            if load_agent(path).name == agent:
                return path
    return folder / f"{agent}.yaml"


def put_file(path: Path, text: str, *, folder: str = "the folder of agents") -> None:
    """All of it or nothing.

    Raises:
        HttpProblem: 409; the `folder`, as it is called, cannot be written.
    """
    new = path.with_name(f".{path.name}.{secrets.token_hex(6)}.new")
    try:
        with new.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise _not_writable(error, folder) from error


@contextlib.contextmanager
def beside(folder: Path, text: str) -> Iterator[Path]:
    """The text as a file among the agents, where the paths it names lead to what they mean."""
    path = folder / f".{secrets.token_hex(8)}.check"  # Not *.yaml: nobody takes it for an agent.
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise _not_writable(error) from error
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _not_writable(error: OSError, folder: str = "the folder of agents") -> HttpProblem:
    return HttpProblem(
        409,
        f"{folder} cannot be written ({error.strerror})",
        fix="put a copy into a folder of your own and start the server with that",
    )


def _named(value: Any) -> str:
    name = value.get("agent") if isinstance(value, dict) else None
    return name[:100] if isinstance(name, str) else ""


def _escapes(value: Any) -> Iterator[Problem]:
    """Files outside the folder of agents: what an operator may name, a caller of the API may not."""
    for at, leaf in leaves(value):
        if not isinstance(leaf, str) or not _may_be_path(at, leaf):
            continue
        pure = PurePosixPath(leaf.replace("\\", "/"))
        if pure.is_absolute() or ".." in pure.parts or leaf.startswith("~"):
            field = ".".join(map(str, at))
            message, fix = "a file outside the folder of agents", "put it there and give the path in it"
            yield Problem(path=Path("agent"), line=0, field=field, message=message, fix=fix)


def _may_be_path(at: tuple[str | int, ...], leaf: str) -> bool:
    if at[:1] == ("tools",):
        return "://" not in leaf and "\n" not in leaf
    if at == ("reasoning", "prompt"):
        return leaf.endswith(".md") and "\n" not in leaf
    return at == ("reasoning", "flow")


def fault_of(problem: Problem, weight: Any = "error") -> shapes.FileFault:
    return shapes.FileFault(
        line=problem.line,
        field=problem.field,
        message=without_files(problem.message),
        fix=without_files(problem.fix),
        weight=weight,
    )


async def refuse_faulty(parts: ApiParts, agent: str, text: str) -> None:
    """Raises HttpProblem: 422; the file has an error, or is of another agent."""
    judgement = await on_disk(judged, parts.serve.agents, text)
    if judgement.agent != agent and judgement.agent:
        raise HttpProblem(422, "the file is of another agent", fix=f"begin it with `agent: {agent}`")
    if not judgement.ok:
        first = next(fault for fault in judgement.faults if fault.weight == "error")
        where = f"line {first.line}: {first.field}: " if first.field else f"line {first.line}: "
        fix = first.fix or "POST /v1/agents/validate shows all"
        raise HttpProblem(422, f"{where}{first.message}", fix=fix)
