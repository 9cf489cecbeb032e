"""How a vendor describes itself, and what the registry makes of it: keys, extras, lazy imports."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

import pytest

from antiphon.agents.ports import Completion, Message, Tool
from antiphon.errors import ConfigError
from antiphon.providers.cloud import Access, Account, Offer, cloud_vendor
from antiphon.providers.registry import Registry
from antiphon.providers.roles import Capabilities, Role, Vendor

ACCOUNT = Account(vendor="acme", keys=("ACME_API_KEY|ACME_KEY",))


class Echo:
    def __init__(self, model: str, access: Access) -> None:
        self.model, self.access = model, access

    async def complete(
        self, messages: Sequence[Message], tools: Sequence[Tool], emit: Callable[[str], None]
    ) -> Completion:
        return Completion(text=self.model)


def acme(account: Account = ACCOUNT, *, any_name: bool = False) -> Callable[[Mapping[str, str]], Vendor]:
    offer = Offer(role=Role.LLM, name="small", capabilities=Capabilities(tools=True), any_name=any_name)
    return lambda environment: cloud_vendor(account, environment, [offer], llm=Echo)


def registry(environment: Mapping[str, str], vendor: Callable[[Mapping[str, str]], Vendor]) -> Registry:
    return Registry(environment=environment, vendors={"acme": vendor})


def state(environment: Mapping[str, str], account: Account) -> str:
    ((_, known),) = registry(environment, acme(account)).matrix(Role.LLM)
    return known.state


def test_a_key_that_is_not_set_is_named_with_its_alternatives() -> None:
    assert state({}, ACCOUNT) == "missing: set ACME_API_KEY or ACME_KEY"
    assert state({"ACME_KEY": "  "}, ACCOUNT) == "missing: set ACME_API_KEY or ACME_KEY"
    assert state({"ACME_KEY": "k"}, ACCOUNT) == "ready"


def test_every_key_and_an_address_without_a_default_are_needed() -> None:
    account = Account(vendor="acme", keys=("ACME_KEY", "ACME_REGION"), needs_url=True)
    assert state({"ACME_KEY": "k"}, account) == "missing: set ACME_REGION and ANTIPHON_ACME_URL"


@pytest.mark.parametrize("sdk", ["no_such_sdk", "no_such.nested.sdk"])
def test_an_sdk_that_is_not_installed_is_named_by_its_extra(sdk: str) -> None:
    account = Account(vendor="acme", sdk=sdk, extra="acme-voice")
    assert state({}, account) == "missing: pip install 'antiphon[acme-voice]'"


def test_what_cannot_be_used_is_not_made_and_says_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"acme/small cannot be used yet\n.*set ACME_API_KEY or ACME_KEY"):
        registry({}, acme()).llm("acme/small")


def test_a_maker_gets_the_key_and_the_other_address_and_is_asked_once() -> None:
    environment = {"ACME_KEY": "secret", "ANTIPHON_ACME_URL": "http://127.0.0.1:9"}
    ours = registry(environment, acme())
    made = ours.llm("acme/small")
    assert isinstance(made, Echo)
    assert (made.model, made.access.key, made.access.url) == ("small", "secret", "http://127.0.0.1:9")
    assert "secret" not in repr(made.access)
    assert ours.llm("acme/small") is made


def test_a_vendor_that_takes_any_name_is_asked_for_any_name() -> None:
    made = registry({"ACME_KEY": "k"}, acme(any_name=True)).llm("acme/family/large:7b")
    assert isinstance(made, Echo)
    assert made.model == "family/large:7b"
    with pytest.raises(ConfigError, match="did you mean"):
        registry({"ACME_KEY": "k"}, acme()).llm("acme/smal")


def test_the_matrix_shows_extra_variables_and_capabilities() -> None:
    account = Account(vendor="acme", sdk="json", keys=("ACME_KEY",))
    ((name, known),) = registry({}, acme(account)).matrix(Role.LLM)
    assert (name, known.extra, known.variables, known.licence) == (
        "acme/small", "acme", ("ACME_KEY",), "service",
    )  # fmt: skip
    assert known.capabilities.tools
    assert not known.is_ready


def test_a_vendor_is_not_even_looked_at_until_one_of_its_names_is_asked_for() -> None:
    def explode(environment: Mapping[str, str]) -> Vendor:
        raise AssertionError("nobody asked for it")

    with pytest.raises(ConfigError, match="there is no llm"):
        Registry(environment={}, vendors={}).llm("acme/small")
    assert registry({}, explode).knows(Role.STT, "local/whisper-tiny.en")


def test_listing_every_vendor_imports_no_sdk() -> None:
    sdks = ("openai", "anthropic", "deepgram", "assemblyai", "elevenlabs", "cartesia", "google.genai")
    more = ("google.cloud.speech", "azure.cognitiveservices.speech", "riva", "pyht", "livekit")
    code = (
        "import sys\nfrom antiphon.providers.registry import Registry\n"
        "from antiphon.providers.roles import Role\nregistry = Registry(environment={})\n"
        f"[registry.matrix(role) for role in Role]\nprint({set(sdks + more)} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
