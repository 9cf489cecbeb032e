"""The gate before every `/v1` route: who asks, may he, and a line in the audit before anything changes.

A route says what it needs with `needs(Permission.X)`; one that says nothing cannot be added. The gate runs
before the body is even read, so that strangers learn nothing from how their bodies are judged.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from antiphon.errors import AntiphonError
from antiphon.server.access.principal import Principal
from antiphon.server.access.roles import Permission
from antiphon.server.api.parts import ApiParts, parts_of
from antiphon.server.problems import Problem, status_of
from antiphon.storage.access import Deed

PERMISSION_KEY: Final = "x-permission"
_READS: Final = frozenset({"GET", "HEAD"})


def needs(permission: Permission) -> dict[str, Any]:
    """For `openapi_extra=`: the permission, which the OpenAPI document shows too."""
    return {PERMISSION_KEY: str(permission)}


class GatedRoute(APIRoute):
    """A route of the API."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        # FastAPI copies routes when routers are joined, and hands everything over again.
        self.permission = Permission((options.get("openapi_extra") or {})[PERMISSION_KEY])
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        handle = super().get_route_handler()

        async def gated(request: Request) -> Response:
            parts = parts_of(request)
            principal = await parts.entrance.admit(
                bearer(request.headers.get("authorization", "")),
                address=address_of(request),
                organisation=request.headers.get("antiphon-organisation", ""),
            )
            request.state.principal = principal
            if request.method in _READS:
                if not principal.may(self.permission):
                    raise _forbidden(self.permission)
                return await handle(request)
            return await self._audited(request, parts, principal, lambda: handle(request))

        return gated

    async def _audited(
        self, request: Request, parts: ApiParts, principal: Principal, act: Callable[[], Awaitable[Response]]
    ) -> Response:
        deed = Deed(
            organisation_id=principal.organisation_id,
            actor=principal.subject,
            action=self.name,
            target=request.path_params,
            address=address_of(request),
        )
        if not principal.may(self.permission):
            await parts.audit.begin(deed, outcome="denied")
            raise _forbidden(self.permission)
        number = await parts.audit.begin(deed)
        outcome = "500"
        try:
            response = await act()
            outcome = str(response.status_code)
            return response
        except (Problem, AntiphonError, HTTPException, RequestValidationError) as error:
            outcome = str(status_of(error))
            raise
        finally:
            await parts.audit.finish(number, outcome)


def bearer(header: str) -> str:
    """The credential of an Authorization header, "" when there is none.

    Raises:
        Problem: 401; it is of another scheme.
    """
    if not header:
        return ""
    scheme, _, credential = header.partition(" ")
    if scheme.lower() != "bearer" or not credential.strip():
        raise Problem(
            401, "the Authorization header is no bearer credential", fix="Authorization: Bearer KEY"
        )
    return credential.strip()


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def _forbidden(permission: Permission) -> Problem:
    return Problem(403, f"this needs the permission {permission}", fix="ask an owner of the organisation")


def principal_of(request: Request) -> Principal:
    principal: Principal = request.state.principal
    return principal


Who = Annotated[Principal, Depends(principal_of)]
Parts = Annotated[ApiParts, Depends(parts_of)]
