"""What Riva offers, and what it takes: a server of one's own by its address, or NVIDIA's with a key and the
function that runs the model. Languages: "Support Matrix" of the Speech NIM, read 2026-11-25."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from antiphon.errors import ConfigError
from antiphon.providers.cloud import Access, Account, Offer, cloud_vendor
from antiphon.providers.riva.wire import BOOST, DEFAULT_MODEL, ENDPOINTING_FIELDS, LANGUAGES
from antiphon.providers.roles import Capabilities, Role, Vendor
from antiphon.speech.ports import SpeechToText

_URL, _KEY, _FUNCTION = "ANTIPHON_RIVA_URL", "NVIDIA_API_KEY", "RIVA_FUNCTION_ID"
_BOOST, _ENDPOINTING, _CA_FILE = "RIVA_BOOST", "RIVA_ENDPOINTING", "RIVA_CA_FILE"
CLOUD_URL = "https://grpc.nvcf.nvidia.com:443"

ACCOUNT = Account(vendor="riva", sdk="riva.client", keys=(f"{_URL}|{_KEY}", f"{_URL}|{_FUNCTION}"), url=_URL)

OFFERS = (
    Offer(
        role=Role.STT,
        name=DEFAULT_MODEL,
        capabilities=Capabilities(
            languages=LANGUAGES,
            sample_rates_hz=(8_000, 16_000),
            word_times=True,
            partials=True,
            vocabulary=True,
            turn_events=True,
        ),
        any_name=True,
    ),
)


def vendor(environment: Mapping[str, str]) -> Vendor:
    return cloud_vendor(ACCOUNT, environment, OFFERS, stt=_stt)


def _stt(model: str, access: Access) -> SpeechToText:
    from antiphon.providers.riva.stt import RivaConfig, RivaStt

    url = access.url or CLOUD_URL
    secure = RivaConfig(url=url).is_secure
    config = RivaConfig(
        url=url,
        key=access.get(_KEY) if secure else "",  # Never in the clear.
        function_id=access.get(_FUNCTION) if secure else "",
        ca_file=_file(_CA_FILE, access.get(_CA_FILE)),
        boost=_number(_BOOST, access.get(_BOOST) or str(BOOST)),
        endpointing=endpointing(access.get(_ENDPOINTING)),
    )
    return RivaStt(model, config)


def endpointing(text: str) -> dict[str, float]:
    """ "stop_history=800, stop_threshold=0.98" as fields of Riva's `EndpointingConfig`.

    Raises:
        ConfigError: No such field, or not its value.
    """
    found: dict[str, float] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (part.strip() for part in pair.partition("="))
        if name not in ENDPOINTING_FIELDS:
            known = ", ".join(ENDPOINTING_FIELDS)
            raise ConfigError(f'Riva has no endpointing setting "{name}"', where=_ENDPOINTING, fix=known)
        found[name] = _number(_ENDPOINTING, value)
        if name.startswith(("start_threshold", "stop_threshold")) and found[name] > 1:
            raise ConfigError(f"{name} is a part of one", where=_ENDPOINTING, fix=f"{name}=0.98")
    return found


def _file(where: str, path: str) -> str:
    if path and not Path(path).is_file():
        raise ConfigError(
            f"there is no file {path}", where=where, fix="the PEM of your certificate authority"
        )
    return path


def _number(where: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 100_000:
        raise ConfigError(f'"{text}" is not a number that Riva takes', where=where, fix="a number: 20")
    return number
