"""The OpenAPI document, and an attacker with a fuzzer: no server error, nothing but what is documented."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient
from tests.doubles.api_world import BASE, CALL, LIVE, OUTSIDE, api_world

from antiphon.server.access.roles import Role
from antiphon.server.api.document import openapi_document

# `ANTIPHON_FUZZ_EXAMPLES=500` looks further; the suite has to stay quick.
EXAMPLES = int(os.environ.get("ANTIPHON_FUZZ_EXAMPLES", "5"))
