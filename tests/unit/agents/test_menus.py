"""Keys in place of words: menus of the agent file, for flows and for language models alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.agents.dialogue import AGENTS, NOW, Acting, Dialogue, Reply, only

from antiphon.agents.definition import load_agent
from antiphon.agents.definition.values import Escalation, Menu, MenuKey
from antiphon.agents.menus import MenuGuard
from antiphon.agents.ports import Expect, Replying, ReplyKind, ReplyRequest
from antiphon.errors import ConfigError

MAIN = Menu(
    name="main",
    say="Press 1 to book, 5 for more, or 0 for a person.",
    keys={
        "1": MenuKey(means="I'd like to book"),
        "5": MenuKey(menu="more"),
        "9": MenuKey(repeat=True),
        "0": MenuKey(person=True),
    },
    offer=("greeting", "silence", "not_understood"),
)
MORE = Menu(name="more", say="Press 1 for our address.", keys={"1": MenuKey(means="where are you")})


@dataclass
class Told:
    """A reasoner that says what it is told to, and notes what it was asked."""

    answer: Callable[[ReplyRequest, Replying], None] = lambda request, act: act.expect(Expect.OPEN)
    asked: list[ReplyRequest] = field(default_factory=list)
    adopted: list[str] = field(default_factory=list)
    heard_of: list[str] = field(default_factory=list)

    async def reply(self, request: ReplyRequest, act: Replying) -> None:
        self.asked.append(request)
        self.answer(request, act)

    def confirm(self, reply_id: str) -> None:
        self.adopted.append(reply_id)

    def discard(self, reply_id: str) -> None: ...

    def heard(self, reply_id: str, text: str, complete: bool) -> None:
        self.heard_of.append(reply_id)


@dataclass
class Keyboard:
    """A call to a guarded reasoner; every reply is confirmed and heard."""

    told: Told = field(default_factory=Told)
    menus: Sequence[Menu] = (MAIN, MORE)
    prompt_keys: bool = True
    count: int = 0

    def __post_init__(self) -> None:
        self.guard = MenuGuard(self.told, self.menus, Escalation(words="A colleague."), self.prompt_keys)

    async def turn(self, text: str, kind: ReplyKind = ReplyKind.TURN) -> Reply:
        self.count += 1
        acting = Acting({}, NOW, self.count, {})
        reply_id = f"r{self.count}"
        await self.guard.reply(ReplyRequest(reply_id=reply_id, kind=kind, text=text, now=NOW), acting)
        self.guard.confirm(reply_id)
        self.guard.heard(reply_id, acting.reply.text, True)
        return acting.reply


def asks(kind: Expect, words: str = "Which day?") -> Callable[[ReplyRequest, Replying], None]:
    def answer(request: ReplyRequest, act: Replying) -> None:
        act.say(words)
        act.expect(kind)

    return answer


async def test_a_key_is_the_words_it_means() -> None:
    keys = Keyboard()
    await keys.turn("dtmf:1")
    assert [(each.text, each.keyed) for each in keys.told.asked] == [("I'd like to book", True)]


async def test_zero_is_a_person_and_the_reasoner_is_not_asked() -> None:
    keys = Keyboard()
    reply = await keys.turn("dtmf:0")
    assert reply.text == "A colleague." and reply.escalation is not None
    assert keys.told.asked == [] and keys.told.adopted == [] and keys.told.heard_of == []


async def test_a_menu_within_a_menu_gives_its_keys_their_meaning() -> None:
    keys = Keyboard()
    reply = await keys.turn("dtmf:5")
    assert reply.text == MORE.say and reply.expected is Expect.CHOICE, "one key is the answer"
    await keys.turn("dtmf:1")
    assert keys.told.asked[-1].text == "where are you"
    await keys.turn("dtmf:1")
    assert keys.told.asked[-1].text == "I'd like to book", "back at the first menu"


async def test_the_menu_is_said_again() -> None:
    assert (await Keyboard().turn("dtmf:9")).text == MAIN.say


@pytest.mark.parametrize("expects", [Expect.DIGITS, Expect.DATE, Expect.CHOICE, Expect.YES_NO])
async def test_where_the_question_wants_keys_they_are_its_answer(expects: Expect) -> None:
    keys = Keyboard(Told(asks(expects)))
    await keys.turn("hello")
    await keys.turn("dtmf:1")
    assert keys.told.asked[-1].text == "dtmf:1"


async def test_digits_that_are_no_menu_key_go_to_the_reasoner() -> None:
    keys = Keyboard()
    await keys.turn("dtmf:04081979#")
    assert keys.told.asked[-1].text == "dtmf:04081979#"


async def test_a_reply_that_is_thrown_away_leaves_the_menu_where_it_was() -> None:
    keys = Keyboard()
    request = ReplyRequest(reply_id="x", kind=ReplyKind.TURN, text="dtmf:5", now=NOW)
    await keys.guard.reply(request, Acting({}, NOW, 1, {}))
    keys.guard.discard("x")
    await keys.turn("dtmf:1")
    assert keys.told.asked[-1].text == "I'd like to book"


@pytest.mark.parametrize("kind", [ReplyKind.GREETING, ReplyKind.REPROMPT])
async def test_it_is_offered_with_the_greeting_and_into_a_silence(kind: ReplyKind) -> None:
    reply = await Keyboard(Told(asks(Expect.OPEN, "How can I help?"))).turn("", kind)
    assert reply.text == f"How can I help? {MAIN.say}" and reply.expected is Expect.CHOICE


async def test_it_is_not_offered_beside_a_question_with_keys_of_its_own() -> None:
    keys = Keyboard(Told(asks(Expect.DATE)))
    assert (await keys.turn("", ReplyKind.REPROMPT)).text == "Which day?"


async def test_with_a_language_model_one_key_is_waited_for_others() -> None:
    keys = Keyboard(Told(asks(Expect.OPEN)), prompt_keys=False)
    assert (await keys.turn("", ReplyKind.GREETING)).expected is Expect.OPEN


# --- the agent file ---------------------------------------------------------------------------------------


def clinic(tmp_path: Path, menus: Mapping[str, Any]) -> Path:
    file = yaml.safe_load((AGENTS / "clinic.yaml").read_text(encoding="utf-8"))
    file["menus"] = dict(menus)
    file["reasoning"] |= {"flow": str(AGENTS / "clinic/flow.yaml"), "prompt": "Help."}
    path = tmp_path / "clinic.yaml"
    path.write_text(yaml.safe_dump(file, sort_keys=False), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("menus", "said"),
    [
        ({"main": {"say": "Press 1.", "keys": {"1": {}}}}, "a key that does nothing"),
        (
            {"main": {"say": "Press 1.", "keys": {"1": {"means": "yes", "person": True}}}},
            "a key that does 2 things",
        ),
        ({"main": {"say": "Press 1.", "keys": {"1": {"menu": "mroe"}}}}, "unknown menu 'mroe'"),
        ({"main": {"say": "Press 12.", "keys": {"12": {"means": "yes"}}}}, "menus.main.keys"),
        ({"main": {"say": "", "keys": {"1": {"means": "yes"}}}}, "is empty"),
        ({"main": {"say": "Press 1.", "keys": {}}}, "menus.main.keys"),
        (
            {
                "main": {"say": "Press 1.", "keys": {"1": {"means": "yes"}}},
                "lost": {"say": "Press 2.", "keys": {"2": {"means": "no"}}},
            },
            "no key leads to this menu",
        ),
        ({"main": {"say": "Press 1.", "keys": {"1": {"means": "yes"}}, "offer": ["never"]}}, "'never'"),
    ],
)
def test_what_is_wrong_with_a_menu_is_named(tmp_path: Path, menus: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match="menus") as raised:
        load_agent(clinic(tmp_path, menus))
    assert said in str(raised.value)


def test_keys_may_be_written_as_numbers(tmp_path: Path) -> None:
    text = clinic(tmp_path, {}).read_text(encoding="utf-8")
    path = tmp_path / "keys.yaml"
    menu = "{main: {say: Press 1., keys: {1: {means: book}, '#': {repeat: true}}}}"
    path.write_text(text.replace("menus: {}", f"menus: {menu}"), encoding="utf-8")
    assert set(load_agent(path).menus[0].keys) == {"1", "#"}


# --- the clinic -------------------------------------------------------------------------------------------


async def test_the_clinic_offers_its_keys_to_whom_it_did_not_understand_twice(call: Dialogue) -> None:
    await call.say("blah blah")
    assert "Press 1" not in call.last.text
    await call.say("blub")
    assert "Press 1 to book" in call.last.text
    await call.say("dtmf:1")
    assert "seen for" in call.last.text


async def test_a_question_says_its_keys_to_whom_it_was_not_understood_twice(call: Dialogue) -> None:
    await call.talk("I'd like to make an appointment", "blah blah", "blub")
    assert "Press 1 for a physical" in call.last.text


async def test_whoever_presses_keys_is_told_the_next_ones(call: Dialogue) -> None:
    await call.talk("dtmf:1")
    assert "Press 1 for a physical" in call.last.text
    await call.say("dtmf:1")
    assert "Press 1 for the first available" in call.last.text
    await call.say("Friday please")
    assert "Press" not in call.last.text, "he talks again"


async def test_a_day_is_keyed_as_month_and_day(call: Dialogue) -> None:
    await call.talk("dtmf:1", "dtmf:1", "dtmf:1127")
    assert "Friday, November twenty-seventh" in call.last.text
    await call.say("dtmf:1")
    assert call.last.expected is Expect.NAME


async def test_a_day_that_does_not_exist_is_asked_for_again(call: Dialogue) -> None:
    await call.talk("dtmf:1", "dtmf:1", "dtmf:1332")
    assert call.last.expected is Expect.DATE


async def test_keys_alone_book_an_appointment(call: Dialogue) -> None:
    await call.talk("dtmf:1", "dtmf:1", "dtmf:1127", "dtmf:1", "dtmf:2436#", "dtmf:04081979#", "dtmf:1")
    assert "You're booked" in call.last.text, call.said
    assert only(call, "Linda", "Chen")[1] == datetime(2026, 11, 27, 8, 0)


async def test_keys_alone_cancel_one(call: Dialogue) -> None:
    await call.talk("dtmf:2", "dtmf:254#", "dtmf:08121969#", "dtmf:1")
    assert "cancelled" in call.last.text, call.said


async def test_keys_that_are_nobodys_name_lead_to_a_person(call: Dialogue) -> None:
    await call.talk("dtmf:2", "dtmf:7777#", "dtmf:04081979#")
    assert "Press 1 for yes" in call.last.text
    await call.say("dtmf:1")
    assert call.last.escalation is not None
