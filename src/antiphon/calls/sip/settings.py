"""What SIP was told: where to listen, who may call, which agent takes what, the trunks. Parsed once.

Passwords come from the environment only and are in nobody's `repr`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError

from antiphon.errors import ConfigError

CALLS_MAX = 60  # Measured up to here; three threads a call.
RTP_PORTS = (16384, 17383)
ANYBODY = "any"
ANY_USER = "*"
TRUNK = "ANTIPHON_SIP_TRUNK"
PASSWORD = "ANTIPHON_SIP_PASSWORD"
PEERS = "ANTIPHON_SIP_PEERS"
MEDIA_PEERS = "ANTIPHON_SIP_MEDIA_PEERS"
ROUTES = "ANTIPHON_SIP_ROUTES"
TRANSFERS = "ANTIPHON_SIP_TRANSFER_TO"

_USER = re.compile(r"[A-Za-z0-9+._*#-]{1,64}")
_DOMAIN = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?")
_TARGET = re.compile(r"sip:[A-Za-z0-9+._*#-]{1,64}@[A-Za-z0-9.*-]{1,253}(:\d{1,5})?")
_KEYS = frozenset({"registrar", "auth_user", "register", "caller_ids"})
_YES = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SipTrunk:
    """One account at a provider or an exchange.

    Attributes:
        name: "" for the only or first one.
        register_s: Seconds between registrations; 0: none, the provider knows our address.
        caller_ids: Numbers it lets us show; the first is the default. Empty: its own user.
    """

    name: str
    user: str
    domain: str
    password: str = field(default="", repr=False)
    registrar: str = ""
    auth_user: str = ""
    register_s: int = 0
    caller_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SipSettings:
    """Attributes:
    peers: Networks that may send us SIP; empty: anybody may.
    media_peers: Networks that may send us RTP; empty: anybody may.
    routes: User part of the request URI -> agent; `ANY_USER` is the one for all others.
    transfer_to: Where a caller may have us transfer himself to: "sip:1234@pbx.example.com", "sip:*@…".
    """

    host: str = "127.0.0.1"
    port: int = 5060
    rtp_ports: tuple[int, int] = RTP_PORTS
    peers: tuple[IPv4Network, ...] = ()
    media_peers: tuple[IPv4Network, ...] = ()
    routes: Mapping[str, str] = field(default_factory=dict)
    trunks: tuple[SipTrunk, ...] = ()
    transfer_to: tuple[str, ...] = ()
    calls_max: int = CALLS_MAX

    def trunk(self, name: str) -> SipTrunk:
        """Raises: ConfigError: There is no such trunk."""
        for trunk in self.trunks:
            if trunk.name == name or not name:
                return trunk
        raise ConfigError(f"there is no trunk {name!r}", where=TRUNK, fix="set it in the environment")

    def address(self, target: str, trunk: str = "") -> str:
        """The SIP URI of a number or of a whole address. Raises: ConfigError: A number, and no trunk."""
        if "@" in target:
            return target if target.startswith("sip:") else f"sip:{target}"
        return f"sip:{target}@{self.trunk(trunk).domain}"

    def may_transfer_to(self, target: str) -> bool:
        user, _, host = target.removeprefix("sip:").partition("@")
        bare = host.partition(";")[0]
        return any(_covers(allowed, user, bare) for allowed in self.transfer_to)


def sip_settings(listen: str, rtp_ports: str, environ: Mapping[str, str]) -> SipSettings:
    """`listen` as "host:port", `rtp_ports` as "16384-17383" or "".

    Raises:
        ConfigError: A value that cannot be right.
    """
    host, _, port = listen.rpartition(":")
    try:
        address = IPv4Address(host)
    except AddressValueError as error:
        raise ConfigError(
            f"{listen!r} is not an IPv4 address and a port", where="--sip", fix="write it as 192.0.2.1:5060"
        ) from error
    peers = _peers(environ.get(PEERS, ""), loopback=address.is_loopback)
    return SipSettings(
        host=host,
        port=_port(port, "--sip"),
        rtp_ports=_ports(rtp_ports),
        peers=peers,
        media_peers=_networks(environ.get(MEDIA_PEERS, ""), MEDIA_PEERS),
        routes=sip_routes(environ),
        trunks=_trunks(environ),
        transfer_to=_targets(environ.get(TRANSFERS, "")),
    )


def _port(value: str, where: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= 65535:
        raise ConfigError(f"{value!r} is not a port", where=where, fix="choose one from 1024 to 65535")
    return int(value)


def _ports(value: str) -> tuple[int, int]:
    if not value:
        return RTP_PORTS
    low, _, high = value.partition("-")
    ports = (_port(low, "--sip-rtp-ports"), _port(high, "--sip-rtp-ports"))
    if ports[1] - ports[0] < 3:  # A call takes two.
        raise ConfigError(
            f"{value} leaves no room for calls",
            where="--sip-rtp-ports",
            fix="two ports a call: 16384-17383 is room for 500",
        )
    return ports


def _peers(value: str, *, loopback: bool) -> tuple[IPv4Network, ...]:
    networks = _networks(value, PEERS)
    if not networks and value.strip() != ANYBODY and not loopback:
        raise ConfigError(
            "nobody may call: whoever reaches the port could otherwise call, and dial through a trunk",
            where=PEERS,
            fix="name your provider's addresses, 203.0.113.7,198.51.100.0/24; or any, behind a firewall",
        )
    return networks


def _networks(value: str, where: str) -> tuple[IPv4Network, ...]:
    """Empty for anybody."""
    if value.strip() == ANYBODY:
        return ()
    try:
        return tuple(IPv4Network(part, strict=False) for part in _words(value))
    except (AddressValueError, NetmaskValueError, ValueError) as error:
        raise ConfigError(
            f"{error}", where=where, fix="addresses or networks: 203.0.113.7,198.51.100.0/24"
        ) from error


def sip_routes(environ: Mapping[str, str]) -> dict[str, str]:
    """User part of the request URI -> agent. Raises: ConfigError."""
    return _routes(environ.get(ROUTES, ""))


def _routes(value: str) -> dict[str, str]:
    routes: dict[str, str] = {}
    for part in _words(value):
        user, _, agent = part.partition("=")
        if not agent or (user != ANY_USER and not _USER.fullmatch(user)):
            raise ConfigError(f"{part!r} is no route", where=ROUTES, fix="write +15551230000=clinic,*=bank")
        routes[user] = agent
    return routes


def _targets(value: str) -> tuple[str, ...]:
    targets = tuple(_words(value))
    for target in targets:
        if not _TARGET.fullmatch(target):
            raise ConfigError(
                f"{target!r} is no place to transfer to", where=TRANSFERS, fix="write sip:*@pbx.example.com"
            )
    return targets


def _trunks(environ: Mapping[str, str]) -> tuple[SipTrunk, ...]:
    names = sorted(name for name in environ if name == TRUNK or name.startswith(f"{TRUNK}_"))
    return tuple(_trunk(name, environ) for name in names if environ[name].strip())


def _trunk(variable: str, environ: Mapping[str, str]) -> SipTrunk:
    """From "sip:user@domain;registrar=host:port;auth_user=x;register=600;caller_ids=+1555|+1666"."""
    account, *parameters = environ[variable].strip().split(";")
    user, _, domain = account.removeprefix("sip:").partition("@")
    given = dict(part.partition("=")[::2] for part in parameters)
    unknown = given.keys() - _KEYS
    if not _USER.fullmatch(user) or not _DOMAIN.fullmatch(domain) or unknown:
        raise ConfigError(
            f"not understood{': ' + ', '.join(sorted(unknown)) if unknown else ''}",
            where=variable,
            fix=f"write sip:user@domain, then any of ;{'=… ;'.join(sorted(_KEYS))}=…",
        )
    callers = tuple(filter(None, given.get("caller_ids", "").split("|")))
    registrar, auth_user = given.get("registrar", ""), given.get("auth_user", "")
    for value, form in ((registrar, _DOMAIN), (auth_user, _USER), *((caller, _USER) for caller in callers)):
        if value and not form.fullmatch(value):
            raise ConfigError(f"{value!r} cannot be right", where=variable, fix="see docs/telephony/sip.md")
    return SipTrunk(
        name=variable.removeprefix(TRUNK).removeprefix("_").lower(),
        user=user,
        domain=domain,
        password=environ.get(variable.replace(TRUNK, PASSWORD, 1), ""),
        registrar=registrar,
        auth_user=auth_user,
        register_s=_register_s(given.get("register", ""), variable),
        caller_ids=callers,
    )


def _register_s(value: str, variable: str) -> int:
    if value.lower() in _YES - {"1"}:
        return 600
    if value in {"", "no", "off", "false"}:
        return 0
    if not value.isdecimal() or int(value) < 30:
        raise ConfigError(f"register={value}", where=variable, fix="seconds from 30 up, yes or no")
    return int(value)


def _covers(allowed: str, user: str, host: str) -> bool:
    allowed_user, _, allowed_host = allowed.removeprefix("sip:").partition("@")
    return allowed_user in {"*", user} and allowed_host == host


def _words(value: str) -> Iterable[str]:
    return filter(None, (part.strip() for part in value.split(",")))
