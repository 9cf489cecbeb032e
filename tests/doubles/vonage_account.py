"""Vonage's Voice, Numbers and Application interfaces as documented, behind real HTTP or TLS. What a dialled
phone does is told by `placed` and `ended` (`phone_sides.py`)."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.doubles.faults import Fault, Faulty
from tests.doubles.http_vendor import HttpAnswer, HttpRequest, json_answer, later

APPLICATION, API_KEY, API_SECRET = "78d335fa-323d-0114-9c3d-d6f0d48968cf", "key01234", "a secret"
_OVER = frozenset(
    {"completed", "busy", "rejected", "unanswered", "timeout", "failed", "cancelled", "disconnected"}
)
Body = dict[str, Any]


@cache
def application_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


@cache
def private_pem() -> str:
    pem = application_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode()


@dataclass
class VonageCall:
    uuid: str
    body: Body
    status: str = "started"
    updates: list[Body] = field(default_factory=list)

    @property
    def sid(self) -> str:
        return self.uuid


@dataclass
class VonageAccountDouble:
    """Implements `http_vendor.Wire`. `ended` is told of a call that we hung up."""

    placed: Callable[[VonageCall], None] = lambda call: None
    ended: Callable[[VonageCall], None] = lambda call: None
    answer_url: str = "https://voice.example.com/calls/vonage/clinic"
    calls: dict[str, VonageCall] = field(default_factory=dict)
    numbers: dict[str, Body] = field(default_factory=dict)

    def answer(self, request: HttpRequest) -> HttpAnswer:
        for pattern, act in _ROUTES:
            found = re.fullmatch(pattern, f"{request.method} {request.path}")
            if found:
                by = self._by_application if request.path.startswith("/v1/calls") else self._by_account
                if not by(request.headers.get("authorization", "")):
                    return _problem(401, "Unauthorized", "You did not provide correct credentials.")
                answer: HttpAnswer = act(self, found.groups(), request)
                return answer
        raise AssertionError(f"no such resource: {request.method} {request.path}")

    def _by_application(self, authorization: str) -> bool:
        token = authorization.removeprefix("Bearer ")
        public = application_key().public_key()
        try:
            claims = jwt.decode(token, public, ["RS256"], options={"require": ["iat", "jti", "exp"]})
        except jwt.InvalidTokenError:
            return False
        return bool(claims["application_id"] == APPLICATION)

    def _by_account(self, authorization: str) -> bool:
        return authorization == "Basic " + base64.b64encode(f"{API_KEY}:{API_SECRET}".encode()).decode()

    def refusal(self, fault: Fault, faulty: Faulty) -> HttpAnswer:
        if fault is Fault.RATE_LIMIT:
            return later(_problem(429, "Rate Limit Hit", "Please wait, then retry your request"), faulty)
        if fault is Fault.AUTH:
            return _problem(401, "Unauthorized", "You did not provide correct credentials.")
        return _problem(503, "Service Unavailable", "")

    def malformed(self) -> bytes:
        return b"<html>not an answer</html>"

    # ------------------------------------------------------------------ calls

    def _dial(self, ids: Any, request: HttpRequest) -> HttpAnswer:
        body = request.json
        assert ("ncco" in body) != ("answer_url" in body), "exactly one of ncco and answer_url"
        assert isinstance(body["answer_url"], list) and isinstance(body["event_url"], list)
        (to,) = body["to"]
        assert to["type"] in ("phone", "sip") and body["from"]["type"] == "phone"
        if to["type"] == "phone" and not re.fullmatch(r"[1-9]\d{6,14}", to["number"]):
            return _problem(400, "Bad Request", f"{to['number']} is no number")
        assert 1 <= body["ringing_timer"] <= 120 and 1 <= body["length_timer"] <= 86400
        call = VonageCall(uuid=f"call-{len(self.calls) + 1}", body=body)
        self.calls[call.uuid] = call
        self.placed(call)
        told = {"uuid": call.uuid, "status": "started", "direction": "outbound"}
        return json_answer(201, {**told, "conversation_uuid": f"CON-{call.uuid}"})

    def _change(self, ids: tuple[str, ...], request: HttpRequest) -> HttpAnswer:
        call = self._live(ids[0])
        if call is None:
            return _problem(404, "Not Found", "no such call")
        body = request.json
        match body:
            case {"action": "hangup"}:
                call.updates.append(body)
                self.ended(call)
            case {"action": "mute" | "unmute" | "earmuff" | "unearmuff"}:
                call.updates.append(body)
            case {"action": "transfer", "destination": {"type": "ncco", **to}}:
                assert len(to) == 1 and isinstance(to.get("ncco", to.get("url")), list)
                call.updates.append(body)
            case _:
                raise AssertionError(f"no such change: {body}")
        return HttpAnswer(status=204)

    def _into(self, ids: tuple[str, ...], request: HttpRequest) -> HttpAnswer:
        """Keys or music into a call."""
        call = self._live(ids[0])
        if call is None:
            return _problem(404, "Not Found", "no such call")
        if ids[1] == "dtmf":
            assert re.fullmatch(r"[0-9#*p]+", request.json["digits"])
        told = request.json if request.method == "PUT" else {}
        call.updates.append({f"{request.method} {ids[1]}": told})
        return json_answer(200, {"message": "done", "uuid": call.uuid})

    def _live(self, uuid: str) -> VonageCall | None:
        call = self.calls.get(uuid)
        return call if call is not None and call.status not in _OVER else None

    # ------------------------------------------------------------------ numbers and the application

    def _application(self, ids: Any, request: HttpRequest) -> HttpAnswer:
        webhooks = {"answer_url": {"address": self.answer_url, "http_method": "POST"}}
        return json_answer(
            200, {"id": APPLICATION, "name": "phone", "capabilities": {"voice": {"webhooks": webhooks}}}
        )

    def _search(self, ids: Any, request: HttpRequest) -> HttpAnswer:
        query = request.query
        assert query["features"] == "VOICE" and ("pattern" in query) == ("search_pattern" in query)
        assert query.get("type") in ("landline", "mobile-lvn", "landline-toll-free")
        start = query.get("pattern", "1617")
        found = [
            {"country": query["country"], "msisdn": f"{start}555{number:04d}", "cost": "0.90",
             "type": query["type"], "features": ["VOICE"]}
            for number in range(100, 100 + int(query["size"]))
        ]  # fmt: skip
        return json_answer(200, {"count": len(found), "numbers": found} if found else {})

    def _owned(self, ids: Any, request: HttpRequest) -> HttpAnswer:
        size, index = int(request.query["size"]), int(request.query["index"])
        listed = list(self.numbers.values())[size * (index - 1) : size * index]
        return json_answer(200, {"count": len(self.numbers), "numbers": listed} if listed else {})

    def _buy(self, ids: Any, request: HttpRequest) -> HttpAnswer:
        form = _form(request)
        if form["msisdn"] in self.numbers:
            return json_answer(420, {"error-code": "420", "error-code-label": "method failed"})
        self.numbers[form["msisdn"]] = {**form, "type": "landline", "features": ["VOICE"]}
        return json_answer(200, {"error-code": "200", "error-code-label": "success"})

    def _update(self, ids: Any, request: HttpRequest) -> HttpAnswer:
        form = _form(request)
        if form["msisdn"] not in self.numbers:
            return json_answer(200, {"error-code": "420", "error-code-label": "no such number"})
        self.numbers[form["msisdn"]] |= form
        return json_answer(200, {"error-code": "200", "error-code-label": "success"})

    def _cancel(self, ids: Any, request: HttpRequest) -> HttpAnswer:
        gone = self.numbers.pop(_form(request)["msisdn"], None)
        code = ("200", "success") if gone else ("420", "no such number")
        return json_answer(200, {"error-code": code[0], "error-code-label": code[1]})


def _form(request: HttpRequest) -> dict[str, str]:
    form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
    assert len(form["country"]) == 2 and form["msisdn"].isdecimal()
    return form


def _problem(status: int, title: str, detail: str) -> HttpAnswer:
    return json_answer(
        status, {"type": "https://developer.vonage.com/api-errors", "title": title, "detail": detail}
    )


_ROUTES: tuple[tuple[str, Callable[..., HttpAnswer]], ...] = (
    (r"POST /v1/calls", VonageAccountDouble._dial),
    (r"PUT /v1/calls/([^/]+)", VonageAccountDouble._change),
    (r"(?:PUT|DELETE) /v1/calls/([^/]+)/(dtmf|stream)", VonageAccountDouble._into),
    (rf"GET /v2/applications/{APPLICATION}", VonageAccountDouble._application),
    (r"GET /number/search", VonageAccountDouble._search),
    (r"GET /account/numbers", VonageAccountDouble._owned),
    (r"POST /number/buy", VonageAccountDouble._buy),
    (r"POST /number/update", VonageAccountDouble._update),
    (r"POST /number/cancel", VonageAccountDouble._cancel),
)
