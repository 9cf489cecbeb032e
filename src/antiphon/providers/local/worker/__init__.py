"""The inference worker: embedded models in a process of their own, off the media loop.

`server` serves any implementation of the speech and encoder ports over a Unix socket, `client` implements the
same ports on top of that socket, and `process` starts, watches and stops a worker.
"""

from __future__ import annotations

from antiphon.providers.local.worker.client import WorkerClient
from antiphon.providers.local.worker.link import Deadlines
from antiphon.providers.local.worker.process import InferenceProcess

__all__ = ["Deadlines", "InferenceProcess", "WorkerClient"]
