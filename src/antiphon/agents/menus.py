"""Menus of the agent file: what a key means, at any point of a call, whoever reasons.

A key that answers the question just asked (a choice, yes or no, digits) is that answer. Any other key is a
menu's: its words reach the reasoner as if they had been said, so that a flow and a language model need know
nothing of keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from antiphon.agents.definition.values import Escalation, Menu, MenuKey
from antiphon.agents.disclosures import contains
from antiphon.agents.keys import keys_alone
from antiphon.agents.ports import (
    Exchange,
    Expect,
    Reasoner,
    Replying,
    ReplyKind,
    ReplyRequest,
    ToolResult,
    WarmsReplies,
)


@dataclass(slots=True)
class _Draft:
    """What a reply that may be adopted would lead to. `own`: the menus gave it, the reasoner never saw it."""

    menu: str
    expect: Expect
    own: bool = False


@dataclass(slots=True)
class MenuGuard:
    """Wraps any reasoner.

    Attributes:
        menus: The first is the one a call begins with.
        prompt_keys: The reasoner says what it expects, so that after a menu one key is an answer by itself.
    """

    reasoner: Reasoner
    menus: Sequence[Menu]
    escalation: Escalation
    prompt_keys: bool = True
    _menu: str = field(init=False)
    _expect: Expect = Expect.OPEN
    _drafts: dict[str, _Draft] = field(default_factory=dict)
    _confirmed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._menu = self.menus[0].name

    async def reply(self, request: ReplyRequest, act: Replying) -> None:
        """As `Reasoner`."""
        draft = self._drafts[request.reply_id] = _Draft(menu=self._menu, expect=self._expect)
        key = self._key(request)
        try:
            if key is not None and not key.means:
                self._answer(key, draft, act)
                return
            if key is not None:
                request, draft.menu = replace(request, text=key.means, keyed=True), self.menus[0].name
            watched = _Watched(act, self)
            await self.reasoner.reply(request, watched)
            self._offer(request, watched, act)
            draft.expect = watched.expected
            if watched.has_menu:
                draft.menu = self.menus[0].name
        finally:
            if request.reply_id in self._confirmed:
                self._adopt(request.reply_id)

    def _key(self, request: ReplyRequest) -> MenuKey | None:
        """The menu's key of this turn; None where the keys, or the words, are the reasoner's to read."""
        if request.kind is not ReplyKind.TURN or not (keys := keys_alone(request.text)):
            return None
        keys = keys if keys == "#" else keys.removesuffix("#")
        if self._expect is not Expect.OPEN:
            return None
        return self._by_name(self._menu).keys.get(keys)

    def _answer(self, key: MenuKey, draft: _Draft, act: Replying) -> None:
        draft.own = True
        act.understood()
        if key.person:
            act.say(self.escalation.words)
            act.escalate("asked_for_person", "asked for a person by the keys")
            return
        if key.menu:
            draft.menu = key.menu
        act.say(self._by_name(draft.menu).say)
        draft.expect = Expect.OPEN
        act.expect(self._one_key(Expect.OPEN))

    def _offer(self, request: ReplyRequest, watched: _Watched, act: Replying) -> None:
        """The menu, said unasked after what the reasoner says to a greeting or a silence."""
        menu = self.menus[0]
        greets = request.kind is ReplyKind.GREETING and "greeting" in menu.offer
        silent = request.kind is ReplyKind.REPROMPT and "silence" in menu.offer
        if (greets or silent) and watched.expected is Expect.OPEN and not watched.leaves:
            if not watched.has_menu:
                watched.say(f" {menu.say}")
            act.expect(self._one_key(Expect.OPEN))

    def _one_key(self, expected: Expect) -> Expect:
        """After a menu one key is the whole answer, unless digits might be wanted that nobody told us of."""
        return Expect.CHOICE if expected is Expect.OPEN and self.prompt_keys else expected

    def _by_name(self, name: str) -> Menu:
        return next(menu for menu in self.menus if menu.name == name)

    def _adopt(self, reply_id: str) -> None:
        draft = self._drafts[reply_id]
        self._menu, self._expect = draft.menu, draft.expect

    async def warm(self, history: Sequence[Exchange]) -> None:
        """As `WarmsReplies`."""
        if isinstance(self.reasoner, WarmsReplies):
            await self.reasoner.warm(history)

    def confirm(self, reply_id: str) -> None:
        """As `Reasoner`."""
        self._confirmed.add(reply_id)
        draft = self._drafts.get(reply_id)
        if draft is not None:
            self._adopt(reply_id)
        if draft is None or not draft.own:
            self.reasoner.confirm(reply_id)

    def discard(self, reply_id: str) -> None:
        """As `Reasoner`."""
        draft = self._drafts.pop(reply_id, None)
        self._confirmed.discard(reply_id)
        if draft is None or not draft.own:
            self.reasoner.discard(reply_id)

    def heard(self, reply_id: str, text: str, complete: bool) -> None:
        """As `Reasoner`."""
        draft = self._drafts.pop(reply_id, None)
        self._confirmed.discard(reply_id)
        if draft is None or not draft.own:
            self.reasoner.heard(reply_id, text, complete)


class _Watched:
    """`Replying` that keeps what the reply expects, and whether it says the menu."""

    def __init__(self, act: Replying, guard: MenuGuard) -> None:
        self._act, self._guard = act, guard
        self._text = ""
        self.expected = Expect.OPEN
        self.leaves = False

    @property
    def has_menu(self) -> bool:
        return contains(self._text, self._guard.menus[0].say)

    def say(self, text: str, *, uninterruptible: bool = False) -> None:
        self._text += text
        self._act.say(text, uninterruptible=uninterruptible)

    async def run_tool(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        return await self._act.run_tool(name, arguments)

    def expect(self, kind: Expect, phrases: Sequence[str] = ()) -> None:
        self.expected = kind
        self._act.expect(self._guard._one_key(kind) if self.has_menu else kind, phrases)

    def understood(self, *, urgent: bool = False) -> None:
        self._act.understood(urgent=urgent)

    def end_call(self, cause: str) -> None:
        self.leaves = True
        self._act.end_call(cause)

    def escalate(self, reason: str, summary: str) -> None:
        self.leaves = True
        self._act.escalate(reason, summary)
