"""How a vendor behind a network describes itself: one `Account`, a list of `Offer`, a maker per role.

Nothing here imports an SDK, and a vendor's own `vendor.py` must not either: adapters are imported by the
makers, when somebody wants one.

    ACCOUNT = Account(vendor="acme", sdk="acme_sdk", keys=("ACME_API_KEY",))

    def vendor(environment: Mapping[str, str]) -> Vendor:
        return cloud_vendor(ACCOUNT, environment, OFFERS, stt=_stt)

    def _stt(model: str, access: Access) -> SpeechToText:
        from antiphon.providers.acme.stt import AcmeStt
        return AcmeStt(model, access.key, access.url)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TypeVar

from antiphon.agents.ports import LanguageModel
from antiphon.errors import ConfigError
from antiphon.providers.roles import Capabilities, Known, Role, Vendor, fitting
from antiphon.speech.ports import BatchTranscription, SpeechToSpeech, SpeechToText, TextToSpeech

T = TypeVar("T")

LICENCE = "service"
READY = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What it takes to use a vendor at all.

    Attributes:
        vendor: Prefix of its names, also the extra unless `extra` says otherwise.
        sdk: Import name that must be there ("deepgram", "google.genai"); "" when we speak its wire ourselves.
        keys: Environment variables, every one of them needed; "A|B" means either will do.
        url: Variable with another address to use, for a proxy, a region or a test; its value is handed to
            the makers. Made from the vendor's name unless given.
        needs_url: There is no public address: without the variable it cannot be used.
    """

    vendor: str
    sdk: str = ""
    keys: tuple[str, ...] = ()
    extra: str = ""
    url: str = ""
    needs_url: bool = False

    @property
    def url_variable(self) -> str:
        return self.url or f"ANTIPHON_{self.vendor.upper().replace('-', '_')}_URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One name of one role. `sdk` and `extra` replace the account's where set: some vendors have several.
    `instead`: The vendor sells no such thing, and this is what to do; the name only keeps its place."""

    role: Role
    name: str
    capabilities: Capabilities = field(default_factory=Capabilities)
    any_name: bool = False
    sdk: str = ""
    extra: str = ""
    instead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a maker gets. `key` is the first of the account's keys, `url` "" for the vendor's own address;
    further settings are in `environment`."""

    key: str = field(default="", repr=False)
    url: str = ""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def get(self, keys: str) -> str:
        """The value of a variable, or of the first that is set of "A|B"; "" when none is."""
        return _value(self.environment, keys)


def cloud(module: str) -> Callable[[Mapping[str, str]], Vendor]:
    """A line of the registry: `module` has `vendor(environment) -> Vendor`, imported when first asked for."""

    def load(environment: Mapping[str, str]) -> Vendor:
        vendor: Vendor = import_module(module).vendor(environment)
        return vendor

    return load


def cloud_vendor(
    account: Account,
    environment: Mapping[str, str],
    offers: Sequence[Offer],
    *,
    stt: Callable[[str, Access], SpeechToText] | None = None,
    tts: Callable[[str, Access], tuple[TextToSpeech, str]] | None = None,
    llm: Callable[[str, Access], LanguageModel] | None = None,
    speech_to_speech: Callable[[str, Access], SpeechToSpeech] | None = None,
    batch_stt: Callable[[str, Access], BatchTranscription] | None = None,
) -> Vendor:
    """A vendor whose makers are called only when its SDK and its keys are there, and once per name: what
    they give is shared by all calls, so that its connections stay warm."""
    reach = _Reach(account, environment, tuple(offers))
    return Vendor(
        known=reach.known,
        stt=reach.made(Role.STT, stt),
        tts=reach.made(Role.TTS, tts),
        llm=reach.made(Role.LLM, llm),
        speech_to_speech=reach.made(Role.SPEECH_TO_SPEECH, speech_to_speech),
        batch_stt=reach.made(Role.BATCH_STT, batch_stt),
    )


class _Reach:
    """One vendor as far as this process can reach it."""

    def __init__(self, account: Account, environment: Mapping[str, str], offers: tuple[Offer, ...]) -> None:
        self._account, self._environment, self._offers = account, environment, offers

    def known(self, role: Role) -> tuple[Known, ...]:
        return tuple(self._known(offer) for offer in self._offers if offer.role is role)

    def made(self, role: Role, maker: Callable[[str, Access], T] | None) -> Callable[[str], T] | None:
        if maker is None:
            return None

        @cache
        def make(name: str) -> T:
            self._require(role, name)
            return maker(name, self._access())

        return make

    def _known(self, offer: Offer) -> Known:
        return Known(
            name=offer.name,
            licence=LICENCE,
            state=f"missing: {fix}" if (fix := self._missing(offer)) else READY,
            capabilities=offer.capabilities,
            any_name=offer.any_name,
            extra=self._extra(offer),
            variables=self._variables(),
        )

    def _variables(self) -> tuple[str, ...]:
        url = (self._account.url_variable,) if self._account.needs_url else ()
        return (*self._account.keys, *url)

    def _missing(self, offer: Offer) -> str:
        """How to put right what is missing; "" when nothing is."""
        if offer.instead:
            return offer.instead
        sdk, wanted = offer.sdk or self._account.sdk, list[str]()
        if sdk and not is_importable(sdk):
            wanted.append(f"pip install 'antiphon[{self._extra(offer)}]'")
        unset = [keys for keys in self._variables() if not _value(self._environment, keys)]
        if unset:
            wanted.append(f"set {' and '.join(keys.replace('|', ' or ') for keys in unset)}")
        return ", and ".join(wanted)

    def _extra(self, offer: Offer) -> str:
        if not (offer.sdk or self._account.sdk):
            return ""
        return offer.extra or self._account.extra or self._account.vendor

    def _require(self, role: Role, name: str) -> None:
        offer = fitting([offer for offer in self._offers if offer.role is role], name)
        assert offer is not None, "the registry asks for no other"
        if fix := self._missing(offer):
            raise ConfigError(f"{self._account.vendor}/{name} cannot be used yet", fix=fix)

    def _access(self) -> Access:
        keys = self._account.keys
        return Access(
            key=_value(self._environment, keys[0]) if keys else "",
            url=self._environment.get(self._account.url_variable, "").strip(),
            environment=self._environment,
        )


def is_importable(name: str) -> bool:
    """Whether a module is installed, without importing it or a package it is in."""
    path: Sequence[str] | None = None
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        try:
            spec = PathFinder.find_spec(".".join(parts[:length]), path)
        except KeyError:  # A namespace in a namespace ("google.cloud") that nobody has imported yet.
            places = [Path(place) / parts[length - 1] for place in path or ()]
            path = [str(place) for place in places if place.is_dir()]
            continue
        if spec is None:
            return False
        path = spec.submodule_search_locations or ()
    return True


def _value(environment: Mapping[str, str], keys: str) -> str:
    return next((value for key in keys.split("|") if (value := environment.get(key, "").strip())), "")
