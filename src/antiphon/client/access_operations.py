"""Who comes in, and what he did: keys, tokens, people, organisations, the audit."""

from __future__ import annotations

from typing import Any

from antiphon.client.asking import Answer, Asking, Request
from antiphon.client.asking import safe as _safe


class AccessOperations(Asking[Answer]):
    """Part of `Operations`."""

    def keys(self) -> Answer:
        return self._get("/keys")

    def create_key(self, name: str, role: str, *scopes: str, expires_at_ms: int | None = None) -> Answer:
        """With the key itself, which is shown this once."""
        body = {"name": name, "role": role, "scopes": list(scopes), "expires_at_ms": expires_at_ms}
        return self._post("/keys", body)

    def revoke_key(self, key_id: str) -> Answer:
        return self._delete(f"/keys/{_safe(key_id)}")

    def create_token(self, *scopes: str, life_s: int = 900, agent: str = "") -> Answer:
        """For a page in a browser."""
        return self._post("/tokens", {"scopes": list(scopes) or ["talk"], "life_s": life_s, "agent": agent})

    def create_client_secret(self, agent: str, *, life_s: int = 600, **session: Any) -> Answer:
        """For an OpenAI Realtime client that must not hold a key: it opens this agent."""
        wanted = {"type": "realtime", "model": agent, **session}
        return self._post(
            "/realtime/client_secrets", {"session": wanted, "expires_after": {"seconds": life_s}}
        )

    def entrance(self) -> Answer:
        """Where people sign in: `sign_in_page`, "" where keys are the only way."""
        return self._get("/entrance")

    def members(self) -> Answer:
        return self._get("/members")

    def invite(self, email: str, role: str) -> Answer:
        return self._post("/members", {"email": email, "role": role})

    def change_member(self, member_id: str, role: str) -> Answer:
        return self._send(Request(method="PATCH", path=f"/members/{_safe(member_id)}", body={"role": role}))

    def remove_member(self, member_id: str) -> Answer:
        """He comes in no more, from his next request on."""
        return self._delete(f"/members/{_safe(member_id)}")

    def organisations(self) -> Answer:
        """All of them for the default organisation, your own for any other."""
        return self._get("/organisations")

    def create_organisation(self, name: str) -> Answer:
        """With its owner's first key, which is shown this once."""
        return self._post("/organisations", {"name": name})

    def rename_organisation(self, organisation_id: str, name: str) -> Answer:
        path = f"/organisations/{_safe(organisation_id)}"
        return self._send(Request(method="PATCH", path=path, body={"name": name}))

    def close_organisation(self, organisation_id: str) -> Answer:
        """For good."""
        return self._delete(f"/organisations/{_safe(organisation_id)}")

    def audit(self, before: int | None = None, limit: int = 100) -> Answer:
        return self._get("/audit", before=before, limit=limit)
