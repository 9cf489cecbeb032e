"""What the endpoints do: agents and versions, calls, live control, recordings, traces, costs, numbers."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from tests.doubles.api_world import CALL, LIVE, OUTSIDE, ApiWorld, api_world, problem

from antiphon.calls.control.accounts import CAPABILITIES
from antiphon.calls.ports import OwnedNumber
from antiphon.calls.recording.shelf import recording_path, recordings_directory
from antiphon.errors import ConfigError
from antiphon.server.access.roles import Role
from antiphon.storage.sealed import SealedWriter

PUBLIC = {"public_url": "https://voice.example.com"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ApiWorld]:
    async with api_world(tmp_path, OUTSIDE, **PUBLIC) as made:
        made.media.up.append({"call_id": LIVE, "agent": "clinic", "line": "phone"})
        yield made


@pytest.fixture
async def owner(world: ApiWorld) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client(await world.key(Role.OWNER)) as client:
        yield client


def clinic(world: ApiWorld) -> Path:
    return world.home / "agents" / "clinic.yaml"


# Agents


async def test_a_version_is_kept_compared_published_and_taken_back(
    world: ApiWorld, owner: httpx.AsyncClient
) -> None:
    before = clinic(world).read_text()
    text = before.replace("Just a second.", "One second.")
    assert text != before
    made = (await owner.post("/v1/agents/clinic/versions", json={"text": text, "note": "shorter"})).json()
    assert (made["version"], made["note"], made["published_at_ms"]) == (2, "shorter", None)
    assert clinic(world).read_text() == before
    diff = (await owner.get("/v1/agents/clinic/diff", params={"before": 1, "after": 2})).json()["diff"]
    assert "Just a second." in diff
    assert "One second." in diff
    published = await owner.post("/v1/agents/clinic/versions/2/publish")
    assert published.json() == {"agent": "clinic", "version": 2}
    assert clinic(world).read_text() == text
    assert world.media.asked == [("reload", "clinic.yaml")]
    detail = (await owner.get("/v1/agents/clinic")).json()
    assert (detail["published"], detail["text"]) == (2, text)
    assert [version["version"] for version in detail["versions"]] == [2, 1]
    assert (await owner.post("/v1/agents/clinic/rollback")).json()["version"] == 1
    assert clinic(world).read_text() == before
    assert (await owner.post("/v1/agents/clinic/rollback")).json()["version"] == 2


async def test_what_the_worker_cannot_serve_is_not_published(
    world: ApiWorld, owner: httpx.AsyncClient
) -> None:
    before = clinic(world).read_text()
    text = before + "\n# another\n"
    await owner.post("/v1/agents/clinic/versions", json={"text": text})
    world.media.refusal = ConfigError("no model in " + "/var/lib/" + "models/x")
    told = problem(await owner.post("/v1/agents/clinic/versions/2/publish"), 422)
    assert "/var" not in str(told)
    assert clinic(world).read_text() == before
    assert (await owner.get("/v1/agents/clinic")).json()["published"] == 1
    assert list(clinic(world).parent.glob(".*")) == []


async def test_an_agent_file_is_judged_with_lines_and_fixes(
    world: ApiWorld, owner: httpx.AsyncClient
) -> None:
    good = (await owner.post("/v1/agents/validate", json={"text": clinic(world).read_text()})).json()
    assert (good["ok"], good["agent"]) == (True, "clinic")
    text = clinic(world).read_text().replace("greeting:", "greting:", 1)
    bad = (await owner.post("/v1/agents/validate", json={"text": text})).json()
    assert not bad["ok"]
    assert any("greeting" in fault["message"] + fault["fix"] and fault["line"] for fault in bad["faults"])
    problem(await owner.post("/v1/agents/clinic/versions", json={"text": text}), 422)
    other = clinic(world).read_text().replace("agent: clinic", "agent: bank", 1)
    problem(await owner.post("/v1/agents/clinic/versions", json={"text": other}), 422)
    assert list(clinic(world).parent.glob(".*")) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("flow", "../../../etc/passwd"),
        ("flow", "/etc/passwd"),
        ("flow", "..\\\\..\\\\secret"),
        ("prompt", "../../home/prompt.md"),
        ("prompt", "/etc/motd.md"),
        ("calendar", "../../../etc/passwd"),
        ("calendar", "~/calendar.yaml"),
    ],
)
async def test_an_agent_file_cannot_reach_files_outside_its_folder(
    world: ApiWorld, owner: httpx.AsyncClient, key: str, value: str
) -> None:
    text = clinic(world).read_text()
    if key == "calendar":
        text = text.replace("clinic/calendar.yaml", f'"{value}"')
    else:
        text = "\n".join(line for line in text.splitlines() if not line.strip().startswith(f"{key}:"))
        text = text.replace("reasoning:\n", f'reasoning:\n  {key}: "{value}"\n', 1)
    told = (await owner.post("/v1/agents/validate", json={"text": text})).json()
    assert not told["ok"]
    assert any("outside the folder" in fault["message"] for fault in told["faults"]), told
    assert "root:" not in str(told)


async def test_a_file_that_means_billions_of_values_is_refused_at_once(owner: httpx.AsyncClient) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 15)]
    async with asyncio.timeout(10):
        told = (await owner.post("/v1/agents/validate", json={"text": "\n".join(lines)})).json()
    assert not told["ok"]
    assert any("aliases" in fault["fix"] for fault in told["faults"])


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "../clinic",
        "..%2fclinic",
        "%2e%2e%2fclinic",
        "CLINIC",
        "clinic.yaml",
        "a" * 65,
        "cli%00nic",
        "é",
    ],
)
async def test_no_name_is_a_path(world: ApiWorld, owner: httpx.AsyncClient, name: str) -> None:
    answer = await owner.post(f"/v1/agents/{name}/versions", json={"text": clinic(world).read_text()})
    assert problem(answer, answer.status_code)["status"] in {404, 405, 422}
    for path in (f"/v1/calls/{name}", f"/v1/calls/{name}/trace", f"/v1/calls/{name}/recording"):
        answer = await owner.get(path)
        assert answer.status_code in {404, 200}, path
        assert (
            answer.status_code == 404 or name == ".."
        )  # `/v1/calls/..` is `/v1`, to whoever builds the URL.


async def test_words_that_look_like_a_script_come_back_as_they_are(
    world: ApiWorld, owner: httpx.AsyncClient
) -> None:
    script = "<script>alert(1)</script>"
    given = await owner.post(f"/v1/calls/{CALL}/feedback", json={"comment": script})
    assert given.json()["comment"] == script
    assert given.headers["content-type"] == "application/json"
    assert given.headers["x-content-type-options"] == "nosniff"


# Calls


async def test_calls_are_listed_in_pages_without_one_twice_or_none_missing(
    world: ApiWorld, owner: httpx.AsyncClient
) -> None:
    for number in range(25):
        world.put_call(f"call-{number:02}", "clinic", at_ms=1_764_000_000_000 + number % 7)
    await world.index()
    seen: list[str] = []
    after = ""
    while True:
        page = (await owner.get("/v1/calls", params={"limit": 4, "after": after})).json()
        seen += [call["call_id"] for call in page["calls"]]
        after = page["after"]
        if not after:
            break
    assert len(seen) == len(set(seen)) == 27
    for bad in ("nonsense", "e3O", "-1", "f" * 16, "0x1"):
        problem(await owner.get("/v1/calls", params={"after": bad}), 422)


async def test_calls_are_found_by_agent_time_outcome_and_words(
    world: ApiWorld, owner: httpx.AsyncClient
) -> None:
    world.put_call("later", "clinic", at_ms=1_764_000_500_000)
    await world.index()

    async def found(**wanted: Any) -> set[str]:
        answer = await owner.get("/v1/calls", params=wanted)
        assert answer.status_code == 200, answer.text
        return {call["call_id"] for call in answer.json()["calls"]}

    assert await found(from_ms=1_764_000_400_000) == {"later"}
    assert "later" not in await found(to_ms=1_764_000_400_000)
    assert await found(agent="bank") == set()
    detail = (await owner.get(f"/v1/calls/{CALL}")).json()
    said = next(reply["heard"] for reply in detail["replies"] if reply["heard"])
    assert CALL in await found(words=" ".join(said.upper().replace("-", " ").replace('"', "").split()[:3]))
    assert await found(words="words that nobody ever said") == set()
    outcome = (await owner.get("/v1/calls", params={"limit": 1})).json()["calls"][0]["outcome"]
    assert await found(outcome=outcome)
    problem(await owner.get("/v1/calls", params={"agnet": "clinic"}), 422)


async def test_a_call_is_opened_downloaded_and_replayed(world: ApiWorld, owner: httpx.AsyncClient) -> None:
    detail = (await owner.get(f"/v1/calls/{CALL}")).json()
    assert detail["call_id"] == CALL
    assert {"turns", "tools", "interruptions", "cost", "latency_ms"} <= detail.keys()
    trace = await owner.get(f"/v1/calls/{CALL}/trace")
    assert trace.content == world.put_call(CALL, "clinic").read_bytes()
    assert trace.headers["content-type"] == "application/jsonl"
    exact = (await owner.post(f"/v1/calls/{CALL}/replay", json={})).json()
    assert exact["difference"] is None
    what_if = await owner.post(f"/v1/calls/{CALL}/replay", json={"set": ["turn.stop_silence_min_ms=100"]})
    assert "response_ms" in what_if.json()
    problem(await owner.post(f"/v1/calls/{CALL}/replay", json={"set": ["turn.nonsense=1"]}), 422)


async def test_a_damaged_trace_is_told_of_without_telling_where_it_lies(
    world: ApiWorld, owner: httpx.AsyncClient
) -> None:
    path = world.put_call("damaged", "clinic")
    path.write_bytes(path.read_bytes().split(b"\n")[0] + b"\nnonsense\nmore nonsense\n")
    told = problem(await owner.get("/v1/calls/damaged"), 409)
    assert str(world.home) not in str(told)
    await world.index()
    assert (await owner.get("/v1/calls")).status_code == 200


async def test_feedback_lands_on_its_call(owner: httpx.AsyncClient) -> None:
    problem(await owner.post(f"/v1/calls/{CALL}/feedback", json={}), 422)
    problem(await owner.post(f"/v1/calls/{CALL}/feedback", json={"rating": 6}), 422)
    problem(await owner.post("/v1/calls/unknown/feedback", json={"rating": 5}), 404)
    given = (await owner.post(f"/v1/calls/{CALL}/feedback", json={"rating": 2, "labels": ["rude"]})).json()
    found = (await owner.get(f"/v1/calls/{CALL}/feedback")).json()["feedback"]
    assert found == [given]
    assert (found[0]["rating"], found[0]["labels"], found[0]["source"]) == (2, ["rude"], "reviewer")
    others = (await owner.get("/v1/calls/another/feedback")).json()["feedback"]
    assert given not in others and all(one["source"] == "implicit" for one in others)


async def test_what_a_call_tells_of_itself_is_among_its_feedback_and_searched_for(
    world: ApiWorld, owner: httpx.AsyncClient
) -> None:
    detail = await world.parts.records.open_call("default", CALL)
    assert detail is not None
    summary = replace(detail.summary, rating=1, signs=("repeated", "badly_rated"))
    await world.parts.records.save([replace(detail, summary=summary)])
    given, seen = (await owner.get(f"/v1/calls/{CALL}/feedback")).json()["feedback"]
    assert (given["source"], given["rating"], given["given_by"]) == ("caller", 1, "caller")
    assert (seen["source"], seen["labels"]) == ("implicit", ["repeated", "badly_rated"])
    for query in ({"sign": "repeated"}, {"rated_at_most": 1}):
        (row,) = (await owner.get("/v1/calls", params=query)).json()["calls"]
        assert (row["call_id"], row["rating"], row["signs"]) == (CALL, 1, ["repeated", "badly_rated"])
    assert (await owner.get("/v1/calls", params={"sign": "interrupted_often"})).json()["calls"] == []
    problem(await owner.get("/v1/calls", params={"rated_at_most": 0}), 422)


async def test_costs_are_sums_of_what_the_calls_say(owner: httpx.AsyncClient) -> None:
    for by in ("agent", "day", "stage"):
        told = (await owner.get("/v1/costs", params={"by": by})).json()
        assert (told["calls"], told["complete"]) == (2, True)
    [row] = (await owner.get("/v1/costs")).json()["rows"]
    assert (row["name"], row["calls"]) == ("clinic", 2)
    assert (await owner.get("/v1/costs", params={"from_ms": 2_000_000_000_000})).json()["calls"] == 0


# Live calls


async def test_an_operator_ends_passes_on_and_whispers(world: ApiWorld, owner: httpx.AsyncClient) -> None:
    assert [call["call_id"] for call in (await owner.get("/v1/live")).json()["calls"]] == [LIVE]
    assert (await owner.post(f"/v1/live/{LIVE}/whisper", json={"words": "offer Tuesday"})).status_code == 202
    moved = await owner.post(f"/v1/live/{LIVE}/transfer", json={"target": "billing"})
    assert moved.json() == {"target": "billing"}
    assert (await owner.post(f"/v1/live/{LIVE}/end")).status_code == 202
    assert world.media.asked == [
        ("whisper", LIVE, "offer Tuesday"), ("pass_on", LIVE, "billing"), ("end", LIVE),
    ]  # fmt: skip
    problem(await owner.post(f"/v1/live/{LIVE}/transfer", json={"target": "+4930111111"}), 403)
    problem(await owner.post(f"/v1/live/{CALL}/end"), 404)
    audit = (await owner.get("/v1/audit")).text
    assert "offer Tuesday" not in audit


# Numbers


class Carrier:
    """A carrier's account."""

    carrier = "twilio"
    capabilities = CAPABILITIES["twilio"]

    def __init__(self) -> None:
        self.routed: list[tuple[str, str]] = []

    async def owned_numbers(self) -> tuple[OwnedNumber, ...]:
        return (OwnedNumber(number_id="PN1", number="+15550100001"),)

    async def configure_number(self, number_id: str, routing: Any) -> OwnedNumber:
        self.routed.append((number_id, routing.answer_url))
        return OwnedNumber(number_id=number_id, number="+15550100001", answer_url=routing.answer_url)

    async def close(self) -> None: ...


