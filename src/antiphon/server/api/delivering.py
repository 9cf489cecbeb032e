"""Sends what is in the outbox: signed, tried again for a day and a half, never to a private address.

Signatures are those of the Standard Webhooks specification (v1, symmetric): HMAC-SHA256 over
"ID.TIMESTAMP.BODY". A receiver that keeps the ids it has seen acts once, however often one comes.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Final

import httpx
import structlog

from antiphon.errors import ConfigError
from antiphon.storage.access import DELIVERED, GIVEN_UP, PENDING, Delivery, Outbox, now_ms

log = structlog.get_logger(__name__)

RETRIES_S: Final = (5, 30, 120, 600, 1800, 7200, 21600, 43200, 43200)
LOOK_EVERY_S: Final = 1.0
AT_ONCE: Final = 10
TIMEOUT_S: Final = 10.0
HOLD_MS: Final = 60_000  # Longer than any attempt: after that whoever took it has died.

# Gives the addresses of a host name.
Resolve = Callable[[str, int], Awaitable[list[str]]]


def signature(secret: bytes, webhook_event_id: str, timestamp_s: int, body: bytes) -> str:
    """The value of `webhook-signature`."""
    signed = f"{webhook_event_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, sha256).digest()).decode()


async def resolve(host: str, port: int) -> list[str]:
    """Raises OSError: The name is not known."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[4][0]) for address in found]


class Deliveries:
    """Empties the outbox. Several processes may do so at once.

    Args:
        private: Addresses of this machine and its networks are taken too.
    """

    def __init__(
        self,
        outbox: Outbox,
        http: httpx.AsyncClient,
        *,
        private: bool,
        resolve: Resolve = resolve,
        clock_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._outbox = outbox
        self._http = http
        self._private = private
        self._resolve = resolve
        self._clock_ms = clock_ms

    async def run(self) -> None:
        """As long as its owner."""
        while True:
            if not await self.send_due():
                await asyncio.sleep(LOOK_EVERY_S)

    async def send_due(self) -> int:
        """Try what is due now; gives how many that were."""
        due = await self._outbox.take(AT_ONCE, HOLD_MS)
        async with asyncio.TaskGroup() as tasks:
            for delivery in due:
                tasks.create_task(self._deliver(delivery))
        return len(due)

    async def _deliver(self, delivery: Delivery) -> None:
        good, answer = await self._attempt(delivery)
        if good:
            await self._outbox.settle(delivery.id, DELIVERED, answer)
        elif delivery.attempts > len(RETRIES_S):
            log.error("webhook_given_up", webhook=delivery.webhook_id, answer=answer)
            await self._outbox.settle(delivery.id, GIVEN_UP, answer)
        else:
            due_at_ms = self._clock_ms() + RETRIES_S[delivery.attempts - 1] * 1000
            await self._outbox.settle(delivery.id, PENDING, answer, due_at_ms)

    async def _attempt(self, delivery: Delivery) -> tuple[bool, str]:
        """Whether it was taken, and a few words on it; never the receiver's own words."""
        try:
            target = await self._outbox.target(delivery.webhook_id)
            if target is None:
                return False, "the webhook is switched off"
            webhook, secret = target
            async with asyncio.timeout(TIMEOUT_S):
                request = await self._request(webhook.url, secret, delivery)
                # Only the status is read: an answer of any length costs nothing.
                response = await self._http.send(request, stream=True, follow_redirects=False)
                await response.aclose()
        except ConfigError:
            return False, "its secret cannot be opened"
        except TimeoutError:
            return False, f"no answer within {TIMEOUT_S:g} s"
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return False, f"not reached ({type(error).__name__})"
        return response.is_success, f"HTTP {response.status_code}"

    async def _request(self, url: str, secret: bytes, delivery: Delivery) -> httpx.Request:
        """To the very address that was looked at: a name could mean another one a moment later.

        Raises:
            OSError: The name is unknown, or leads into a private network.
        """
        asked = httpx.URL(url)
        port = asked.port or (443 if asked.scheme == "https" else 80)
        addresses = await self._resolve(asked.host, port)
        if not addresses or not (self._private or all(map(_is_public, addresses))):
            raise PermissionError("a private address")
        body = delivery.body.encode()
        at_s = self._clock_ms() // 1000
        headers = {
            "host": asked.netloc.decode("ascii"),
            "content-type": "application/json",
            "user-agent": "antiphon-webhooks/1",
            "webhook-id": delivery.event_id,
            "webhook-timestamp": str(at_s),
            "webhook-signature": signature(secret, delivery.event_id, at_s, body),
        }
        extensions = {"sni_hostname": asked.host} if asked.scheme == "https" else {}
        pinned = asked.copy_with(host=addresses[0], port=port)
        return self._http.build_request("POST", pinned, content=body, headers=headers, extensions=extensions)


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_global and not found.is_multicast
