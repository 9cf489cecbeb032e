"""Whose RTP is listened to: the filter of `peers` on the sockets of every call.

Who is not on the list could otherwise talk into calls and press keys in them: RTP names nobody, and the
library takes it from anywhere, at every address of the machine. Off unless networks are named, since many a
provider's media comes from other addresses than its signalling.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from ipaddress import IPv4Network
from pathlib import Path

from antiphon.calls.sip.peers import attach_filter, check_networks

_FDS = Path("/proc/self/fd")
_SOCKETS = Path("/proc/self/net/udp")
_INODE, _DROPS = 9, -1  # Columns.


class MediaPeers:
    """Args: ports: First and last of the range that RTP is taken from."""

    def __init__(self, networks: Sequence[IPv4Network], ports: tuple[int, int]) -> None:
        self._networks, self._ports = networks, ports
        self._dropped: dict[str, int] = {}  # By the inode of each socket that is open.
        self._dropped_before = 0  # At those that are not.

    def check(self) -> None:
        """Raises: ConfigError: Not on this system, or too many networks."""
        if self._networks:
            check_networks(self._networks, "ANTIPHON_SIP_MEDIA_PEERS")

    def guard(self) -> None:
        """Called when a call has come to be, its sockets with it."""
        if not self._networks:
            return
        for entry in _FDS.iterdir():
            try:
                with socket.socket(fileno=os.dup(int(entry.name))) as candidate:
                    if self._is_medias(candidate):
                        attach_filter(candidate, self._networks)
                        self._dropped.setdefault(str(os.fstat(candidate.fileno()).st_ino), 0)
            except OSError:
                continue  # No socket, or gone since it was listed.

    def refused(self) -> int:
        """Packets the kernel dropped at calls' sockets. Asked every second; the last of a call are missed."""
        if not self._networks:
            return 0
        try:
            rows = [row.split() for row in _SOCKETS.read_text().splitlines()[1:]]
        except OSError:
            return self._dropped_before + sum(self._dropped.values())
        now = {row[_INODE]: int(row[_DROPS]) for row in rows if row[_INODE] in self._dropped}
        self._dropped_before += sum(count for inode, count in self._dropped.items() if inode not in now)
        self._dropped = now
        return self._dropped_before + sum(now.values())

    def _is_medias(self, candidate: socket.socket) -> bool:
        if candidate.family != socket.AF_INET or candidate.type != socket.SOCK_DGRAM:
            return False
        port: int = candidate.getsockname()[1]
        return self._ports[0] <= port <= self._ports[1]
