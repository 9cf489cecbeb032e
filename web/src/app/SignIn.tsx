import { type FormEvent, useState } from "react";
import { forget, problemFrom, request, signIn } from "../api/client";
import type { Me } from "../api/me";
import { useApi } from "../api/useApi";
import { Page } from "../components/Page";
import { Loading } from "../components/States";
import { goToSignIn, signInBeside } from "./oidc";

/**
 * The server wants to know who asks. What is pasted stays in this tab and is gone when it closes.
 *
 * `again`: the page he was on is still there, so this tab goes nowhere; an identity provider is visited in a window.
 */
export function SignIn({ onSignedIn, again = false }: { onSignedIn(me: Me): void; again?: boolean }) {
  const [shown, setShown] = useState("");
  const [refusal, setRefusal] = useState("");
  const [busy, setBusy] = useState(false);
  const provider = useApi<{ sign_in_page: string; client_id: string }>("/entrance");

  const page = provider.data?.sign_in_page;

  async function enter(credential: string) {
    setBusy(true);
    setRefusal("");
    signIn(credential);
    try {
      onSignedIn(await request<Me>("/me"));
    } catch (error) {
      const problem = problemFrom(error);
      setRefusal(problem.status === 401 ? "The server does not know this key." : problem.detail);
      forget();
      setBusy(false);
    }
  }

  async function visit(address: string) {
    const clientId = provider.data?.client_id ?? "";
    if (!again) return goToSignIn(address, clientId);
    const token = await signInBeside(address, clientId);
    if (token) await enter(token);
    else setRefusal("Your browser opened no window to sign in. Allow windows for this page, and try again.");
  }

  // A button that came in above the form would move it under the hand.
  if (provider.loading) return <Page title="Sign in"><Loading /></Page>;
  return (
    <Page title="Sign in">
      {again && (
        <p role="status">Your session is over. Sign in again: your page is still there, with all you have typed.</p>
      )}
      {page && (
        <p>
          <button type="button" className="primary" onClick={() => void visit(page)}>
            Sign in at {new URL(page).hostname}
          </button>
        </p>
      )}
      <form className="sign-in" onSubmit={(event: FormEvent) => {
        event.preventDefault();
        void enter(shown.trim());
      }}>
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
