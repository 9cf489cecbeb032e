"""Plivo's REST interface as documented, behind real HTTP: numbers, applications, calls, conferences and
recordings of one account. What a dialled phone does is told by `placed` and `changed` (`phone_sides.py`)."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.doubles.faults import Fault, Faulty
from tests.doubles.http_vendor import HttpAnswer, HttpRequest, json_answer, later

AUTH_ID, AUTH_TOKEN = "MA" + "X" * 18, "a secret auth token"
ROOT = f"/v1/Account/{AUTH_ID}"
Body = dict[str, Any]

GIVEN_TO_NOBODY = "442079460000"  # A number in form, and no subscriber's.


@dataclass
class PlivoCall:
    """`uuid` is the call's own, `request_uuid` what asking for it is answered with."""

    uuid: str
    request_uuid: str
    body: Body
    status: str = "queued"
    updates: list[Body] = field(default_factory=list)
    recording: str = ""

    @property
    def sid(self) -> str:
        return self.uuid

    def __getitem__(self, name: str) -> str:
        return str(self.body.get(name, ""))


@dataclass
class PlivoAccountDouble:
    """Implements `http_vendor.Wire`. `ended` is told of a call that we hung up."""

    placed: Callable[[PlivoCall], None] = lambda call: None
    ended: Callable[[PlivoCall], None] = lambda call: None
    calls: dict[str, PlivoCall] = field(default_factory=dict)
    numbers: dict[str, Body] = field(default_factory=dict)
    applications: dict[str, Body] = field(default_factory=dict)
    rooms: dict[str, list[str]] = field(default_factory=dict)  # Conference to the calls in it.
    members: list[str] = field(default_factory=list)  # What was done to members, as it was asked.

    def answer(self, request: HttpRequest) -> HttpAnswer:
        wanted = "Basic " + base64.b64encode(f"{AUTH_ID}:{AUTH_TOKEN}".encode()).decode()
        if request.headers.get("authorization") != wanted:
            return _error(401, "Could not verify your access level for that URL.")
        assert request.path.startswith(ROOT + "/"), f"not this account: {request.path}"
        assert request.path.endswith("/"), "every path ends with a slash"
        path = unquote(request.path.removeprefix(ROOT)[:-1])
        for pattern, act in _ROUTES:
            found = re.fullmatch(pattern, f"{request.method} {path}")
            if found:
                answer: HttpAnswer = act(self, found.groups(), request)
                return answer
        raise AssertionError(f"no such resource: {request.method} {path}")

    def refusal(self, fault: Fault, faulty: Faulty) -> HttpAnswer:
        if fault is Fault.RATE_LIMIT:
            return later(_error(429, "too many requests"), faulty)
        if fault is Fault.AUTH:
            return _error(401, "Could not verify your access level for that URL.")
        return _error(503, "service unavailable")

    def malformed(self) -> bytes:
        return b"<html>not an answer</html>"

    # ------------------------------------------------------------------ calls

    def _dial(self, ids: Any, request: HttpRequest) -> HttpAnswer:
        body = request.json
        for name in ("from", "to", "answer_url"):
            assert body.get(name), f"{name} is required"
        assert not body["from"].startswith("+") and not body["to"].startswith("+"), "digits only"
        if not re.match(r"[1-9]\d{6,14}$|sips?:", body["to"]) or body["to"] == GIVEN_TO_NOBODY:
            return _error(400, f"{body['to']} is not a valid phone number")
        number = len(self.calls) + 1
        call = PlivoCall(uuid=f"call-{number}", request_uuid=f"request-{number}", body=body)
        self.calls[call.uuid] = call
        self.placed(call)
        return json_answer(201, {"message": "call fired", "request_uuid": call.request_uuid, "api_id": "a"})

    def _live(self, uuid: str) -> PlivoCall | None:
        call = self.calls.get(uuid)
        return call if call is not None and call.status in ("in-progress", "ringing") else None

    def _change(self, ids: tuple[str, ...], request: HttpRequest) -> HttpAnswer:
        call = self._live(ids[0])
        if call is None:
            return _error(404, "call not found")
        assert request.json["legs"] == "aleg" and request.json["aleg_url"].startswith("http")
        call.updates.append(request.json)
        return json_answer(202, {"message": "call transferred", "call_uuids": [call.uuid], "api_id": "a"})

    def _hang_up(self, ids: tuple[str, ...], request: HttpRequest) -> HttpAnswer:
        call = self._live(ids[0])
        if call is None:
            return _error(404, "call not found")
        self.ended(call)
        return HttpAnswer(status=204)

    def _record(self, ids: tuple[str, ...], request: HttpRequest) -> HttpAnswer:
        call = self._live(ids[0])
        if call is None:
            return _error(404, "call not found")
        if request.method == "DELETE":
            call.recording = ""
            return HttpAnswer(status=204)
        assert request.json["record_channel_type"] == "stereo"
        call.recording = f"recording-{call.uuid}"
        told = {"url": "https://media.example.com/r.wav", "message": "call recording started"}
        return json_answer(202, {**told, "recording_id": call.recording, "api_id": "a"})

    # ------------------------------------------------------------------ conferences

    def _room(self, ids: tuple[str, ...], request: HttpRequest) -> HttpAnswer:
        if ids[0] not in self.rooms:
            return _error(404, "conference not found")
        members = [
            {"member_id": str(place), "call_uuid": uuid, "muted": False, "deaf": False}
            for place, uuid in enumerate(self.rooms[ids[0]], 10)
        ]
        return json_answer(200, {"conference_name": ids[0], "members": members, "api_id": "a"})

    def _member(self, ids: tuple[str, ...], request: HttpRequest) -> HttpAnswer:
        url = request.json.get("url", "") if request.body else ""
        self.members.append(f"{request.method} {ids[1]} {ids[2]} {url}".strip())
        if request.method == "DELETE":
            return HttpAnswer(status=204)
        return json_answer(202, {"message": "done", "member_id": [ids[1]], "api_id": "a"})

    # ------------------------------------------------------------------ numbers

    def _search(self, ids: Any, request: HttpRequest) -> HttpAnswer:
        query = request.query
        assert query["type"] in ("local", "mobile", "tollfree") and query["services"] == "voice"
        area = query.get("pattern", "617")
        found = [
            {"number": f"1{area}555{number:04d}", "city": "Boston", "region": "Massachusetts",
             "monthly_rental_rate": "0.50000", "voice_enabled": True, "type": "fixed"}
            for number in range(100, 100 + int(query["limit"]))
        ]  # fmt: skip
        return json_answer(200, {"objects": found, "meta": {"limit": 20, "offset": 0}, "api_id": "a"})

    def _buy(self, ids: tuple[str, ...], request: HttpRequest) -> HttpAnswer:
        if ids[0] in self.numbers:
            return _error(400, "number is not available")
        assert request.json["app_id"] in self.applications
        self.numbers[ids[0]] = {"number": ids[0], "alias": None, "app_id": request.json["app_id"]}
        told = {"number": ids[0], "status": "Success"}
        return json_answer(201, {"message": "created", "numbers": [told], "api_id": "a"})

    def _owned(self, ids: Any, request: HttpRequest) -> HttpAnswer:
        listed = [
            {**number, "application": f"{ROOT}/Application/{number['app_id']}/"}
            for number in self.numbers.values()
        ]
        return json_answer(200, _page(listed, request))

    def _configure(self, ids: tuple[str, ...], request: HttpRequest) -> HttpAnswer:
        if ids[0] not in self.numbers:
            return _error(404, "not found")
        assert request.json.get("app_id", "app-1") in self.applications
        self.numbers[ids[0]] |= request.json
        return json_answer(202, {"message": "changed", "api_id": "a"})

    def _release(self, ids: tuple[str, ...], request: HttpRequest) -> HttpAnswer:
        if self.numbers.pop(ids[0], None) is None:
            return _error(404, "not found")
        return HttpAnswer(status=204)

    def _applications(self, ids: Any, request: HttpRequest) -> HttpAnswer:
        listed = [{"app_id": app_id, **body} for app_id, body in self.applications.items()]
        return json_answer(200, _page(listed, request))

    def _make_application(self, ids: Any, request: HttpRequest) -> HttpAnswer:
        body = request.json
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,60}", body["app_name"]), body["app_name"]
        if any(app["app_name"] == body["app_name"] for app in self.applications.values()):
            return _error(400, "app_name is taken")
        app_id = f"app-{len(self.applications) + 1}"
        self.applications[app_id] = body
        return json_answer(201, {"message": "created", "app_id": app_id, "api_id": "a"})