@pytest.fixture
def carrier(world: ApiWorld) -> Carrier:
    account: Any = Carrier()
    world.parts.controls = {"twilio": account}
    made: Carrier = account
    return made


async def test_a_number_is_routed_to_an_agent_of_ours(owner: httpx.AsyncClient, carrier: Carrier) -> None:
    assert (await owner.get("/v1/numbers")).json()["numbers"][0]["number_id"] == "PN1"
    routed = await owner.put("/v1/numbers/PN1", json={"agent": "clinic"})
    assert routed.json()["answer_url"] == "https://voice.example.com/calls/twilio/clinic"
    problem(await owner.put("/v1/numbers/PN1", json={"agent": "bank"}), 404)
    problem(await owner.put("/v1/numbers/..%2FAccounts", json={"agent": "clinic"}), 404)
    problem(await owner.put("/v1/numbers/PN2", json={"agent": "clinic"}), 404)
    assert carrier.routed == [("PN1", "https://voice.example.com/calls/twilio/clinic")]


# Recordings


def record(world: ApiWorld, call_id: str) -> np.ndarray[Any, np.dtype[np.int16]]:
    samples = np.arange(1600, dtype="<i2").reshape(2, 800)
    head = {
        "call": call_id, "encoding": "l16", "sample_rate_hz": 8000, "since_ms": 0,
        "retain_until": (datetime.now(UTC) + timedelta(days=1)).isoformat(), "consent": {},
    }  # fmt: skip
    path = recording_path(recordings_directory(world.home), call_id, datetime.now(UTC))
    writer = SealedWriter(path, world.parts.keyring, head)
    writer.write(samples[0].tobytes() + samples[1].tobytes())
    writer.close()
    return samples


