from __future__ import annotations

from xml.etree import ElementTree

import pytest
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Connect, Dial, Stream, VoiceResponse

from antiphon.calls.twilio import after_stream_twiml, inbound_twiml, verify_signature
from antiphon.calls.twilio.control import reject_twiml

URL = "https://voice.example.com/calls/twilio/clinic"
FORM = {"CallSid": "CA1", "From": "+14155550100", "To": "+18005550100", "Empty": "", "Ünïcode": "naïve & co"}


def canonical(xml: str) -> str:
    return ElementTree.canonicalize(xml, strip_text=True)


def test_inbound_twiml_is_what_the_vendors_library_makes() -> None:
    expected = VoiceResponse()
    connect = Connect(action="https://voice.example.com/after?a=1&b=2", method="POST")
    stream = Stream(url="wss://voice.example.com/calls/twilio/clinic/media")
    stream.parameter(name="token", value="abc.def")
    stream.parameter(name="note", value='"<&>')
    connect.append(stream)
    expected.append(connect)
    ours = inbound_twiml(
        stream_url="wss://voice.example.com/calls/twilio/clinic/media",
        token="abc.def",
        after_url="https://voice.example.com/after?a=1&b=2",
        parameters={"note": '"<&>'},
    )
    assert canonical(ours) == canonical(str(expected))


def test_without_an_address_for_after_the_call_ends_with_the_stream() -> None:
    twiml = inbound_twiml(stream_url="wss://h/calls/twilio/a/media", token="t")
    assert ElementTree.fromstring(twiml)[0].attrib == {}


def test_after_an_escalation_the_person_is_dialled() -> None:
    expected = VoiceResponse()
    dial = Dial(caller_id="+18005550100", timeout=25)
    dial.number("+14155550123")
    expected.append(dial)
    expected.hangup()
    assert canonical(after_stream_twiml(dial="+14155550123", caller_id="+18005550100")) == canonical(
        str(expected)
    )


def test_after_any_other_end_the_call_is_hung_up() -> None:
    expected = VoiceResponse()
    expected.hangup()
    assert canonical(after_stream_twiml()) == canonical(str(expected))


def test_a_call_can_be_rejected_before_it_is_answered() -> None:
    expected = VoiceResponse()
    expected.reject(reason="busy")
    assert canonical(reject_twiml()) == canonical(str(expected))


@pytest.mark.parametrize(
    "url",
    [
        URL,
        URL + "?x=1&y=2",
        "https://voice.example.com:8443/a",
        "http://voice.example.com/a",
        "wss://h.example/m",
    ],
)
def test_signatures_agree_with_the_vendors_validator(url: str) -> None:
    vendor = RequestValidator("secret")
    signature = vendor.compute_signature(url, FORM)
    assert vendor.validate(url, FORM, signature)
    assert verify_signature("secret", url, FORM, signature)


def test_the_url_may_have_been_signed_with_or_without_its_port() -> None:
    vendor = RequestValidator("secret")
    with_port = "https://voice.example.com:443/calls"
    without = "https://voice.example.com/calls"
    assert verify_signature("secret", without, FORM, vendor.compute_signature(with_port, FORM))
    assert verify_signature("secret", with_port, FORM, vendor.compute_signature(without, FORM))


def test_any_change_breaks_the_signature() -> None:
    signature = RequestValidator("secret").compute_signature(URL, FORM)
    assert not verify_signature("secret", URL + "/", FORM, signature)
    assert not verify_signature("secret", URL, FORM | {"From": "+14155550199"}, signature)
    assert not verify_signature("other", URL, FORM, signature)
    assert not verify_signature("secret", URL, FORM, signature[:-2] + "A=")
    assert not verify_signature("secret", URL, FORM, "")
    assert not verify_signature("secret", URL, FORM, "ü")


def test_an_unset_token_never_verifies() -> None:
    assert not verify_signature("", URL, FORM, RequestValidator("").compute_signature(URL, FORM))


def test_a_parameter_given_twice_counts_each_value_once_in_order() -> None:
    class Multi(dict[str, list[str]]):
        def getlist(self, name: str) -> list[str]:
            return self[name]

    form = Multi({"Digit": ["2", "1", "2"], "CallSid": ["CA1"]})
    signature = RequestValidator("secret").compute_signature(URL, form)
    assert verify_signature("secret", URL, form, signature)
