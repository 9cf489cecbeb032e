"""Messages no telephone sends, after the ideas of RFC 4475 (its section numbers beside each)."""

from __future__ import annotations

HEAD = (
    "Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{number}\r\n"
    "From: <sip:torturer@{host}>;tag=t{number}\r\n"
    "To: <sip:clinic@{target}>\r\nCall-ID: torture-{number}\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\n"
)
SDP = "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"


def malformed(host: str, port: int, target: str) -> list[bytes]:
    """None of them may become a call."""
    said = [
        "",
        "\r\n\r\n",
        "\x00" * 200,
        "INVITE",
        f"INVITE sip:clinic@{target} SIP/2.0\r\n\r\n",  # 3.3.1: required headers are missing
        f"INVITE sip:clinic@{target} SIP/7.0\r\n{_head('INVITE', host, port, target, 1)}\r\n",  # 3.1.2.16
        f"INVITE <sip:clinic@{target}> SIP/2.0\r\n{_head('INVITE', host, port, target, 2)}\r\n",  # 3.1.2.7
        f"INVITE sip:clinic@{target} SIP/2.0\r\n{_head('OPTIONS', host, port, target, 3)}\r\n",  # 3.1.2.17
        _invite(host, port, target, 4, "Content-Length: -999\r\n"),  # 3.1.2.3
        _invite(host, port, target, 5, "Content-Length: 9999\r\n"),  # 3.1.2.2
        f"INVITE unknown-scheme:clinic SIP/2.0\r\n{_head('INVITE', host, port, target, 6)}\r\n",  # 3.3.2
        f"NEWMETHOD sip:clinic@{target} SIP/2.0\r\n{_head('NEWMETHOD', host, port, target, 7)}\r\n",  # 3.3.3
        _invite(host, port, target, 8, f"Subject: {'x' * 60_000}\r\n", user="nobody"),
        "SIP/2.0 4294967301 better not break\r\n\r\n",  # 3.1.2.19
        f"SIP/2.0 200 OK\r\n{_head('INVITE', host, port, target, 9)}\r\n",  # An answer to nothing.
        f"BYE sip:clinic@{target} SIP/2.0\r\n{_head('BYE', host, port, target, 10)}\r\n",  # Of no call.
        f"CANCEL sip:clinic@{target} SIP/2.0\r\n{_head('CANCEL', host, port, target, 11)}\r\n",
        f"ACK sip:clinic@{target} SIP/2.0\r\n{_head('ACK', host, port, target, 12)}\r\n",
        f"REFER sip:clinic@{target} SIP/2.0\r\n{_head('REFER', host, port, target, 13)}\r\n",
    ]
    return [text.encode("latin-1") for text in said] + [bytes(range(256)) * 4]


def unusable_offers(host: str, port: int, target: str) -> list[bytes]:
    """Well-formed INVITEs whose SDP leads nowhere."""
    offers = [
        "this is not SDP",
        SDP.format(host=host).replace("RTP/AVP 0", "RTP/AVP 97") + "a=rtpmap:97 iLBC/8000\r\n",
        SDP.format(host=host).replace("m=audio", "m=image"),
        SDP.format(host="300.300.300.300"),
    ]
    return [
        _invite(
            host,
            port,
            target,
            100 + number,
            f"Content-Type: application/sdp\r\nContent-Length: {len(sdp)}\r\n",
            body=sdp,
        ).encode()
        for number, sdp in enumerate(offers)
    ]


def strange_but_right(host: str, port: int, target: str) -> list[bytes]:
    """INVITEs that look like no telephone's and are good all the same."""
    sdp = SDP.format(host=host)
    body = f"c: application/sdp\r\nl: {len(sdp)}\r\n\r\n{sdp}"
    first = f"INVITE sip:clinic@{target} SIP/2.0\r\n"
    via = f"SIP/2.0/UDP {host}:{port};branch=z9hG4bKstrange"
    contact = f"<sip:torturer@{host}:{port}>\r\n"
    # 3.1.1.1: compact names, small letters, folded lines, white space wherever it may be.
    folded = (
        f'TO :\r\n sip:clinic@{target} ;   x=y\r\nfrom   : "J Rosenberg \\\\\\"" <sip:torturer@{host}>\r\n'
        "  ;\r\n  tag = t1\r\nMaX-fOrWaRdS: 0068\r\nCall-ID: strange-1\r\ncseq: 0009\r\n  INVITE\r\n"
        f"v: {via}1\r\ns :\r\nNewFangledHeader:   newfangled value\r\n continued\r\nm: {contact}"
    )
    # 3.1.1.2, 3.1.1.8: characters that are rarely seen, and names in UTF-8.
    unusual = (
        f'Via: {via}2\r\nFrom: "J\u00f6rg \u4f60" '
        f"<sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,@{host}>;tag=t2\r\nTo: <sip:clinic@{target}>\r\n"
        "Call-ID: strange-2.!%*_+`'~()<>:\\\"/[]?{}\r\nCSeq: 139122385 INVITE\r\nMax-Forwards: 255\r\n"
        f"extensionHeader-!.%*+_`'~: \ufeff\u5927\u505c\u96fb\r\nContact: {contact}"
    )
    # 3.1.1.7: long values.
    long = (
        f'Via: {via}3\r\nFrom: <sip:torturer@{host}>;tag=t3\r\nTo: "A name of {"extreme " * 40}proportion" '
        f"<sip:clinic@{target}>\r\nCall-ID: strange-3{'longlong' * 30}\r\nCSeq: 3882340 INVITE\r\n"
        f"Max-Forwards: 70\r\nUnknown-{'Long' * 40}-Name: unknown\r\nContact: {contact}"
    )
    return [(first + head + body).encode() for head in (folded, unusual, long)]


def _invite(
    host: str, port: int, target: str, number: int, more: str, *, user: str = "clinic", body: str = ""
) -> str:
    head = _head("INVITE", host, port, target, number) + f"Contact: <sip:torturer@{host}:{port}>\r\n"
    return f"INVITE sip:{user}@{target} SIP/2.0\r\n{head}{more}\r\n{body}"


def _head(method: str, host: str, port: int, target: str, number: int) -> str:
    return HEAD.format(method=method, host=host, port=port, target=target, number=number)
