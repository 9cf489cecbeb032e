/**
 * Signing in with an identity provider: there with a link, back with an id token behind the `#`, which no server
 * or proxy on the way sees. OpenID Connect Core 1.0, 3.2 (implicit flow with `id_token` alone): we want to know who it
 * is, and no access to anything of his there. The server checks the token's signature; whether it answers our own
 * question (`state`, `nonce`) only this page can know.
 */

import { signIn } from "../api/client";

const place = "antiphon.signing-in";

type Question = { state: string; nonce: string; back: string };

/** Leaves the page. */
export function goToSignIn(page: string, clientId: string): void {
  const question: Question = { state: chance(), nonce: chance(), back: window.location.hash || "#/" };
  window.sessionStorage.setItem(place, JSON.stringify(question));
  window.location.assign(signInUrl(page, clientId, question, ownAddress()));
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

/** Called before anything is shown: takes the answer out of the address, and keeps it if it is ours. */
export function takeReturn(): void {
  const answer = new URLSearchParams(window.location.hash.slice(1));
  if (!answer.has("state") || !(answer.has("id_token") || answer.has("error"))) return;
  const question = questionOf(window.sessionStorage.getItem(place));
  window.sessionStorage.removeItem(place);
  const token = answer.get("id_token") ?? "";
  if (question && answers(token, answer.get("state") ?? "", question)) signIn(token);
  window.history.replaceState(null, "", `${ownAddress()}${question?.back ?? "#/"}`);
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
