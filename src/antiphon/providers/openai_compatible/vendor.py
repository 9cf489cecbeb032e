"""The operator's own endpoint, and what public hosts of chat completions say of themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from antiphon.agents.ports import LanguageModel
from antiphon.providers.cloud import Access, Account, Offer, cloud_vendor
from antiphon.providers.openai_compatible.host import ANY, Host
from antiphon.providers.roles import Capabilities, Role, Vendor

SDK = "openai"
ACCOUNT = Account(
    vendor=ANY.name, sdk=SDK, extra=SDK, keys=("ANTIPHON_LLM_MODEL",), url="ANTIPHON_LLM_URL", needs_url=True
)


def vendor(environment: Mapping[str, str]) -> Vendor:
    """The operator's endpoint: its own model by the bare name, any other it serves by "/MODEL"."""
    offer = Offer(role=Role.LLM, name="", capabilities=Capabilities(tools=True), any_name=True)
    return cloud_vendor(ACCOUNT, environment, [offer], llm=_own_model)


def _own_model(model: str, access: Access) -> LanguageModel:
    from antiphon.providers.openai_compatible.settings import language_model_from_environment

    made = language_model_from_environment(f"{ANY.name}/{model}", access.environment)
    assert made is not None, "the address and the model are set, or it would not be made"
    return made


def hosted(host: Host, environment: Mapping[str, str], key: str, models: Sequence[str]) -> Vendor:
    """A public host that has nothing but language models: `models`, and any other it may serve."""
    account = Account(vendor=host.name, sdk=SDK, extra=SDK, keys=(key,))
    return cloud_vendor(
        account,
        environment,
        model_offers(models),
        llm=lambda model, access: hosted_model(host, model, access),
    )


def model_offers(models: Sequence[str]) -> list[Offer]:
    """Language models that take tools and charge less for a prompt they have seen."""
    capabilities = Capabilities(tools=True, prompt_cache=True)
    return [Offer(role=Role.LLM, name=name, capabilities=capabilities, any_name=True) for name in models]


def hosted_model(host: Host, model: str, access: Access) -> LanguageModel:
    """One model of a host, at its own address or the operator's."""
    from antiphon.providers.openai_compatible.llm import OpenAiCompatibleConfig, OpenAiCompatibleModel

    return OpenAiCompatibleModel(
        OpenAiCompatibleConfig(host=host, model=model, key=access.key, url=access.url)
    )
