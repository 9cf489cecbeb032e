"""`/v1/calls/ID/recording`: the sound of a call, whole or by ranges (RFC 9110, 14)."""

from __future__ import annotations

import asyncio
import io
import re
import wave
from pathlib import Path
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response

from antiphon.calls.recording import KeptRecording, read_recording, recordings_directory
from antiphon.calls.recording.shelf import find_recording
from antiphon.errors import ConfigError
from antiphon.server.access.roles import Permission
from antiphon.server.api.calls import call_path
from antiphon.server.api.gate import GatedRoute, Parts, Who, needs
from antiphon.server.problems import Problem
from antiphon.storage.disk import on_disk
from antiphon.storage.keys import Keyring

router = APIRouter(prefix="/calls", route_class=GatedRoute, tags=["calls"])

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
# An hour of two channels is 115 MB while it is opened: so many at a time.
OPENING: Final = asyncio.Semaphore(2)
Channel = Literal["both", "caller", "agent"]


@router.get(
    "/{call_id}/recording",
    openapi_extra=needs(Permission.RECORDINGS_READ),
    response_class=Response,
    responses={
        200: {"content": {"audio/wav": {}}, "description": "The caller on the left, the agent on the right"},
        206: {"content": {"audio/wav": {}}, "description": "The bytes that were asked for"},
        416: {"description": "There are no such bytes"},
    },
)
async def get_recording(
    call_id: str,
    who: Who,
    parts: Parts,
    channel: Annotated[Channel, Query()] = "both",
    wanted: Annotated[str, Header(alias="Range", max_length=100)] = "",
) -> Response:
    """The recording as a WAV file; players may ask for ranges of it."""
    path = await call_path(call_id, who, parts)
    home = parts.serve.home
    async with OPENING:
        sound = await on_disk(_wav, recordings_directory(home), path.stem, parts.keyring, channel)
    return ranged(sound, wanted)


def ranged(body: bytes, wanted: str) -> Response:
    """All of it, or the one range that is wanted. More than one range is answered with all (RFC 9110, 14.2).

    Raises:
        Problem: 416; it begins behind the end.
    """
    headers = {"accept-ranges": "bytes", "cache-control": "private, no-store"}
    match = _RANGE.fullmatch(wanted.strip())
    if match is None or not (match[1] or match[2]):
        return Response(body, media_type="audio/wav", headers=headers)
    if match[1]:
        first, last = int(match[1]), min(int(match[2]) if match[2] else len(body), len(body) - 1)
    else:
        first, last = max(0, len(body) - int(match[2])), len(body) - 1
    if match[1] and match[2] and int(match[2]) < int(match[1]):
        return Response(body, media_type="audio/wav", headers=headers)  # 14.1.1: no range at all.
    if first > last:
        raise Problem(416, f"the recording has {len(body)} bytes")
    headers["content-range"] = f"bytes {first}-{last}/{len(body)}"
    return Response(body[first : last + 1], status_code=206, media_type="audio/wav", headers=headers)


def opened(directory: Path, call_id: str, keys: Keyring) -> KeptRecording:
    """Raises Problem: 404; there is none. 409; it cannot be read."""
    try:
        found = find_recording(directory, call_id)
    except ConfigError:
        raise Problem(404, "this call was not recorded, or the recording is gone") from None
    try:
        return read_recording(found, keys)
    except ConfigError as error:
        raise Problem(409, f"the recording cannot be read: {error.message}") from None


def _wav(directory: Path, call_id: str, keys: Keyring, channel: Channel) -> bytes:
    kept = opened(directory, call_id, keys)
    samples = kept.samples
    if channel != "both":
        samples = samples[:, [0 if channel == "caller" else 1]]
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(kept.sample_rate_hz)
        file.writeframes(samples.astype("<i2").tobytes())
    return buffer.getvalue()