async def test_a_recording_is_heard_whole_by_channel_and_by_ranges(
    world: ApiWorld, owner: httpx.AsyncClient
) -> None:
    samples = record(world, CALL)
    url = f"/v1/calls/{CALL}/recording"
    whole = await owner.get(url)
    assert whole.headers["accept-ranges"] == "bytes"
    assert "no-store" in whole.headers["cache-control"]
    with wave.open(io.BytesIO(whole.content)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 8000, 800)
        heard = np.frombuffer(file.readframes(800), "<i2").reshape(-1, 2)
    assert np.array_equal(heard[:, 0], samples[0])
    agent = (await owner.get(url, params={"channel": "agent"})).content
    with wave.open(io.BytesIO(agent)) as file:
        assert np.array_equal(np.frombuffer(file.readframes(800), "<i2"), samples[1])
    size = len(whole.content)
    end = size - 1
    ranges = (
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, end),
        ("bytes=-50", size - 50, end),
        ("bytes=10-999999999", 10, end),
    )
    for wanted, first, last in ranges:
        part = await owner.get(url, headers={"range": wanted})
        assert part.status_code == 206
        assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert part.content == whole.content[first : last + 1]
    problem(await owner.get(url, headers={"range": f"bytes={size}-"}), 416)
    for nonsense in ("bytes=5-2", "bytes=-", "lines=1-2", "bytes=0-1,5-6"):
        assert (await owner.get(url, headers={"range": nonsense})).status_code == 200
    problem(await owner.get("/v1/calls/another/recording"), 404)


