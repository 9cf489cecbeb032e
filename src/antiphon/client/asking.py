"""A request of the API, and what sends it."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`raw`: the answer is bytes."""

    method: str
    path: str
    params: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bool = False

    def options(self) -> dict[str, Any]:
        """For httpx."""
        params = {name: value for name, value in self.params.items() if value not in (None, "")}
        return {
            "method": self.method, "url": f"/v1{self.path}", "params": params, "json": self.body,
            "headers": self.headers,
        }  # fmt: skip


def safe(value: str | int) -> str:
    return quote(str(value), safe="")


class Asking(Generic[Answer]):
    """What operations are made of."""

    @abstractmethod
    def _send(self, request: Request) -> Answer: ...

    def _get(self, path: str, **params: Any) -> Answer:
        return self._send(Request(method="GET", path=path, params=params))

    def _post(self, path: str, body: Any = None) -> Answer:
        return self._send(Request(method="POST", path=path, body=body))

    def _delete(self, path: str) -> Answer:
        return self._send(Request(method="DELETE", path=path))
