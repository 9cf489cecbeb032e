"""`/v1/calls/ID/timeline` and `/peaks`: what the page of one call draws."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
from fastapi import APIRouter, Query
from numpy.typing import NDArray

from antiphon.agents.definition import load_agent
from antiphon.agents.llm.reasoner import instructions
from antiphon.calls.recording import KeptRecording, recordings_directory
from antiphon.errors import AntiphonError
from antiphon.runtime.records.timeline import timeline
from antiphon.server.access.roles import Permission
from antiphon.server.api import views
from antiphon.server.api.call_shelf import open_record
from antiphon.server.api.calls import call_path
from antiphon.server.api.gate import GatedRoute, Parts, Who, needs
from antiphon.server.api.publishing import file_of
from antiphon.server.api.recordings import OPENING, opened
from antiphon.storage.disk import on_disk

router = APIRouter(prefix="/calls", route_class=GatedRoute, tags=["calls"])

_FULL_SCALE: Final = 32767


@router.get("/{call_id}/timeline", openapi_extra=needs(Permission.TRACES_READ))
async def get_timeline(call_id: str, who: Who, parts: Parts) -> views.Timeline:
    """Every answer's stages on one clock beside their budget, requests to models with their tokens, the line,
    permissions; and the instructions the models had, where the agent's file is still the one that
    answered."""
    path = await call_path(call_id, who, parts)
    return await on_disk(_timeline, path, parts.serve.agents)


@router.get("/{call_id}/peaks", openapi_extra=needs(Permission.RECORDINGS_READ))
async def get_peaks(
    call_id: str,
    who: Who,
    parts: Parts,
    count: Annotated[int, Query(ge=10, le=4000, description="Of each channel")] = 1200,
) -> views.Peaks:
    """The outline of a recording, 0 to 100 of full scale, and by which consent it was kept, until when."""
    path = await call_path(call_id, who, parts)
    async with OPENING:
        return await on_disk(
            lambda: _peaks(opened(recordings_directory(parts.serve.home), path.stem, parts.keyring), count)
        )


def _timeline(path: Path, agents: Path) -> views.Timeline:
    record = open_record(path)
    told = timeline(record)
    words = _instructions(agents, record.header.agent, record.header.definition_hash)
    return views.Timeline(call_id=record.header.call_id, instructions=words, **told)


def _instructions(agents: Path, agent: str, digest: str) -> str:
    """ "" where the file is gone, broken or another one by now: what another file says would mislead."""
    try:
        file = file_of(agents, agent)
        definition = load_agent(file) if file is not None and file.is_file() else None
    except AntiphonError:
        return ""
    return instructions(definition) if definition is not None and definition.digest == digest else ""


def _peaks(kept: KeptRecording, count: int) -> views.Peaks:
    return views.Peaks(
        since_ms=kept.since_ms,
        duration_ms=len(kept.samples) * 1000 // kept.sample_rate_hz,
        caller=outline(kept.samples[:, 0], count),
        agent=outline(kept.samples[:, 1], count),
        retain_until=kept.retain_until.isoformat(),
        consent=kept.consent,
        complete=kept.complete,
    )


def outline(samples: NDArray[np.int16], count: int) -> list[int]:
    """The loudest sample of each of `count` equal stretches (fewer where there are fewer samples), 0 to
    100."""
    if not len(samples):
        return []
    loud = np.abs(samples.astype(np.int32))
    starts = np.unique(np.linspace(0, len(loud), min(count, len(loud)), endpoint=False).astype(np.int64))
    peaks: list[Any] = np.minimum(100, np.maximum.reduceat(loud, starts) * 100 // _FULL_SCALE).tolist()
    return peaks
