"""Every operation of the API as one request. What comes back is JSON as `docs/api.md` tells, unless it says
otherwise."""

from __future__ import annotations

import uuid
from typing import Any

from antiphon.client.access_operations import AccessOperations
from antiphon.client.asking import Answer, Request
from antiphon.client.asking import safe as _safe


class Operations(AccessOperations[Answer]):
    """What both clients can do. All of them raise `ApiError` where the server refuses."""

    def me(self) -> Answer:
        """What your credential is, and may do."""
        return self._get("/me")

    # Agents

    def agents(self) -> Answer:
        return self._get("/agents")

    def agent(self, agent: str) -> Answer:
        """With its live file and its versions."""
        return self._get(f"/agents/{_safe(agent)}")

    def validate_agent(self, text: str) -> Answer:
        return self._post("/agents/validate", {"text": text})

    def create_version(self, agent: str, text: str, note: str = "") -> Answer:
        return self._post(f"/agents/{_safe(agent)}/versions", {"text": text, "note": note})

    def version(self, agent: str, version: int) -> Answer:
        return self._get(f"/agents/{_safe(agent)}/versions/{_safe(version)}")

    def diff(self, agent: str, before: int, after: int) -> Answer:
        return self._get(f"/agents/{_safe(agent)}/diff", before=before, after=after)

    def publish(self, agent: str, version: int) -> Answer:
        return self._post(f"/agents/{_safe(agent)}/versions/{_safe(version)}/publish")

    def roll_back(self, agent: str) -> Answer:
        return self._post(f"/agents/{_safe(agent)}/rollback")

    def inspect_agent(self, agent: str) -> Answer:
        """Its persona, tools and flow as they are read from its file."""
        return self._get(f"/agents/{_safe(agent)}/inspect")

    def inspect_draft(self, text: str) -> Answer:
        return self._post("/agents/inspect", {"text": text})

    def test_tool(self, agent: str, tool: str, arguments: dict[str, Any] | None = None) -> Answer:
        return self._post(f"/agents/{_safe(agent)}/tools/{_safe(tool)}/test", {"arguments": arguments or {}})

    def try_draft(self, agent: str, text: str) -> Answer:
        """Make a draft callable for a while, under a name nobody can guess."""
        return self._post(f"/agents/{_safe(agent)}/try", {"text": text})

    # Calls

    def calls(self, **wanted: Any) -> Answer:
        """One page. `wanted`: agent, line, direction, state, outcome, end_cause, number, from_ms, to_ms,
        slower_than_ms, words, after, limit."""
        return self._get("/calls", **wanted)

    def call(self, call_id: str) -> Answer:
        return self._get(f"/calls/{_safe(call_id)}")

    def trace(self, call_id: str) -> Answer:
        """Bytes: one JSON object a line."""
        return self._send(Request(method="GET", path=f"/calls/{_safe(call_id)}/trace", raw=True))

    def timeline(self, call_id: str) -> Answer:
        """The call from the inside: turns, models, tools, what was heard, by time."""
        return self._get(f"/calls/{_safe(call_id)}/timeline")

    def peaks(self, call_id: str, count: int = 1000) -> Answer:
        """How loud both sides of its recording were, in `count` equal steps."""
        return self._get(f"/calls/{_safe(call_id)}/peaks", count=count)

    def share(self, call_id: str, life_s: int = 86400) -> Answer:
        """A link to the call without its people, which ends by itself."""
        return self._post(f"/calls/{_safe(call_id)}/share", {"life_s": life_s})

    def links(self, call_id: str) -> Answer:
        """Links to the call, without their tokens; also those that are over."""
        return self._get(f"/calls/{_safe(call_id)}/share")

    def revoke_link(self, call_id: str, link_id: str) -> Answer:
        return self._delete(f"/calls/{_safe(call_id)}/share/{_safe(link_id)}")

    def shared(self) -> Answer:
        """The call behind a link, of a client whose key is the link's token."""
        return self._get("/shared")

    def recording(self, call_id: str, channel: str = "both") -> Answer:
        """Bytes of a WAV file. `channel`: both, caller, agent."""
        path, params = f"/calls/{_safe(call_id)}/recording", {"channel": channel}
        return self._send(Request(method="GET", path=path, params=params, raw=True))

    def replay(self, call_id: str, *settings: str) -> Answer:
        """`settings`: another policy ("turn.stop_silence_min_ms=300"); none replays exactly."""
        return self._post(f"/calls/{_safe(call_id)}/replay", {"set": list(settings)})

    def feedback(self, call_id: str) -> Answer:
        return self._get(f"/calls/{_safe(call_id)}/feedback")

    def give_feedback(self, call_id: str, **said: Any) -> Answer:
        """`said`: rating (1 to 5), labels, comment, source."""
        return self._post(f"/calls/{_safe(call_id)}/feedback", said)

    def place_call(self, agent: str, to: str, *, key: str = "", **how: Any) -> Answer:
        """Ring somebody. Give the same `key` to ask what became of it; without one it is a new call.
        `how`: caller_id, carrier, ring_s."""
        body = {"agent": agent, "to": to, **how}
        headers = {"idempotency-key": key or str(uuid.uuid4())}
        return self._send(Request(method="POST", path="/calls", body=body, headers=headers))

    def placed_call(self, key: str) -> Answer:
        """How a call that was placed with this key gets on."""
        return self._get(f"/placed/{_safe(key)}")

    def join_room(self, agent: str, room: str) -> Answer:
        """Send an agent into a LiveKit room, whose first participant with a microphone is its caller."""
        return self._post("/rooms", {"agent": agent, "room": room})

    def export_person(self, subject: str) -> Answer:
        """All that is on record of a phone number, or of one call by its id."""
        return self._post("/people/export", {"subject": subject})

    def erase_person(self, subject: str) -> Answer:
        """For good, wherever something of them lies."""
        return self._post("/people/erase", {"subject": subject})

    def costs(self, by: str = "agent", from_ms: int | None = None, to_ms: int | None = None) -> Answer:
        """`by`: agent, day, stage."""
        return self._get("/costs", by=by, from_ms=from_ms, to_ms=to_ms)

    def overview(self, agent: str = "", from_ms: int | None = None, to_ms: int | None = None) -> Answer:
        """Volume, containment, latency and cost of all calls of a time."""
        return self._get("/overview", agent=agent, from_ms=from_ms, to_ms=to_ms)

    # Calls that are up

    def live(self) -> Answer:
        return self._get("/live")

    def end(self, call_id: str) -> Answer:
        return self._post(f"/live/{_safe(call_id)}/end")

    def transfer(self, call_id: str, target: str = "") -> Answer:
        return self._post(f"/live/{_safe(call_id)}/transfer", {"target": target})

    def whisper(self, call_id: str, words: str) -> Answer:
        return self._post(f"/live/{_safe(call_id)}/whisper", {"words": words})

    def press(self, call_id: str, digits: str) -> Answer:
        """Send keys to the far end; "w" waits half a second."""
        return self._post(f"/live/{_safe(call_id)}/dtmf", {"digits": digits})

    def steer(self, call_id: str, act: str) -> Answer:
        """`act`: hold, resume, mute, unmute."""
        return self._post(f"/live/{_safe(call_id)}/{_safe(act)}")

    def steer_recording(self, call_id: str, act: str) -> Answer:
        """`act`: pause, resume, stop."""
        return self._post(f"/live/{_safe(call_id)}/recording/{_safe(act)}")

    # Numbers and webhooks

    def numbers(self, carrier: str = "twilio") -> Answer:
        return self._get("/numbers", carrier=carrier)

    def route_number(self, number_id: str, agent: str, *, label: str = "", carrier: str = "twilio") -> Answer:
        path, body = f"/numbers/{_safe(number_id)}", {"agent": agent, "label": label}
        return self._send(Request(method="PUT", path=path, params={"carrier": carrier}, body=body))

    def routes(self) -> Answer:
        """The routes in force, and the text of their file."""
        return self._get("/routes")

    def explain_route(
        self, called: str, caller: str = "", *, at_ms: int | None = None, language: str = ""
    ) -> Answer:
        """Which agent would answer, and why."""
        body = {"called": called, "caller": caller, "at_ms": at_ms, "language": language}
        return self._post("/routes/explain", body)

    def check_routes(self, text: str) -> Answer:
        return self._post("/routes/check", {"text": text})

    def write_routes(self, text: str, instead_of: str) -> Answer:
        """Into the server's file, in force from its next start on. `instead_of`: the `file_sha256` that
        `routes` told."""
        body = {"text": text, "instead_of": instead_of}
        return self._send(Request(method="PUT", path="/routes", body=body))

    def offered_numbers(self, country: str, **wanted: Any) -> Answer:
        """What the carrier has for sale."""
        return self._get("/numbers/offers", country=country, **wanted)

    def webhooks(self) -> Answer:
        return self._get("/webhooks")

    def create_webhook(self, url: str, *events: str) -> Answer:
        """With its secret, which is shown this once."""
        return self._post("/webhooks", {"url": url, "events": list(events) or ["*"]})

    def delete_webhook(self, webhook_id: str) -> Answer:
        return self._delete(f"/webhooks/{_safe(webhook_id)}")

    def deliveries(self, webhook_id: str) -> Answer:
        return self._get(f"/webhooks/{_safe(webhook_id)}/deliveries")

    def retry_delivery(self, delivery_id: str) -> Answer:
        """Of one that was given up."""
        return self._post(f"/webhooks/deliveries/{_safe(delivery_id)}/retry")
