"""Whom the SIP port listens to at all: a packet filter on the library's own socket.

The library tells nobody where a request came from, so an address can only be judged below it. A classic BPF
program drops what comes from elsewhere before the library reads it: strangers get no answer and cost no
parsing, and the kernel counts them. Linux; bpf(4) names the instructions, `linux/filter.h` the offset.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
from collections.abc import Sequence
from ipaddress import IPv4Network
from pathlib import Path

from antiphon.errors import ConfigError

NETWORKS_MAX = 1000  # Three instructions each, of the 4096 a program may have.
_SO_ATTACH_FILTER = 26
_LOAD_WORD, _AND, _JUMP_EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x06
_SOURCE_ADDRESS = 0xFFF00000 + 12  # SKF_NET_OFF, then into the IPv4 header.
_ALL, _NOTHING = 0xFFFFFFFF, 0
_FDS = Path("/proc/self/fd")
_SOCKETS = Path("/proc/self/net/udp")


def filter_program(networks: Sequence[IPv4Network]) -> bytes:
    """`struct sock_filter`s that take packets from these networks and drop all others."""
    program: list[tuple[int, int, int, int]] = []
    for network in networks:
        program += [
            (_LOAD_WORD, 0, 0, _SOURCE_ADDRESS),
            (_AND, 0, 0, int(network.netmask)),
            (_JUMP_EQUAL, 0, 1, int(network.network_address)),
            (_RETURN, 0, 0, _ALL),
        ]
    program.append((_RETURN, 0, 0, _NOTHING))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def listen_only_to(networks: Sequence[IPv4Network], address: tuple[str, int]) -> None:
    """Filter this process's UDP socket bound to `address`.

    Raises:
        ConfigError: Not on this system, or too many networks.
    """
    check_networks(networks, "ANTIPHON_SIP_PEERS")
    with socket.socket(fileno=os.dup(_bound_fd(address))) as bound:
        attach_filter(bound, networks)


def check_networks(networks: Sequence[IPv4Network], where: str) -> None:
    """Raises: ConfigError: Not on this system, or too many networks."""
    fix = f"any in {where}, and a firewall in front of the port"
    if not sys.platform.startswith("linux"):
        raise ConfigError("peers can be told apart on Linux only", where=where, fix=fix)
    if len(networks) > NETWORKS_MAX:
        raise ConfigError("too many networks", where=where, fix=fix)


def attach_filter(bound: socket.socket, networks: Sequence[IPv4Network]) -> None:
    program = filter_program(networks)
    held = ctypes.create_string_buffer(program, len(program))
    option = struct.pack("HP", len(program) // 8, ctypes.addressof(held))
    bound.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, option)


def refused_packets(address: tuple[str, int]) -> int:
    """How many packets the kernel dropped at this socket: strangers' ones, and what found its queue full."""
    host, port = address
    (number,) = struct.unpack("=I", socket.inet_aton(host))
    wanted = f"{number:08X}:{port:04X}"
    try:
        rows = _SOCKETS.read_text().splitlines()[1:]
    except OSError:
        return 0
    return sum(int(row.split()[-1]) for row in rows if row.split()[1] == wanted)


def _bound_fd(address: tuple[str, int]) -> int:
    for entry in _FDS.iterdir():
        try:
            with socket.socket(fileno=os.dup(int(entry.name))) as candidate:
                if candidate.type == socket.SOCK_DGRAM and candidate.getsockname()[:2] == address:
                    return int(entry.name)
        except OSError:
            continue  # No socket, or gone since it was listed.
    raise ConfigError(
        f"nothing listens at {address[0]}:{address[1]}", where="--sip", fix="is the port taken already?"
    )
