import { type FormEvent, useState } from "react";
import { credential, problemFrom, request, signIn, signOut } from "../api/client";
import type { Me } from "../api/me";
import { useApi } from "../api/useApi";
import { Page } from "../components/Page";
import { Loading } from "../components/States";
import { goToSignIn } from "./oidc";

/** The server wants to know who asks. What is pasted stays in this tab and is gone when it closes. */
export function SignIn({ onSignedIn }: { onSignedIn(me: Me): void }) {
  const [shown, setShown] = useState("");
  const [refusal, setRefusal] = useState("");
  const [busy, setBusy] = useState(false);
  const provider = useApi<{ sign_in_page: string; client_id: string }>("/entrance");

  const page = provider.data?.sign_in_page;

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

  // A button that came in above the form would move it under the hand.
  if (provider.loading) return <Page title="Sign in"><Loading /></Page>;
  return (
    <Page title="Sign in">
      {page && (
        <p>
          <button type="button" className="primary" onClick={() => goToSignIn(page, provider.data?.client_id ?? "")}>
            Sign in at {new URL(page).hostname}
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
