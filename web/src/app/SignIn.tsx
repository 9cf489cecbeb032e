import { type FormEvent, useState } from "react";
import { credential, problemFrom, request, signIn, signOut } from "../api/client";
import type { Me } from "../api/me";
import { useApi } from "../api/useApi";
import { Page } from "../components/Page";
import { goToSignIn } from "./oidc";

/** The server wants to know who asks. What is pasted stays in this tab and is gone when it closes. */
export function SignIn({ onSignedIn }: { onSignedIn(me: Me): void }) {
  const [shown, setShown] = useState("");
  const [refusal, setRefusal] = useState("");
  const [busy, setBusy] = useState(false);
  const provider = useApi<{ sign_in_page: string; client_id: string }>("/entrance").data;

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setRefusal("");
    signIn(shown.trim());
    try {
      onSignedIn(await request<Me>("/me"));
    } catch (error) {
      const problem = problemFrom(error);
      setRefusal(problem.status === 401 ? "The server does not know this key." : problem.detail);
      if (credential()) signOut();
      setBusy(false);
    }
  }

  return (
    <Page title="Sign in">
      {provider?.sign_in_page && (
        <p>
          <button type="button" className="primary" onClick={() => goToSignIn(provider.sign_in_page, provider.client_id)}>
            Sign in at {new URL(provider.sign_in_page).hostname}
          </button>
        </p>
      )}
      <form className="sign-in" onSubmit={(event) => void submit(event)}>
        <label htmlFor="credential">API key</label>
        <input
          id="credential"
          type="password"
          autoComplete="off"
          spellCheck={false}
          required
          value={shown}
          aria-describedby="credential-hint"
          aria-invalid={refusal !== ""}
          onChange={(event) => setShown(event.target.value)}
        />
        <p id="credential-hint" className="hint">
          <code>antiphon keys create NAME</code> makes one. It is kept in this tab only, until you close it.
        </p>
        {refusal && (
          <p className="refusal" role="alert">
            {refusal}
          </p>
        )}
        <button type="submit" className="primary" disabled={busy || !shown.trim()}>
          Sign in
        </button>
      </form>
    </Page>
  );
}
