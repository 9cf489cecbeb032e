"""`antiphon calls …`, `antiphon transfer` and `antiphon numbers`: what an operator does to calls that are up,
and to the numbers they come in on. Numbers too are asked of a running `antiphon serve` where one is named."""

from __future__ import annotations

import argparse
import asyncio
import os
import uuid
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from antiphon.calls.numbers import e164
from antiphon.calls.ports import NumberQuery
from antiphon.errors import ConfigError
from antiphon.runtime import command as recorded
from antiphon.server.keeping.lookup import IndexedCalls
from antiphon.server.operating.asking import SERVER, asked
from antiphon.server.operating.number_accounts import NumberAccount, ServerAccount, carrier_account

_ACTS = {
    "hold": "music for the caller, and nobody listens to him",
    "resume": "back from hold, to the agent",
    "mute": "have the caller heard by nobody",
    "unmute": "have him heard again",
}
_DONE = {"hold": "on hold", "resume": "with the agent again", "mute": "muted", "unmute": "heard again"}


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    recorded.register(commands, IndexedCalls())
    calls = commands.choices["calls"]._subparsers
    assert calls is not None, "`calls` has commands of its own"
    (listed,) = calls._group_actions
    assert isinstance(listed, argparse._SubParsersAction)
    active = listed.add_parser("active", help="calls that are up now")
    active.set_defaults(run=_active)
    place = listed.add_parser("place", help="have an agent call somebody")
    place.add_argument("agent", metavar="AGENT")
    place.add_argument("number", metavar="NUMBER", help="with its country code (docs/telephony/placing.md)")
    place.add_argument("--carrier", default="", help="whose interface, or sip (default: the only way)")
    place.add_argument("--caller-id", default="", metavar="NUMBER", help="a number of yours that is shown")
    place.add_argument("--ring", type=int, default=30, metavar="S", help="seconds (30)")
    place.add_argument("--key", default="", help="the intent's own: asking again with it rings nobody twice")
    place.set_defaults(run=_place)
    placed = listed.add_parser("placed", help="how a call gets on that was placed")
    placed.add_argument("key", metavar="KEY", help="as `calls place` told it")
    placed.set_defaults(run=_placed)
    join = listed.add_parser("join", help="send an agent into a LiveKit room")
    join.add_argument("agent", metavar="AGENT")
    join.add_argument("room", metavar="ROOM")
    join.set_defaults(run=_join)
    hangup = listed.add_parser("hangup", help="have the agent say goodbye and hang up")
    hangup.add_argument("call", metavar="CALL", help="its id")
    hangup.set_defaults(run=_hangup)
    steered = [_steering(listed, act, told) for act, told in _ACTS.items()]
    keys = listed.add_parser("dtmf", help="send keys as tones, as to another company's menu")
    keys.add_argument("call", metavar="CALL", help="its id")
    keys.add_argument("digits", help="0-9, *, #, A-D; w waits half a second")
    keys.set_defaults(run=_dtmf)
    record = listed.add_parser("record", help="pause, resume or stop the recording of a call")
    record.add_argument("call", metavar="CALL", help="its id")
    record.add_argument("act", choices=["pause", "resume", "stop"])
    record.set_defaults(run=_record)
    transfer = commands.add_parser("transfer", help="put a caller through to a person")
    transfer.add_argument("call", metavar="CALL", help="its id")
    transfer.add_argument("target", nargs="?", default="", help="of the agent's list (its usual target)")
    transfer.set_defaults(run=_transfer)
    for command in (active, place, placed, join, hangup, transfer, keys, record, *steered):
        command.add_argument("--server", default=SERVER, help=f"a running antiphon serve ({SERVER})")
    _register_numbers(commands)


def _steering(
    listed: argparse._SubParsersAction[argparse.ArgumentParser], act: str, told: str
) -> argparse.ArgumentParser:
    command = listed.add_parser(act, help=told)
    command.add_argument("call", metavar="CALL", help="its id")
    command.set_defaults(run=_steer, act=act)
    return command


def _register_numbers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    numbers = commands.add_parser("numbers", help="search, buy, configure and release phone numbers")
    numbers.add_argument("--carrier", default="", help="whose numbers (default: the only account)")
    numbers.add_argument("--server", default="", metavar="URL", help="have a running antiphon serve do it")
    what = numbers.add_subparsers(dest="what", required=True, metavar="COMMAND")
    what.add_parser("list", help="numbers of the account").set_defaults(run=_numbers, act=_list)
    search = what.add_parser("search", help="numbers to be had")
    search.add_argument("country", help="two letters: US, DE")
    search.add_argument("--kind", choices=["local", "mobile", "toll_free"], default="local")
    search.add_argument("--area", default="", help="area code")
    search.add_argument("--contains", default="", help="digits anywhere in it")
    search.set_defaults(run=_numbers, act=_search)
    buy = what.add_parser("buy", help="buy one for an agent; costs money at once and every month")
    buy.add_argument("number")
    buy.set_defaults(run=_numbers, act=_buy)
    configure = what.add_parser("configure", help="have another agent answer a number")
    configure.add_argument("number")
    configure.set_defaults(run=_numbers, act=_configure)
    for routed in (buy, configure):
        routed.add_argument("--agent", required=True, help="who answers")
    release = what.add_parser("release", help="give a number back; it may be gone for good")
    release.add_argument("number")
    release.set_defaults(run=_numbers, act=_release)


