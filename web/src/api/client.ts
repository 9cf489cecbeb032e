/** Requests to `/v1`. The credential lives in this tab only, and goes nowhere but into the Authorization header. */

const place = "antiphon.credential";

/** A problem document (RFC 9457), or what came instead of one. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly fix: string = "",
  ) {
    super(detail);
  }
}

type Values = Record<string, string | number | boolean | undefined | null>;

export type Asked = {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  query?: Values | undefined;
  body?: unknown;
  signal?: AbortSignal;
  /** Another credential than the one signed in with. */
  bearer?: string;
};

const signedOut = new EventTarget();

export function credential(): string {
  return window.sessionStorage.getItem(place) ?? "";
}

export function signIn(shown: string): void {
  window.sessionStorage.setItem(place, shown);
}

export function signOut(): void {
  leave("chosen");
}

/** Without telling anybody: what was shown was wrong. */
export function forget(): void {
  window.sessionStorage.removeItem(place);
}

function leave(why: Leaving): void {
  forget();
  signedOut.dispatchEvent(new CustomEvent<Leaving>("signed-out", { detail: why }));
}

/** Somebody wanted to, or the server no longer takes what we show. */
export type Leaving = "chosen" | "expired";

export function onSignedOut(told: (why: Leaving) => void): () => void {
  const hear = (event: Event) => told((event as CustomEvent<Leaving>).detail);
  signedOut.addEventListener("signed-out", hear);
  return () => signedOut.removeEventListener("signed-out", hear);
}

/** `/calls` with its query as the server wants it; what is empty is left out. */
export function apiPath(path: string, query: Values = {}): string {
  const known = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(known.map(([name, value]) => [name, String(value)])).toString();
  return `/v1${path}${text ? `?${text}` : ""}`;
}

/**
 * The raw answer, for sound and files.
 *
 * Throws ApiProblem when the server refuses or cannot be reached (status 0).
 */
export async function fetchApi(path: string, asked: Asked = {}): Promise<Response> {
  const headers: Record<string, string> = {};
  const shown = asked.bearer ?? credential();
  if (shown) headers.authorization = `Bearer ${shown}`;
  const init: RequestInit = { method: asked.method ?? "GET", headers, cache: "no-store", credentials: "omit" };
  if (asked.body !== undefined) {
    headers["content-type"] = "application/json";
    init.body = JSON.stringify(asked.body);
  }
  if (asked.signal) init.signal = asked.signal;
  let response: Response;
  try {
    response = await fetch(apiPath(path, asked.query), init);
  } catch (error) {
    if (asked.signal?.aborted) throw error;
    throw new ApiProblem(0, "The server cannot be reached.", "See whether `antiphon serve` is still running.");
  }
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (problem.status === 401 && shown && shown === credential()) leave("expired");
  throw problem;
}

/** One request, its answer as JSON; undefined where there is none (204). Throws ApiProblem. */
export async function request<T>(path: string, asked: Asked = {}): Promise<T> {
  const response = await fetchApi(path, asked);
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

async function problemOf(response: Response): Promise<ApiProblem> {
  try {
    const { detail, title, fix } = (await response.json()) as { detail?: string; title?: string; fix?: string };
    return new ApiProblem(response.status, detail || title || response.statusText, fix ?? "");
  } catch {
    return new ApiProblem(response.status, response.statusText || `status ${response.status}`);
  }
}

export function problemFrom(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem(0, error instanceof Error ? error.message : String(error));
}