# What nobody is told


async def test_huge_bodies_are_refused_before_they_are_read(owner: httpx.AsyncClient) -> None:
    problem(await owner.post("/v1/agents/validate", content=b"x" * 300_000), 413)
    problem(await owner.post(f"/v1/calls/{CALL}/feedback", json={"comment": "x" * 5000}), 422)


async def test_a_fault_of_ours_tells_nothing_of_our_insides(
    world: ApiWorld, owner: httpx.AsyncClient
) -> None:
    async with world.parts.database.transaction() as connection:
        await connection.exec_driver_sql("DROP TABLE api_keys")
    told = await owner.get("/v1/me")
    problem(told, 503)
    for secret in (str(world.home), "sqlite", "Traceback", "api_keys", "SELECT"):
        assert secret not in told.text


async def test_secrets_are_in_no_log(world: ApiWorld, capsys: pytest.CaptureFixture[str]) -> None:
    key = await world.key(Role.OWNER)
    planted = "apk_0123456789abcdef_" + "S3CRET" * 7 + "x"
    async with world.client(key) as client:
        hook = (await client.post("/v1/webhooks", json={"url": "https://example.com/h"})).json()
        token = (await client.post("/v1/tokens", json={})).json()["token"]
        await client.get("/v1/nowhere", params={"q": planted})
        world.media.refusal = RuntimeError("broken")  # type: ignore[assignment]
        assert (await client.post(f"/v1/live/{LIVE}/end")).status_code == 500
    async with world.client(planted) as client:
        problem(await client.get("/v1/me"), 401)
    logged = "".join(capsys.readouterr())
    assert "request_failed" in logged
    assert "credential_refused" in logged
    for secret in (key.split("_", 2)[2], hook["secret"], token, "S3CRET"):
        assert secret not in logged
    rows = await world.parts.audit.entries("default")
    assert all(secret not in str(rows) for secret in (key, hook["secret"], token))
