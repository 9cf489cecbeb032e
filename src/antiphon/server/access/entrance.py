"""From what a request shows to who it is. Answers are the same for every kind of wrong: nothing to learn."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from antiphon.server.access.limits import Rate, RateLimit
from antiphon.server.access.oidc import OidcIssuer, Person
from antiphon.server.access.principal import Principal
from antiphon.server.access.roles import PERMISSIONS, Role, allowed, scopes_named
from antiphon.server.access.settings import AccessSettings
from antiphon.server.access.tokens import BrowserTokens
from antiphon.server.problems import Problem
from antiphon.storage.access import DEFAULT_ORGANISATION, KEY_PREFIX, ApiKey, ApiKeys, Member, Organisations

log = structlog.get_logger(__name__)

CREDENTIAL_MAX_CHARS = 8192
WRONG = Rate(per_minute=20, burst=20)
_FIX = "send `Authorization: Bearer KEY`; `antiphon keys create NAME` makes a key"


class Entrance:
    """Proves who asks, and counts how often he asks."""

    def __init__(
        self,
        settings: AccessSettings,
        *,
        keys: ApiKeys,
        organisations: Organisations,
        tokens: BrowserTokens,
        issuer: OidcIssuer | None = None,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._organisations = organisations
        self._tokens = tokens
        self._issuer = issuer
        self._asking = RateLimit(settings.rate)
        self._wrong = RateLimit(WRONG)

    async def admit(self, credential: str, *, address: str, organisation: str = "") -> Principal:
        """Who shows this credential.

        Args:
            credential: "" where none is shown.
            address: Where from; those who guess are slowed down by it.
            organisation: Which of his, of a person who is in several; "" for his first.

        Raises:
            Problem: 401 for any kind of wrong credential; 429 for too many, or too many requests.
        """
        if not credential:
            if not self._settings.local_is_owner:
                raise Problem(401, "who asks is not known", fix=_FIX)
            principal: Principal | None = LOCAL_OWNER
        else:
            principal = await self._proved(credential, organisation)
        if principal is None:
            raise self.refusal(address)
        # A page's visitor who floods us floods himself, not the other visitors of that site.
        who = principal.subject if principal.kind == "token" else principal.key_id or principal.subject
        self._slow(self._asking.wait_s(who))
        return principal

    def refusal(self, address: str, why: str = "this credential is not valid") -> Problem:
        """For whoever shows a wrong one; those who guess are slowed down.

        Raises:
            Problem: 429.
        """
        # Good credentials from the same address (a company's, a proxy's) are not held up by bad ones.
        self._slow(self._wrong.wait_s(address))
        log.warning("credential_refused", address=address)
        return Problem(401, why, fix=_FIX)

    async def still_good(self, principal: Principal) -> bool:
        """Of a connection that has been open for a while, or of what was made some time ago: its key has not
        been revoked meanwhile, nor its organisation closed."""
        if principal.key_id and not await self._keys.is_good(principal.key_id):
            return False
        ours = principal.organisation_id == DEFAULT_ORGANISATION
        return ours or await self._organisations.is_open(principal.organisation_id)

    async def sign_in_page(self) -> tuple[str, str]:
        """Where people sign in and who we are there; ("", "") where they do not come by OIDC.

        Raises:
            AntiphonError: The identity provider cannot be asked.
        """
        return await self._issuer.sign_in_page() if self._issuer is not None else ("", "")

    def _slow(self, wait_s: float) -> None:
        if wait_s > 0:
            raise Problem(429, "too many requests", retry_after_s=wait_s)

    async def _proved(self, credential: str, organisation: str) -> Principal | None:
        if len(credential) > CREDENTIAL_MAX_CHARS or not credential.isascii():
            return None
        if credential.startswith(KEY_PREFIX):
            key = await self._keys.proved(credential)
            return None if key is None else _of_key(key)
        principal = self._tokens.read(credential)
        if principal is not None:
            return principal if await self.still_good(principal) else None
        person = await self._issuer.person(credential) if self._issuer is not None else None
        return await self._member(person, organisation) if person is not None else None

    async def _member(self, person: Person, organisation: str) -> Principal | None:
        known = await self._organisations.memberships(person.issuer, person.subject, person.email)
        member = _chosen(known, organisation)
        if member is None:
            return None
        return Principal(
            kind="person",
            subject=f"person:{member.email}",
            organisation_id=member.organisation_id,
            permissions=PERMISSIONS[Role(member.role)],
            good_until_ms=person.good_until_ms,
        )


LOCAL_OWNER = Principal(
    kind="local",
    subject="local",
    organisation_id=DEFAULT_ORGANISATION,
    permissions=PERMISSIONS[Role.OWNER],
)


def _chosen(known: Sequence[Member], organisation: str) -> Member | None:
    if not organisation:
        return known[0] if known else None
    return next((member for member in known if member.organisation_id == organisation), None)


def _of_key(key: ApiKey) -> Principal:
    return Principal(
        kind="key",
        subject=f"key:{key.id}",
        organisation_id=key.organisation_id,
        permissions=allowed(Role(key.role), scopes_named(key.scopes)),
        key_id=key.id,
        good_until_ms=key.expires_at_ms,
    )
