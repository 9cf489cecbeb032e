"""Twilio's REST interface as documented, behind real HTTP: numbers, calls, conferences and recordings of one
account. What a dialled phone does is told by `answered` (see `phone_sides.py`)."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.doubles.faults import Fault, Faulty
from tests.doubles.http_vendor import HttpAnswer, HttpRequest, json_answer, later

UNKNOWN_NUMBER = "+12125550999"
SID, TOKEN = "AC" + "0" * 32, "a secret auth token"
ROOT = f"/2010-04-01/Accounts/{SID}"
Form = dict[str, list[str]]


@dataclass
class PlacedCall:
    """`updates` are the forms it was changed with; `status` as Twilio names it."""

    sid: str
    form: Form
    status: str = "queued"
    updates: list[dict[str, str]] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.form.get(name, [""])[0]


@dataclass
class TwilioAccountDouble:
    """Implements `http_vendor.Wire`.

    Attributes:
        placed: Told of every new call.
        changed: Told when a call was changed, with the form.
        prefix: Where a compatible carrier keeps the same paths.
    """

    placed: Callable[[PlacedCall], None] = lambda call: None
    changed: Callable[[PlacedCall, dict[str, str]], None] = lambda call, form: None
    prefix: str = ""
    calls: dict[str, PlacedCall] = field(default_factory=dict)
    numbers: dict[str, dict[str, str]] = field(default_factory=dict)
    conferences: dict[str, str] = field(default_factory=dict)  # Name to sid.
    seats: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    recordings: dict[str, list[str]] = field(default_factory=dict)  # Sid to the states it went through.

    def answer(self, request: HttpRequest) -> HttpAnswer:
        wanted = "Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
        if request.headers.get("authorization") != wanted:
            return self._error(401, 20003, "Authenticate")
        root = self.prefix + ROOT
        assert request.path.startswith(root), f"not this account: {request.path}"
        form = parse_qs(request.body.decode(), keep_blank_values=True)
        path = request.path.removeprefix(root)
        for pattern, act in _ROUTES:
            found = re.fullmatch(pattern, f"{request.method} {path}")
            if found:
                answer: HttpAnswer = act(self, found.groups(), form, request.query)
                return answer
        raise AssertionError(f"no such resource: {request.method} {path}")

    def refusal(self, fault: Fault, faulty: Faulty) -> HttpAnswer:
        if fault is Fault.RATE_LIMIT:
            return later(self._error(429, 20429, "Too Many Requests"), faulty)
        if fault is Fault.AUTH:
            return self._error(401, 20003, "Authenticate")
        return self._error(503, 20503, "Service unavailable")

    def malformed(self) -> bytes:
        return b"<html>not an answer</html>"

    # ------------------------------------------------------------------ calls

    def _dial(self, _: Any, form: Form, query: Any) -> HttpAnswer:
        one = {name: values[0] for name, values in form.items()}
        assert one.get("From") and one.get("To"), "From and To are required"
        assert ("Url" in one) != ("Twiml" in one), "exactly one of Url and Twiml"
        assert not one["To"].startswith("sip:") or "@" in one["To"]
        if one["To"] == UNKNOWN_NUMBER or not re.match(r"\+[1-9]\d{6,14}$|sips?:", one["To"]):
            return self._error(400, 21211, f"The 'To' number {one['To']} is not a valid phone number.")
        call = PlacedCall(sid=f"CA{len(self.calls) + 1:032x}", form=form)
        self.calls[call.sid] = call
        self.placed(call)
        return json_answer(201, self._call(call))

    def _change(self, ids: tuple[str, ...], form: Form, query: Any) -> HttpAnswer:
        call = self.calls.get(ids[0])
        if call is None:
            return self._error(404, 20404, "The requested resource was not found")
        if call.status in ("completed", "busy", "failed", "no-answer", "canceled"):
            return self._error(400, 21220, "Call is not in-progress. Cannot redirect.")
        one = {name: values[0] for name, values in form.items()}
        assert len({"Url", "Twiml", "Status"} & set(one)) == 1, f"one change at a time: {sorted(one)}"
        call.updates.append(one)
        self.changed(call, one)
        return json_answer(200, self._call(call))

    def _call(self, call: PlacedCall) -> dict[str, object]:
        return {
            "sid": call.sid, "account_sid": SID, "to": call["To"], "from": call["From"],
            "status": call.status, "direction": "outbound-api", "api_version": "2010-04-01",
            "uri": f"{ROOT}/Calls/{call.sid}.json", "subresource_uris": {},
        }  # fmt: skip

    # ------------------------------------------------------------------ numbers

    def _available(self, ids: tuple[str, ...], form: Form, query: dict[str, str]) -> HttpAnswer:
        country, kind = ids
        assert kind in ("Local", "Mobile", "TollFree")
        area = query.get("AreaCode", "617")
        found = [{"phone_number": f"+1{area}555{number:04d}", "locality": "Boston", "iso_country": country,
                  "friendly_name": "x", "capabilities": {"voice": True}}
                 for number in range(100, 100 + int(query.get("PageSize", "50")))]  # fmt: skip
        return json_answer(200, {"available_phone_numbers": found, "uri": f"{ROOT}/x"})

    def _buy(self, ids: Any, form: Form, query: Any) -> HttpAnswer:
        one = {name: values[0] for name, values in form.items()}
        if any(number["PhoneNumber"] == one["PhoneNumber"] for number in self.numbers.values()):
            return self._error(400, 21422, "Invalid phone number: it is not available")
        sid = f"PN{len(self.numbers) + 1:032x}"
        self.numbers[sid] = one
        return json_answer(201, self._number(sid))

    def _configure(self, ids: tuple[str, ...], form: Form, query: Any) -> HttpAnswer:
        if ids[0] not in self.numbers:
            return self._error(404, 20404, "The requested resource was not found")
        self.numbers[ids[0]] |= {name: values[0] for name, values in form.items()}
        return json_answer(200, self._number(ids[0]))

    def _owned(self, ids: Any, form: Any, query: Any) -> HttpAnswer:
        listed = [self._number(sid) for sid in self.numbers]
        return json_answer(200, {"incoming_phone_numbers": listed, "uri": f"{ROOT}/x"})

    def _release(self, ids: tuple[str, ...], form: Any, query: Any) -> HttpAnswer:
        if self.numbers.pop(ids[0], None) is None:
            return self._error(404, 20404, "The requested resource was not found")
        return HttpAnswer(status=204)

    def _number(self, sid: str) -> dict[str, object]:
        number = self.numbers[sid]
        return {
            "sid": sid, "account_sid": SID, "phone_number": number["PhoneNumber"],
            "friendly_name": number.get("FriendlyName", ""), "voice_url": number.get("VoiceUrl", ""),
            "capabilities": {"voice": True},
        }  # fmt: skip

    # ------------------------------------------------------------------ conferences and recordings

    def _conferences(self, ids: Any, form: Any, query: dict[str, str]) -> HttpAnswer:
        assert query.get("Status") == "in-progress"
        sid = self.conferences.get(query["FriendlyName"])
        found = [{"sid": sid, "account_sid": SID, "friendly_name": query["FriendlyName"]}] if sid else []
        return json_answer(200, {"conferences": found, "uri": f"{ROOT}/x"})

    def _seat(self, ids: tuple[str, ...], form: Form, query: Any) -> HttpAnswer:
        self.seats.append((*ids[:2], {name: values[0] for name, values in form.items()}))  # type: ignore[arg-type]
        return json_answer(200, {"call_sid": ids[1], "conference_sid": ids[0], "account_sid": SID})

    def _record(self, ids: tuple[str, ...], form: Form, query: Any) -> HttpAnswer:
        if ids[0] not in self.calls:
            return self._error(404, 20404, "The requested resource was not found")
        assert form.get("RecordingChannels") == ["dual"]
        sid = f"RE{len(self.recordings) + 1:032x}"
        self.recordings[sid] = ["in-progress"]
        return json_answer(201, {"sid": sid, "call_sid": ids[0], "account_sid": SID})

    def _rerecord(self, ids: tuple[str, ...], form: Form, query: Any) -> HttpAnswer:
        assert form["Status"][0] in ("paused", "in-progress", "stopped")
        self.recordings[ids[1]].append(form["Status"][0] + form.get("PauseBehavior", [""])[0])
        return json_answer(200, {"sid": ids[1], "call_sid": ids[0], "account_sid": SID})

    def _error(self, status: int, code: int, message: str) -> HttpAnswer:
        return json_answer(status, {"code": code, "message": message, "status": status, "more_info": ""})


_ROUTES: tuple[tuple[str, Callable[..., HttpAnswer]], ...] = (
    (r"POST /Calls\.json", TwilioAccountDouble._dial),
    (r"POST /Calls/(CA\w+)\.json", TwilioAccountDouble._change),
    (r"GET /AvailablePhoneNumbers/([A-Z]{2})/(\w+)\.json", TwilioAccountDouble._available),
    (r"POST /IncomingPhoneNumbers\.json", TwilioAccountDouble._buy),
    (r"GET /IncomingPhoneNumbers\.json", TwilioAccountDouble._owned),
    (r"POST /IncomingPhoneNumbers/(PN\w+)\.json", TwilioAccountDouble._configure),
    (r"DELETE /IncomingPhoneNumbers/(PN\w+)\.json", TwilioAccountDouble._release),
    (r"GET /Conferences\.json", TwilioAccountDouble._conferences),
    (r"POST /Conferences/(CF\w+)/Participants/(CA\w+)\.json", TwilioAccountDouble._seat),
    (r"POST /Calls/(CA\w+)/Recordings\.json", TwilioAccountDouble._record),
    (r"POST /Calls/(CA\w+)/Recordings/(RE\w+)\.json", TwilioAccountDouble._rerecord),
)
