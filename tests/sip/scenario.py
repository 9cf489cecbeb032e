"""sipp scenarios from a line of words: "INVITE 180? 200 ACK tone pause BYE 200".

A number is a response we expect ("180?": that may come), a word in capitals a request we send, "<BYE" one we
expect, "=200" our answer to it. "tone" streams RTP, "pause" lasts as long as the run says, "pause:50" 50 ms.
"HOLD" and "RESUME" are re-INVITEs, "TIMED:90" is an INVITE that insists on session timers. "REFER:sip:…"
asks for a transfer, "NOTIFY:200" says how one went. Cf. sipp's reference, "Create your own XML scenarios".
"""

from __future__ import annotations

_HEAD = """{method} {uri} SIP/2.0
{via}
From: {own}
To: {other}
Call-ID: [call_id]
CSeq: {number} {cseq}
Contact: <sip:sipp@[local_ip]:[local_port]>
Max-Forwards: 70
"""
_TARGET = "sip:[service]@[remote_ip]:[remote_port]"
_CALLER = '"A caller" <sip:+15550100@[local_ip]:[local_port]>;tag=[pid]t[call_number]'
# Of the INVITE that called us: who, whom, and where its sender wants to be answered.
_NOTED = """<recv request="INVITE"><action>
<ereg regexp=".*" search_in="hdr" header="From:" assign_to="other"/>
<ereg regexp=".*" search_in="hdr" header="To:" assign_to="own"/>
<ereg regexp="sip:[^>]*" search_in="hdr" header="Contact:" assign_to="contact"/>
</action></recv>"""
_NEW_VIA = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]"
_SAME_VIA = "[last_Via:]"
_SDP = """v=0
o=user 53655765 {version} IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP {codec} 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a={direction}
"""
_REPLY = """SIP/2.0 {code} Ok
[last_Via:]
[last_From:]
[last_To:]{to_tag}
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[service]@[local_ip]:[local_port]>
"""
_BODY = "Content-Type: application/sdp\nContent-Length: [len]\n\n{sdp}"
_EMPTY = "Content-Length: 0\n\n"
_NOTIFY = """Event: refer
Subscription-State: terminated;reason=noresource
Content-Type: message/sipfrag;version=2.0
Content-Length: [len]

SIP/2.0 {status} Outcome
"""
_OWN_TAG = ";tag=[pid]called[call_number]"


def scenario(words: str, *, codec: int = 8, routed: bool = False) -> str:
    """The XML of it. PCMA is payload type 8, PCMU 0. `routed`: there is a proxy that stays in the call."""
    steps = _Steps(codec, routed)
    parts = [steps.step(word) for word in words.split()]
    if "<INVITE" in words:  # sipp takes a variable that nobody uses for a mistake.
        parts.append('<Reference variables="own,other,contact"/>')
    head = '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="words">'
    return "\n".join([head, *parts, "</scenario>"])


class _Steps:
    def __init__(self, codec: int, routed: bool) -> None:
        self._codec, self._routed = codec, routed
        self._number = 0
        self._version = 1
        self._called = False  # They called us: the first thing we expected was an INVITE.
        self._answered = False

    def step(self, word: str) -> str:
        name, _, value = word.partition(":")
        if word[0] == "<":
            if word == "<INVITE":
                self._called = True
                return _NOTED
            return f'<recv request="{word[1:]}"/>'
        if word[0] == "=":
            return self._send(self._reply(int(word[1:])))
        if word.rstrip("?").isdigit():
            optional = ' optional="true"' if word.endswith("?") else ""
            self._answered = self._answered or word == "200"
            routes = ' rrs="true"' if self._routed and word == "200" else ""
            return f'<recv response="{word.rstrip("?")}"{optional}{routes}/>'
        match name:
            case "pause":
                return f'<pause milliseconds="{value}"/>' if value else "<pause/>"
            case "tone":
                payload = f"tone.al,-1,{self._codec}"
                return f'<nop><action><exec rtp_stream="{payload}"/></action></nop>'
        return self._send(self._request(name, value), retransmit=name != "ACK")

    def _request(self, name: str, value: str) -> str:
        method = "INVITE" if name in {"HOLD", "RESUME", "TIMED"} else name
        if method not in {"ACK", "CANCEL"}:
            self._number += 1
        to_tag = "" if method == "CANCEL" or name in {"INVITE", "TIMED"} else "[peer_tag_param]"
        routed = self._routed and self._answered
        text = _HEAD.format(
            method=method,
            cseq=method,
            number=self._number,
            via=_SAME_VIA if method == "CANCEL" or (method == "ACK" and not self._answered) else _NEW_VIA,
            uri="[$contact]" if self._called else "[next_url]" if routed else _TARGET,
            own=f"[$own]{_OWN_TAG}" if self._called else _CALLER,
            other="[$other]" if self._called else f"<{_TARGET}>{to_tag}",
        )
        if routed:
            text += "[routes]\n"
        if name == "REFER":
            text += f"Refer-To: <{value}>\n"
        if name == "TIMED":
            text += f"Supported: timer\nRequire: timer\nSession-Expires: {value}\n"
        if name == "NOTIFY":
            return text + _NOTIFY.format(status=value)
        if method != "INVITE":
            return text + _EMPTY
        return text + _BODY.format(sdp=self._sdp("sendonly" if name == "HOLD" else "sendrecv"))

    def _reply(self, code: int) -> str:
        text = _REPLY.format(code=code, to_tag=_OWN_TAG if self._called and not self._answered else "")
        if self._called and code == 200 and not self._answered:
            self._answered = True
            return text + _BODY.format(sdp=self._sdp("sendrecv"))
        return text + _EMPTY

    def _sdp(self, direction: str) -> str:
        self._version += 1
        return _SDP.format(direction=direction, codec=self._codec, version=self._version)

    def _send(self, text: str, *, retransmit: bool = False) -> str:
        retrans = ' retrans="500"' if retransmit else ""
        return f"<send{retrans}><![CDATA[\n{text}]]></send>"
