/**
 * Signing in with an identity provider: there with a link, back with an id token behind the `#`, which no server
 * or proxy on the way sees. OpenID Connect Core 1.0, 3.2 (implicit flow with `id_token` alone): we want to know who it
 * is, and no access to anything of his there. The server checks the token's signature; whether it answers our own
 * question (`state`, `nonce`) only this page can know.
 */

import { signIn } from "../api/client";

const place = "antiphon.signing-in";

/** On which a window that was opened to sign in tells the tab that opened it. */
const channel = "antiphon.signed-in";

/** `beside`: asked in a window of its own. */
type Question = { state: string; nonce: string; back: string; beside?: true };

/** Leaves the page. */
export function goToSignIn(page: string, clientId: string): void {
  window.location.assign(addressOf(page, clientId, questionFrom()));
}

/** Keeps the page, and asks in a window; the token, or "" where no window came up. */
export function signInBeside(page: string, clientId: string): Promise<string> {
  const question: Question = { ...questionFrom(), beside: true };
  const answer = new BroadcastChannel(channel);
  // The window begins with a copy of what this tab keeps, the question too.
  const opened = window.open(addressOf(page, clientId, question), "_blank", "popup,width=520,height=680");
  window.sessionStorage.removeItem(place);
  return new Promise((resolve) => {
    const done = (token: string) => {
      answer.close();
      resolve(token);
    };
    if (!opened) return done("");
    answer.onmessage = ({ data }: MessageEvent<{ token: string; state: string }>) => {
      if (answers(data.token, data.state, question)) done(data.token);
    };
  });
}

function questionFrom(): Question {
  return { state: chance(), nonce: chance(), back: window.location.hash || "#/" };
}

function addressOf(page: string, clientId: string, question: Question): string {
  window.sessionStorage.setItem(place, JSON.stringify(question));
  return signInUrl(page, clientId, question, ownAddress());
}

export function signInUrl(page: string, clientId: string, question: Question, redirect: string): string {
  const url = new URL(page);
  const asked = {
    response_type: "id_token",
    response_mode: "fragment",
    scope: "openid email",
    client_id: clientId,
    redirect_uri: redirect,
    state: question.state,
    nonce: question.nonce,
  };
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  return url.toString();
}

/**
 * Called before anything is shown: takes the answer out of the address, and keeps it if it is ours. True: this is a
 * window beside the tab that asked, which has been told; there is nothing to show here.
 */
export function takeReturn(): boolean {
  const answer = new URLSearchParams(window.location.hash.slice(1));
  if (!answer.has("state") || !(answer.has("id_token") || answer.has("error"))) return false;
  const question = questionOf(window.sessionStorage.getItem(place));
  window.sessionStorage.removeItem(place);
  const token = answer.get("id_token") ?? "";
  const state = answer.get("state") ?? "";
  const ours = question !== null && answers(token, state, question);
  window.history.replaceState(null, "", `${ownAddress()}${question?.back ?? "#/"}`);
  if (ours && question.beside) {
    const told = new BroadcastChannel(channel);
    told.postMessage({ token, state });
    told.close();
    return true;
  }
  if (ours) signIn(token);
  return false;
}

export function answers(token: string, state: string, question: Question): boolean {
  return state === question.state && claimsOf(token).nonce === question.nonce;
}

function claimsOf(token: string): { nonce?: unknown } {
  try {
    const part = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(atob(part)) as { nonce?: unknown };
  } catch {
    return {};
  }
}

function questionOf(kept: string | null): Question | null {
  return kept ? (JSON.parse(kept) as Question) : null; // Written by us, in this tab.
}

function ownAddress(): string {
  return `${window.location.origin}${window.location.pathname}`;
}

function chance(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