# ------------------------------------------------------------------ calls that are up


def _active(args: argparse.Namespace) -> int:
    up = asked(args.server, "GET", "/v1/live")["calls"]
    for call in up:
        print(f"{call['call_id']:<28} {call['line']:<9} {call['agent']}")
    if not up:
        print("no calls are up")
    return 0


def _place(args: argparse.Namespace) -> int:
    wanted = {
        "agent": args.agent,
        "to": args.number,
        "carrier": args.carrier,
        "caller_id": args.caller_id,
        "ring_s": args.ring,
    }
    _print_placed(asked(args.server, "POST", "/v1/calls", wanted, key=args.key or str(uuid.uuid4())))
    return 0


def _placed(args: argparse.Namespace) -> int:
    _print_placed(asked(args.server, "GET", f"/v1/placed/{quote(args.key, safe='')}"))
    return 0


_ANSWERERS = {
    "human": "a person",
    "machine": "a machine (voicemail)",
    "ivr": "a menu or a queue",
    "fax": "a fax",
    "silence": "silence",
}


def _print_placed(told: dict[str, str]) -> None:
    how = f" ({told['how']})" if told["how"] else ""
    through = f" through {told['carrier']}, allowed by {told['basis']}" if told["carrier"] else ""
    print(f"{told['key']}: {told['state']}{how}{through}")
    if told["state"] == "asked":
        print(f"no answer came: it may ring. Look with: antiphon calls placed {told['key']}")
    if who := told.get("answered_by"):
        print(f"answered by {_ANSWERERS.get(who, 'nobody knows whom')}")
    if cause := told.get("end_cause"):
        print(f"ended: {cause.replace('_', ' ')}. Its record: antiphon calls show {told['call_id']}")


def _join(args: argparse.Namespace) -> int:
    asked(args.server, "POST", "/v1/rooms", {"agent": args.agent, "room": args.room})
    print(f"{args.agent} is in {args.room}, and leaves it when nobody comes")
    return 0


def _hangup(args: argparse.Namespace) -> int:
    asked(args.server, "POST", f"/v1/live/{quote(args.call, safe='')}/end")
    print(f"{args.call}: saying goodbye")
    return 0


def _steer(args: argparse.Namespace) -> int:
    asked(args.server, "POST", f"/v1/live/{quote(args.call, safe='')}/{args.act}")
    print(f"{args.call}: {_DONE[args.act]}")
    return 0


def _dtmf(args: argparse.Namespace) -> int:
    asked(args.server, "POST", f"/v1/live/{quote(args.call, safe='')}/dtmf", {"digits": args.digits})
    print(f"{args.call}: {len(args.digits)} keys sent")
    return 0


def _record(args: argparse.Namespace) -> int:
    asked(args.server, "POST", f"/v1/live/{quote(args.call, safe='')}/recording/{args.act}")
    print(f"{args.call}: recording, {args.act}")
    return 0


def _transfer(args: argparse.Namespace) -> int:
    told = asked(
        args.server, "POST", f"/v1/live/{quote(args.call, safe='')}/transfer", {"target": args.target}
    )
    print(f"{args.call}: being put through to {told['target']}")
    return 0


# ------------------------------------------------------------------ numbers


def _numbers(args: argparse.Namespace) -> int:
    return asyncio.run(_with_account(args))


async def _with_account(args: argparse.Namespace) -> int:
    act: Callable[[NumberAccount, argparse.Namespace], Awaitable[int]] = args.act
    if args.server:
        return await act(ServerAccount(args.server, args.carrier), args)
    async with carrier_account(os.environ, args.carrier) as account:
        return await act(account, args)


async def _list(account: NumberAccount, args: argparse.Namespace) -> int:
    owned = await account.owned()
    for number in owned:
        print(f"{number.number:<16} {number.label:<24} {number.answer_url}")
    if not owned:
        print(f"{account.carrier}: no numbers; antiphon numbers search COUNTRY finds some")
    return 0


async def _search(account: NumberAccount, args: argparse.Namespace) -> int:
    query = NumberQuery(country=args.country, kind=args.kind, area_code=args.area, contains=args.contains)
    offers = await account.search(query)
    for offer in offers:
        price = f"{offer.monthly_usd} USD a month" if offer.monthly_usd is not None else ""
        print(f"{offer.number:<16} {offer.locality:<24} {price}")
    if not offers:
        print(f"{account.carrier}: none like that; try another --kind, or no --area and --contains")
    return 0


async def _buy(account: NumberAccount, args: argparse.Namespace) -> int:
    bought = await account.buy(e164(args.number), args.agent)
    print(f"{bought.number} is answered by {args.agent}")
    return 0


async def _configure(account: NumberAccount, args: argparse.Namespace) -> int:
    number_id = await _id_of(account, args.number)
    changed = await account.configure(number_id, args.agent)
    print(f"{changed.number} is answered by {args.agent}")
    return 0


async def _release(account: NumberAccount, args: argparse.Namespace) -> int:
    await account.release(await _id_of(account, args.number))
    print(f"{args.number} is released")
    return 0


async def _id_of(account: NumberAccount, number: str) -> str:
    wanted = e164(number)
    for owned in await account.owned():
        if owned.number == wanted:
            return owned.number_id
    raise ConfigError(
        f"{wanted} is not a number of this account", fix="see them with `antiphon numbers list`"
    )
