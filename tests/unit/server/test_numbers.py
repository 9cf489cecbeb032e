"""`antiphon numbers` as it is typed, for every carrier, against the carrier's documented interface."""

from __future__ import annotations

import argparse

import pytest
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.transfer_carriers import TRANSFER_CARRIERS

from antiphon.errors import ConfigError
from antiphon.server.operating.command import register
from antiphon.server.operating.number_accounts import CarrierAccount

PUBLIC = "https://voice.example.com"


def typed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())
    return parser.parse_args(["numbers", *words])


@pytest.mark.parametrize("carrier", TRANSFER_CARRIERS)
async def test_a_number_is_searched_bought_configured_listed_and_released(
    carrier: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = TRANSFER_CARRIERS[carrier]()
    # Where an application has one address for all its numbers, it has been set in the carrier's portal.
    for setting in ("answer_url", "voice_url"):
        if hasattr(made.account, setting):
            setattr(made.account, setting, f"{PUBLIC}/calls/{carrier}/clinic")
    async with HttpVendor(wire=made.account, answers_get=True) as vendor:
        control = made.control(vendor.url)

        async def said(*words: str) -> str:
            args = typed(*words)
            assert await args.act(CarrierAccount(control, PUBLIC), args) == 0
            return capsys.readouterr().out

        found = await said("search", "US", "--area", "415")
        assert "+14155550100" in found
        bought = await said("buy", "+1 415 555 0100", "--agent", "clinic")
        assert bought == "+14155550100 is answered by clinic\n"
        listed = await said("list")
        assert "+14155550100" in listed and f"{PUBLIC}/calls/{carrier}/clinic" in listed
        assert "clinic" in await said("configure", "+14155550100", "--agent", "clinic")
        assert "released" in await said("release", "+14155550100")
        assert "no numbers" in await said("list")
        with pytest.raises(ConfigError, match="not a number of this account"):
            await said("release", "+14155550100")
        await control.close()


async def test_without_a_public_address_nothing_is_bought() -> None:
    made = TRANSFER_CARRIERS["plivo"]()
    async with HttpVendor(wire=made.account, answers_get=True) as vendor:
        control = made.control(vendor.url)
        args = typed("buy", "+14155550100", "--agent", "clinic")
        with pytest.raises(ConfigError, match="how the carrier reaches us"):
            await args.act(CarrierAccount(control, ""), args)
        assert not vendor.requests
        await control.close()
