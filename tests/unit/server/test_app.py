"""The HTTP application in this process, with a media worker's methods in place of its socket."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from twilio.request_validator import RequestValidator

from antiphon.calls.streams import Sealed, StreamTokens
from antiphon.errors import AntiphonError, CallFailed
from antiphon.server.app import create_app
from antiphon.server.control import Control
from antiphon.server.edge import BODY_MAX_BYTES
from antiphon.server.settings import ServeSettings

BASE = "http://127.0.0.1:8080"
TOKEN = "an auth token"
TOKENS = StreamTokens(b"0123456789abcdef")
SEALED = Sealed(b"0123456789abcdef")
OFFER = {"sdp": "v=0", "type": "offer"}


class Media:
    """`MediaClient`'s methods; `error` is raised by all of them."""

    def __init__(self) -> None:
        self.error: AntiphonError | None = None
        self.offers: list[tuple[str, str]] = []
        self.outcomes: dict[str, dict[str, str]] = {}

    def _check(self) -> None:
        if self.error is not None:
            raise self.error

    async def agents(self) -> list[dict[str, Any]]:
        if self.error is not None and not isinstance(self.error, CallFailed):
            raise self.error
        return [{"name": "clinic", "title": "The clinic", "role": "", "language": "en-US"}]

    async def offer(
        self, agent: str, sdp: str, language: str, *, push_to_talk: bool = False
    ) -> dict[str, str]:
        self._check()
        self.offers.append((agent, sdp))
        return {"line_id": "line", "sdp": "v=0 answer", "type": "answer"}

    async def move_line(self, line_id: str, sdp: str) -> dict[str, str]:
        self._check()
        self.offers.append((line_id, sdp))
        return {"line_id": line_id, "sdp": "v=0 answer", "type": "answer"} if line_id == "line" else {}

    async def close_line(self, line_id: str) -> bool:
        return line_id == "line"

    async def active(self) -> list[Any]:
        self._check()
        return [{"call_id": "one"}]

    async def outcome(self, key: str) -> dict[str, str]:
        self._check()
        return self.outcomes.get(key, {})

    async def status(self) -> dict[str, Any]:
        self._check()
        return {"ready": True}


@pytest.fixture
def control() -> Control:
    media: Any = Media()
    return Control(settings=ServeSettings(twilio_auth_token=TOKEN), media=media, tokens=TOKENS, sealed=SEALED)


@pytest.fixture
def static(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "a-1.js").write_text("1")
    (tmp_path / "index.html").write_text("<title>talk</title>")
    return tmp_path


