"""Telnyx's TeXML REST interface as documented, behind real HTTP: calls, conferences and recordings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.doubles.faults import Fault, Faulty
from tests.doubles.http_vendor import HttpAnswer, HttpRequest, json_answer, later

KEY, ACCOUNT, APPLICATION = "KEY0123", "f5586561-8ff0-4291-a51b-c7dfe4139ff9", "1234567890"
ROOT = f"/v2/texml/Accounts/{ACCOUNT}"


class TelnyxCall(dict[str, Any]):
    """The body it was placed with. `status` as TeXML names it."""

    sid = ""
    status = "queued"


@dataclass
class TelnyxAccountDouble:
    """Implements `http_vendor.Wire`. `calls` are the bodies they were placed with, by id; `live` those up;
    `placed` and `ended` are told of calls we placed and hung up."""

    placed: Callable[[TelnyxCall], None] = lambda call: None
    ended: Callable[[TelnyxCall], None] = lambda call: None
    tells_ids: bool = True
    calls: dict[str, TelnyxCall] = field(default_factory=dict)
    live: set[str] = field(default_factory=set)
    updates: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    conferences: dict[str, str] = field(default_factory=dict)
    seats: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    recordings: dict[str, list[str]] = field(default_factory=dict)
    voice_url: str = ""
    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, request: HttpRequest) -> HttpAnswer:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return self._error(401, "10009", "Authentication failed")
        path = request.path.removeprefix(ROOT)
        for pattern, act in _ROUTES:
            found = re.fullmatch(pattern, f"{request.method} {path}")
            if found:
                answer: HttpAnswer = act(self, found.groups(), request)
                return answer
        raise AssertionError(f"no such resource: {request.method} {path}")

    def refusal(self, fault: Fault, faulty: Faulty) -> HttpAnswer:
        if fault is Fault.RATE_LIMIT:
            return later(self._error(429, "10011", "Too many requests"), faulty)
        if fault is Fault.AUTH:
            return self._error(401, "10009", "Authentication failed")
        return self._error(500, "10007", "Unexpected error")

    def malformed(self) -> bytes:
        return b"<html>not an answer</html>"

    def _dial(self, ids: Any, request: HttpRequest) -> HttpAnswer:
        body = _body(request)
        for name in ("ApplicationSid", "To", "From"):
            assert body.get(name), f"{name} is required"
        assert body["ApplicationSid"] == APPLICATION
        call_id = f"v3:call-{len(self.calls) + 1}"
        self.calls[call_id] = call = TelnyxCall(body)
        call.sid = call_id
        self.live.add(call_id)
        self.placed(call)
        told = {"call_sid": call_id} if self.tells_ids else {}
        return json_answer(200, {"from": body["From"], "to": body["To"], "status": "queued", **told})

    def _change(self, ids: tuple[str, ...], request: HttpRequest) -> HttpAnswer:
        if ids[0] not in self.calls:
            return self._error(404, "10005", "Resource not found")
        if ids[0] not in self.live:
            return self._error(422, "90018", "Call has already ended")
        body = _body(request)
        assert len({"Url", "Texml", "Status"} & set(body)) == 1, f"one change at a time: {sorted(body)}"
        self.updates.append((ids[0], body))
        if body.get("Status") == "completed":
            self.ended(self.calls[ids[0]])
        return json_answer(200, {"sid": ids[0], "status": "in-progress"})

    def _conferences(self, ids: Any, request: HttpRequest) -> HttpAnswer:
        name = request.query["FriendlyName"]
        assert request.query["Status"] == "in-progress"
        found = [{"sid": self.conferences[name]}] if name in self.conferences else []
        return json_answer(200, {"conferences": found, "page": 0, "page_size": 1})

    def _seat(self, ids: tuple[str, ...], request: HttpRequest) -> HttpAnswer:
        self.seats.append((ids[0], ids[1], _body(request)))
        return json_answer(200, {"call_sid": ids[1]})

    def _record(self, ids: tuple[str, ...], request: HttpRequest) -> HttpAnswer:
        assert _body(request).get("RecordingChannels") == "dual"
        sid = f"rec-{len(self.recordings) + 1}"
        self.recordings[sid] = ["in-progress"]
        return json_answer(200, {"sid": sid, "call_sid": ids[0]})

    def _rerecord(self, ids: tuple[str, ...], request: HttpRequest) -> HttpAnswer:
        self.recordings[ids[1]].append(_body(request)["Status"])
        return json_answer(200, {"sid": ids[1], "call_sid": ids[0]})

    # ------------------------------------------------------------------ numbers

    def _application(self, ids: Any, request: HttpRequest) -> HttpAnswer:
        data = {"id": APPLICATION, "voice_url": self.voice_url, "voice_method": "post"}
        return json_answer(200, {"data": data})

    def _available(self, ids: Any, request: HttpRequest) -> HttpAnswer:
        query = request.query
        assert query["filter[phone_number_type]"] in ("local", "mobile", "toll_free")
        area = query.get("filter[national_destination_code]", "617")
        found = [
            {
                "phone_number": f"+1{area}555{number:04d}",
                "region_information": [{"region_name": "BOSTON", "region_type": "rate_center"}],
                "cost_information": {"currency": "USD", "monthly_cost": "1.00", "upfront_cost": "0.00"},
            }
            for number in range(100, 100 + int(query["filter[limit]"]))
        ]
        return json_answer(200, {"data": found, "meta": {"total_results": len(found)}})

    def _order(self, ids: Any, request: HttpRequest) -> HttpAnswer:
        body = request.json
        assert body["connection_id"] == APPLICATION
        (wanted,) = body["phone_numbers"]
        if any(one["phone_number"] == wanted["phone_number"] for one in self.numbers.values()):
            return self._error(422, "10015", "The number is not available")
        number_id = f"{len(self.numbers) + 1293384261075731499}"
        self.numbers[number_id] = {
            "id": number_id, "connection_id": APPLICATION, "customer_reference": body["customer_reference"],
            **wanted,
        }  # fmt: skip
        return json_answer(200, {"data": {"id": "order-1", "status": "pending", "phone_numbers": [wanted]}})

    def _owned(self, ids: Any, request: HttpRequest) -> HttpAnswer:
        size, page = int(request.query["page[size]"]), int(request.query.get("page[number]", "1"))
        listed = list(self.numbers.values())
        meta = {"page_number": page, "page_size": size, "total_pages": -(-len(listed) // size)}
        return json_answer(200, {"data": listed[size * (page - 1) : size * page], "meta": meta})

    def _configure(self, ids: tuple[str, ...], request: HttpRequest) -> HttpAnswer:
        if ids[0] not in self.numbers:
            return self._error(404, "10005", "Resource not found")
        self.numbers[ids[0]] |= request.json
        return json_answer(200, {"data": self.numbers[ids[0]]})

    def _release(self, ids: tuple[str, ...], request: HttpRequest) -> HttpAnswer:
        gone = self.numbers.pop(ids[0], None)
        return json_answer(200, {"data": gone}) if gone else self._error(404, "10005", "Resource not found")

    def _error(self, status: int, code: str, detail: str) -> HttpAnswer:
        return json_answer(status, {"errors": [{"code": code, "title": detail, "detail": detail}]})


def _body(request: HttpRequest) -> dict[str, Any]:
    if request.headers.get("content-type", "").startswith("application/json"):
        told: dict[str, Any] = json.loads(request.body)
        return told
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


_ROUTES: tuple[tuple[str, Callable[..., HttpAnswer]], ...] = (
    (r"POST /Calls", TelnyxAccountDouble._dial),
    (rf"GET /v2/texml_applications/{APPLICATION}", TelnyxAccountDouble._application),
    (r"GET /v2/available_phone_numbers", TelnyxAccountDouble._available),
    (r"POST /v2/number_orders", TelnyxAccountDouble._order),
    (r"GET /v2/phone_numbers", TelnyxAccountDouble._owned),
    (r"PATCH /v2/phone_numbers/(\d+)", TelnyxAccountDouble._configure),
    (r"DELETE /v2/phone_numbers/(\d+)", TelnyxAccountDouble._release),
    (r"POST /Calls/([^/]+)", TelnyxAccountDouble._change),
    (r"GET /Conferences", TelnyxAccountDouble._conferences),
    (r"POST /Conferences/([^/]+)/Participants/([^/]+)", TelnyxAccountDouble._seat),
    (r"POST /Calls/([^/]+)/Recordings\.json", TelnyxAccountDouble._record),
    (r"POST /Calls/([^/]+)/Recordings/([^/]+)\.json", TelnyxAccountDouble._rerecord),
)
