"""Words that must be heard: declared in the files, uninterruptible when said, said again until heard."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.agents.dialogue import NOW, Acting, Dialogue
from tests.unit.agents.dialogue import Reply as Said

from antiphon.agents.build import prepare_reasoning
from antiphon.agents.definition import load_agent
from antiphon.agents.disclosures import DisclosureGuard, contains, spans
from antiphon.agents.flows.load import load_flow
from antiphon.agents.ports import Effect as ToolEffect
from antiphon.agents.ports import Replying, ReplyKind, ReplyRequest, Tool, ToolResult
from antiphon.errors import ConfigError

AI, TAPE = "I'm an AI assistant.", "This call may be recorded."
AGENT = f"""\
agent: desk
persona: {{name: Robin, role: front desk}}
greeting: Willow Street. {{disclosures}} How can I help?
disclosures:
  ai: {{text: "{AI}", when: always, uninterruptible: true}}
  tape: {{text: "{TAPE}", when: always, uninterruptible: true}}
  hours: {{text: "We are a small shop.", when: always}}
reasoning: {{model: [flow/small], flow: flow.yaml, tools: [shop.buy]}}
tools: {{shop: {{}}}}
"""
FLOW = """\
flow: small
slots:
  colour:
    type: choice
    ask: Which colour?
    choices: {red: {say: red, phrases: [red]}, blue: {say: blue, phrases: [blue]}}
goals:
  buy:
    examples: [I want to buy one, can I buy this please]
    keywords: ['\\bbuy\\b']
    steps:
      - say: Sales are final.
        uninterruptible: true
      - ask: colour
      - confirm: That is a {colour} one. Is that right?
        uninterruptible: true
      - do: shop.buy
        as: bought
        with: {colour: colour}
        say: Done, it is yours.
"""


def test_protected_texts_are_found_wherever_they_are_however_they_are_spaced() -> None:
    text = f"Hello. I'm an AI  assistant. {TAPE} Bye."
    pieces = list(spans(text, [AI, TAPE]))
    assert "".join(piece for piece, _ in pieces) == text
    assert [piece.strip() for piece, must in pieces if must] == ["I'm an AI  assistant.", TAPE]
    assert list(spans("Hello.", [])) == [("Hello.", False)]
    assert list(spans("", [AI])) == []
    assert contains("One.\n I'm an AI assistant.", AI)


def test_the_longer_of_two_texts_that_begin_alike_is_found_whole() -> None:
    assert list(spans("You agree. You agree to all.", ["You agree", "You agree to all."])) == [
        ("You agree", True), (". ", False), ("You agree to all.", True),
    ]  # fmt: skip


async def _call(directory: Path, flow: str = FLOW) -> Dialogue:
    (directory / "desk.yaml").write_text(AGENT)
    (directory / "flow.yaml").write_text(flow)
    definition = load_agent(directory / "desk.yaml")

    async def buy(arguments: object, context: object) -> ToolResult:
        return ToolResult(ok=True, value={})

    tool = Tool(name="shop.buy", description="", parameters={}, effect=ToolEffect.WRITE, run=buy)
    reasoning = prepare_reasoning(definition, encoder=None, tools=[tool])
    return Dialogue(reasoning.reasoner(), [tool], directory / "none.sqlite", NOW)


async def test_in_the_greeting_the_disclosures_are_uninterruptible_and_nothing_else(tmp_path: Path) -> None:
    reply = await (await _call(tmp_path)).greet()
    assert reply.text == f"Willow Street. {AI} {TAPE} We are a small shop. How can I help?"
    assert reply.protected == f"{AI}{TAPE}"


async def test_a_disclosure_the_caller_spoke_before_comes_first_in_the_next_reply(tmp_path: Path) -> None:
    call = await _call(tmp_path)
    reply = await _cut_greeting(call, f"Willow Street. {AI}")
    assert reply.protected
    answer = await call.say("I want to buy one.", cut_after="")
    assert answer.text.startswith(TAPE)
    assert AI not in answer.text
    again = await call.say("Red.")
    assert TAPE not in again.text, "it was heard"


async def _cut_greeting(call: Dialogue, heard: str) -> Said:
    acting = Acting({}, NOW, 0, {})
    request = ReplyRequest(reply_id="g", kind=ReplyKind.GREETING, text="", now=NOW)
    await call.reasoner.reply(request, acting)
    call.reasoner.confirm("g")
    call.reasoner.heard("g", heard, False)
    return acting.reply


class _Silent:
    def __init__(self) -> None:
        self.told: list[str] = []

    async def reply(self, request: ReplyRequest, act: Replying) -> None: ...

    def confirm(self, reply_id: str) -> None:
        self.told.append(f"confirm {reply_id}")

    def discard(self, reply_id: str) -> None:
        self.told.append(f"discard {reply_id}")

    def heard(self, reply_id: str, text: str, complete: bool) -> None:
        self.told.append(f"heard {reply_id}")


async def test_a_disclosure_is_said_until_it_was_heard_and_never_over_a_goodbye() -> None:
    inner = _Silent()
    guard = DisclosureGuard(inner, (TAPE,))
    for reply_id, kind, heard, owed in (
        ("r1", ReplyKind.TURN, "This call may", True),
        ("r2", ReplyKind.GOODBYE, "", False),
        ("r3", ReplyKind.REPROMPT, f"{TAPE} Yes.", True),
        ("r4", ReplyKind.TURN, "", False),
    ):
        acting = Acting({}, NOW, 0, {})
        await guard.reply(ReplyRequest(reply_id=reply_id, kind=kind, text="x", now=NOW), acting)
        guard.confirm(reply_id)
        guard.heard(reply_id, heard, False)
        assert (acting.reply.protected.strip() == TAPE) == owed, reply_id
    guard.discard("r9")
    assert "heard r3" in inner.told
    assert inner.told[-1] == "discard r9"


async def test_a_flow_declares_notices_and_read_backs(tmp_path: Path) -> None:
    call = await _call(tmp_path)
    await call.greet()
    notice = await call.say("I want to buy one.")
    assert "Sales are final." in notice.protected
    assert "Which colour?" not in notice.protected
    read_back = await call.say("Red.")
    assert read_back.protected.strip() == "That is a red one. Is that right?"
    assert "Done" in (await call.say("Yes.")).text


async def test_a_notice_of_a_flow_that_was_not_heard_is_said_again(tmp_path: Path) -> None:
    call = await _call(tmp_path)
    await call.greet()
    await call.say("I want to buy one.", cut_after="Sales are")
    assert "Sales are final." in (await call.say("Red.")).text
    assert "Sales are final." not in (await call.say("Yes.")).text


async def test_a_read_back_asked_again_is_uninterruptible_again(tmp_path: Path) -> None:
    call = await _call(tmp_path)
    await call.talk("I want to buy one.", "Red.")
    again = await call.say("Mumble grumble.")
    assert "That is a red one. Is that right?" in again.protected


def test_a_step_that_says_nothing_cannot_be_uninterruptible(tmp_path: Path) -> None:
    path = tmp_path / "flow.yaml"
    path.write_text(FLOW.replace("- ask: colour", "- ask: colour\n        uninterruptible: true"))
    with pytest.raises(ConfigError, match="nothing that could be uninterruptible is said"):
        load_flow(path)


def test_a_marked_disclosure_was_heard_if_its_words_were() -> None:
    assert contains("Hi. This call may be recorded.", "This call <emphasis>may</emphasis> be recorded.")
    assert not contains("Hi. This call may", "This call <emphasis>may</emphasis> be recorded.")