@pytest.fixture
async def http(control: Control, static: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(control, static), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["title"] and body["detail"]
    return body


async def test_the_page_is_served_with_a_policy_that_lets_nothing_foreign_in(http: httpx.AsyncClient) -> None:
    page = await http.get("/")
    assert "<title>talk</title>" in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert (await http.get("/assets/a-1.js")).headers["cache-control"].endswith("immutable")


@pytest.mark.parametrize(
    "path", ["/assets/../index.html", "/assets/%2e%2e%2findex.html", "/assets/..", "/x.svg"]
)
async def test_nothing_beside_the_built_files_is_served(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code in {403, 404} or "talk" in (await http.get(path)).text


async def test_a_page_that_is_not_built_says_how_to_build_it(control: Control, tmp_path: Path) -> None:
    transport = httpx.ASGITransport(app=create_app(control, tmp_path / "nothing"))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        page = await client.get("/")
    assert page.status_code == 503
    assert "scripts/build_web.py" in page.text


async def test_an_offer_reaches_the_media_worker(http: httpx.AsyncClient, control: Control) -> None:
    answer = await http.post("/calls/browser/clinic/offer", json=OFFER)
    assert answer.json() == {"line_id": "line", "sdp": "v=0 answer", "type": "answer"}
    media: Any = control.media
    assert media.offers == [("clinic", "v=0")]


async def test_a_page_on_another_network_goes_on_with_its_call_though_no_new_ones_are_taken(
    http: httpx.AsyncClient, control: Control
) -> None:
    control.draining = True
    answer = await http.post("/calls/browser/lines/line/offer", json=OFFER)
    assert answer.json() == {"line_id": "line", "sdp": "v=0 answer", "type": "answer"}
    media: Any = control.media
    assert media.offers == [("line", "v=0")]
    problem(await http.post("/calls/browser/lines/another/offer", json=OFFER), 404)
    problem(await http.post("/calls/browser/lines/line/offer", json={"sdp": ""}), 422)
    media.error = CallFailed("the offer could not be read")
    problem(await http.post("/calls/browser/lines/line/offer", json=OFFER), 400)


async def test_an_unknown_agent_is_named_and_so_are_the_known_ones(http: httpx.AsyncClient) -> None:
    body = problem(await http.post("/calls/browser/bank/offer", json=OFFER), 404)
    assert "'bank'" in body["detail"]
    assert "clinic" in body["fix"]


@pytest.mark.parametrize("body", [{}, {"sdp": ""}, {"sdp": "v=0", "type": "answer"}, {"sdp": 3}, [], "text"])
async def test_a_body_that_is_no_offer_is_a_problem(http: httpx.AsyncClient, body: object) -> None:
    problem(await http.post("/calls/browser/clinic/offer", json=body), 422)


async def test_busy_lines_and_a_missing_worker_are_problems(
    http: httpx.AsyncClient, control: Control
) -> None:
    media: Any = control.media
    media.error = CallFailed("every line is busy")
    assert "busy" in problem(await http.post("/calls/browser/clinic/offer", json=OFFER), 503)["detail"]
    media.error = AntiphonError("the media worker cannot be reached")
    problem(await http.post("/calls/browser/clinic/offer", json=OFFER), 503)
    problem(await http.get("/api/agents"), 503)


async def test_no_new_calls_while_draining(http: httpx.AsyncClient, control: Control) -> None:
    control.draining = True
    problem(await http.post("/calls/browser/clinic/offer", json=OFFER), 503)
    assert (await http.get("/readyz")).status_code == 503
    assert (await http.get("/healthz")).status_code == 200


async def test_ready_means_the_media_worker_answers(http: httpx.AsyncClient, control: Control) -> None:
    assert (await http.get("/readyz")).json()["ready"] is True
    media: Any = control.media
    media.error = AntiphonError("gone")
    assert (await http.get("/readyz")).status_code == 503


async def test_a_large_body_is_refused_announced_or_not(http: httpx.AsyncClient) -> None:
    large = b"x" * (BODY_MAX_BYTES + 1)
    problem(await http.post("/calls/browser/clinic/offer", content=large), 413)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield large[: BODY_MAX_BYTES // 4]

    unannounced = await http.post("/calls/browser/clinic/offer", content=pieces())
    assert unannounced.status_code >= 400


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"host": "127.0.0.1.evil.example:8080"},
    ],
)
async def test_other_sites_are_kept_out_of_a_local_server(
    http: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    problem(await http.post("/calls/browser/clinic/offer", json=OFFER, headers=headers), 403)


async def test_our_own_page_may_ask(http: httpx.AsyncClient) -> None:
    own = await http.post("/calls/browser/clinic/offer", json=OFFER, headers={"origin": BASE})
    assert own.status_code == 200


@pytest.mark.parametrize("call_id", ["nope", "last", "..%2f..%2fetc", "a.b", "x" * 200])
async def test_calls_that_are_not_there_are_404_and_no_file_beside_them_is_read(
    http: httpx.AsyncClient, call_id: str
) -> None:
    problem(await http.get(f"/api/calls/{call_id}"), 404)


async def test_there_may_be_no_calls_yet(http: httpx.AsyncClient) -> None:
    assert (await http.get("/api/calls")).json() == {"calls": []}
    assert (await http.get("/api/calls/active")).json() == {"calls": [{"call_id": "one"}]}


# The phone


def signed(path: str, form: dict[str, str], base: str = BASE) -> dict[str, str]:
    """Headers as the carrier's own library computes them."""
    return {"x-twilio-signature": RequestValidator(TOKEN).compute_signature(base + path, form)}


CALL = {"CallSid": "CA1", "From": "+15550100", "To": "+15550199", "Empty": ""}


async def test_a_signed_call_is_connected_with_a_ticket_of_its_own(http: httpx.AsyncClient) -> None:
    path = "/calls/twilio/clinic"
    answer = await http.post(path, data=CALL, headers=signed(path, CALL))
    assert answer.headers["content-type"].startswith("application/xml")
    assert 'url="ws://127.0.0.1:8081/calls/twilio/clinic/media"' in answer.text
    assert f'action="{BASE}/calls/twilio/clinic/after"' in answer.text
    found = re.search(r'name="token" value="([^"]+)"', answer.text)
    assert found
    grant = TOKENS.redeem(found[1])
    assert (grant.agent, grant.call_sid, grant.caller_number) == ("clinic", "CA1", "+15550100")


@pytest.mark.parametrize("headers", [{}, {"x-twilio-signature": "bm8="}, signed("/calls/twilio/bank", CALL)])
async def test_an_unsigned_or_wrongly_signed_call_is_refused(
    http: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    problem(await http.post("/calls/twilio/clinic", data=CALL, headers=headers), 403)


async def test_a_form_changed_on_the_way_is_refused(http: httpx.AsyncClient) -> None:
    path = "/calls/twilio/clinic"
    problem(await http.post(path, data={**CALL, "From": "+1900"}, headers=signed(path, CALL)), 403)


@pytest.fixture
def open_settings(control: Control) -> Iterator[None]:
    control.settings = ServeSettings(allow_unsigned=True)
    yield


async def test_without_a_token_calls_are_refused_until_the_operator_allows_them(
    http: httpx.AsyncClient, control: Control
) -> None:
    control.settings = ServeSettings()
    body = problem(await http.post("/calls/twilio/clinic", data=CALL), 403)
    assert "TWILIO_AUTH_TOKEN" in body["fix"]
    control.settings = ServeSettings(allow_unsigned=True)
    assert (await http.post("/calls/twilio/clinic", data=CALL)).status_code == 200


async def test_behind_a_public_address_that_one_is_signed_and_told(
    http: httpx.AsyncClient, control: Control
) -> None:
    public = "https://voice.example.com"
    control.settings = ServeSettings(
        twilio_auth_token=TOKEN, public_url=public, public_media_url="wss://media.example.com"
    )
    path = "/calls/twilio/clinic"
    answer = await http.post(path, data=CALL, headers=signed(path, CALL, public))
    assert 'url="wss://media.example.com/calls/twilio/clinic/media"' in answer.text
    assert f'action="{public}/calls/twilio/clinic/after"' in answer.text


async def test_while_draining_or_without_a_worker_the_line_is_busy(
    http: httpx.AsyncClient, control: Control, open_settings: None
) -> None:
    media: Any = control.media
    media.error = AntiphonError("gone")
    assert "<Reject" in (await http.post("/calls/twilio/clinic", data=CALL)).text
    media.error = None
    control.draining = True
    assert "<Reject" in (await http.post("/calls/twilio/clinic", data=CALL)).text


async def test_after_an_escalation_a_person_is_rung_and_otherwise_the_call_ends(
    http: httpx.AsyncClient, control: Control, open_settings: None
) -> None:
    media: Any = control.media
    media.outcomes["CA1"] = {"cause": "escalated", "escalate_to": "+15550111", "reason": "emergency"}
    assert ">+15550111</Number>" in (await http.post("/calls/twilio/clinic/after", data=CALL)).text
    other = await http.post("/calls/twilio/clinic/after", data={"CallSid": "CA2"})
    assert "<Hangup />" in other.text
    media.error = AntiphonError("gone")
    assert "<Hangup />" in (await http.post("/calls/twilio/clinic/after", data=CALL)).text