def _page(listed: list[Body], request: HttpRequest) -> Body:
    limit, offset = int(request.query["limit"]), int(request.query["offset"])
    assert 0 < limit <= 20
    meta = {"limit": limit, "offset": offset, "total_count": len(listed)}
    return {"objects": listed[offset : offset + limit], "meta": meta, "api_id": "a"}


def _error(status: int, words: str) -> HttpAnswer:
    return json_answer(status, {"error": words, "api_id": "a"})


_ROUTES: tuple[tuple[str, Callable[..., HttpAnswer]], ...] = (
    (r"POST /Call", PlivoAccountDouble._dial),
    (r"POST /Call/([^/]+)", PlivoAccountDouble._change),
    (r"DELETE /Call/([^/]+)", PlivoAccountDouble._hang_up),
    (r"(?:POST|DELETE) /Call/([^/]+)/Record", PlivoAccountDouble._record),
    (r"GET /Conference/([^/]+)", PlivoAccountDouble._room),
    (r"(?:POST|DELETE) /Conference/([^/]+)/Member/(\d+)/(\w+)", PlivoAccountDouble._member),
    (r"GET /PhoneNumber", PlivoAccountDouble._search),
    (r"POST /PhoneNumber/(\d+)", PlivoAccountDouble._buy),
    (r"GET /Number", PlivoAccountDouble._owned),
    (r"POST /Number/(\d+)", PlivoAccountDouble._configure),
    (r"DELETE /Number/(\d+)", PlivoAccountDouble._release),
    (r"GET /Application", PlivoAccountDouble._applications),
    (r"POST /Application", PlivoAccountDouble._make_application),
)
