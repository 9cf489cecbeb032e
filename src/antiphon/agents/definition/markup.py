"""SSML in what an agent says, checked where it is written."""

from __future__ import annotations

from collections.abc import Collection

from antiphon.agents.definition.document import Document, dotted, leaves
from antiphon.agents.definition.problems import Problem
from antiphon.speech.ssml import MarkupError, has_markup, parse

# Keys of the agent file under which every text is spoken, patterns apart.
SPOKEN_KEYS = frozenset(
    ("greeting", "answering_machine", "menus", "fillers", "phrases", "disclosures", "emergency", "escalation")
)
_NEVER_SPOKEN = frozenset(("patterns", "examples", "when", "leads", "cues"))


def markup_problems(document: Document, keys: Collection[str] = ()) -> list[Problem]:
    """Markup that does not parse. `keys`: the top-level keys to look under; all of them unless given."""
    problems = []
    for at, text in leaves(document.value):
        unspoken = (keys and at[0] not in keys) or _NEVER_SPOKEN.intersection(map(str, at))
        if unspoken or not isinstance(text, str) or not has_markup(text):
            continue
        try:
            parse(text)
        except MarkupError as error:
            problems.append(
                Problem(
                    path=document.path,
                    line=document.line(at),
                    field=dotted(at),
                    message=f"SSML that does not parse: {error}",
                    fix=error.fix,
                )
            )
    return problems
