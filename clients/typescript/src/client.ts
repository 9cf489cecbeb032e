/**
 * One method for each HTTP method, typed by the path: `antiphon.get("/v1/calls/{call_id}", { path: { call_id } })`.
 * What is wrong with a path, a parameter or a body is an error of the compiler; what the server refuses, an ApiError.
 */

import { type LiveEvent, listen } from "./events.js";
import { ApiError } from "./problem.js";
import type { components, paths } from "./schema.js";

export type Options = {
  /** Of the server; this machine's by default. */
  url?: string;
  /** An API key, or a token for a page. A server on this machine may want none. */
  key?: string;
  /** Of a person in several organisations. */
  organisation?: string;
  timeoutMs?: number;
  fetch?: typeof fetch;
  /** Node.js has one of its own from version 22 on. */
  webSocket?: typeof WebSocket;
};

type Method = "get" | "post" | "put" | "patch" | "delete";
/** The paths that know this method. */
type With<M extends Method> = {
  [Path in keyof paths]: paths[Path] extends Record<M, object> ? Path : never;
}[keyof paths];
type Operation<M extends Method, Path extends keyof paths> = paths[Path] extends Record<M, infer Found> ? Found : never;

type Needed<Part> = [Part] extends [never] ? unknown : Part;
type Parameters<Of> = Of extends { parameters: infer Given } ? Given : object;
type InPath<Of> = Parameters<Of> extends { path: infer Values } ? { path: Values } : unknown;
type InQuery<Of> = Parameters<Of> extends { query?: infer Values }
  ? [NonNullable<Values>] extends [never] ? unknown : { query?: NonNullable<Values> }
  : unknown;
type InHeader<Of> = Parameters<Of> extends { header: infer Values } ? { headers: Values } : { headers?: Record<string, string> };
type InBody<Of> = Of extends { requestBody: { content: { "application/json": infer Body } } }
  ? { body: Body }
  : Of extends { requestBody?: { content: { "application/json": infer Body } } }
    ? { body?: Body }
    : unknown;
/** What a request takes. */
type Given<Of> = Needed<InPath<Of>> & InQuery<Of> & InHeader<Of> & InBody<Of>;
type Arguments<Of> = object extends Given<Of> ? [given?: Given<Of>] : [given: Given<Of>];

type Json<Answer> = Answer extends { content: { "application/json": infer Body } } ? Body : undefined;
/** What comes back when all is well. */
type Answer<Of> = Of extends { responses: infer Found }
  ? Json<Found[keyof Found & (200 | 201 | 202 | 204)]>
  : never;

type Call = components["schemas"]["CallRow"];
type CallsWanted = NonNullable<InQuery<Operation<"get", "/v1/calls">> extends { query?: infer Q } ? Q : never>;

type Asked = {
  path?: Record<string, unknown>;
  query?: Record<string, unknown>;
  headers?: Record<string, unknown>;
  body?: unknown;
};

const defaultTimeoutMs = 30_000;

export class Antiphon {
  private readonly url: string;

  constructor(private readonly options: Options = {}) {
    this.url = (options.url ?? "http://127.0.0.1:8080").replace(/\/+$/, "");
  }

  get<Path extends With<"get">>(path: Path, ...given: Arguments<Operation<"get", Path>>): Promise<Answer<Operation<"get", Path>>> {
    return this.json("GET", path, given[0]);
  }

  post<Path extends With<"post">>(path: Path, ...given: Arguments<Operation<"post", Path>>): Promise<Answer<Operation<"post", Path>>> {
    return this.json("POST", path, given[0]);
  }

  put<Path extends With<"put">>(path: Path, ...given: Arguments<Operation<"put", Path>>): Promise<Answer<Operation<"put", Path>>> {
    return this.json("PUT", path, given[0]);
  }

  patch<Path extends With<"patch">>(path: Path, ...given: Arguments<Operation<"patch", Path>>): Promise<Answer<Operation<"patch", Path>>> {
    return this.json("PATCH", path, given[0]);
  }

  delete<Path extends With<"delete">>(path: Path, ...given: Arguments<Operation<"delete", Path>>): Promise<Answer<Operation<"delete", Path>>> {
    return this.json("DELETE", path, given[0]);
  }

  /** What is no JSON: recordings, traces. */
  async bytes<Path extends With<"get">>(path: Path, ...given: Arguments<Operation<"get", Path>>): Promise<ArrayBuffer> {
    return (await this.send("GET", path, given[0] as Asked | undefined)).arrayBuffer();
  }

  /** All calls that match, page by page. */
  async *everyCall(wanted: CallsWanted = {}): AsyncGenerator<Call, void, undefined> {
    let after = "";
    do {
      const page = await this.get("/v1/calls", { query: { ...wanted, after } });
      yield* page.calls;
      after = page.after;
    } while (after);
  }

  /** What happens, as it happens. */
  events(): AsyncGenerator<LiveEvent, void, undefined> {
    const make = this.options.webSocket ?? globalThis.WebSocket;
    if (!make) throw new TypeError("this Node.js has no WebSocket: give one as `webSocket`");
    return listen(make, `${this.url.replace(/^http/, "ws")}/v1/events`, this.options.key ?? "");
  }

  private async json<Body>(method: string, path: string, given: unknown): Promise<Body> {
    const response = await this.send(method, path, given as Asked | undefined);
    return (response.status === 204 ? undefined : await response.json().catch(() => undefined)) as Body;
  }

  private async send(method: string, path: string, given: Asked = {}): Promise<Response> {
    const { key, organisation, timeoutMs = defaultTimeoutMs } = this.options;
    const headers = new Headers({ accept: "application/json", ...(given.headers as Record<string, string>) });
    if (key) headers.set("authorization", `Bearer ${key}`);
    if (organisation) headers.set("antiphon-organisation", organisation);
    if (given.body !== undefined) headers.set("content-type", "application/json");
    const response = await (this.options.fetch ?? fetch)(this.address(path, given), {
      method,
      headers,
      signal: AbortSignal.timeout(timeoutMs),
      ...(given.body === undefined ? {} : { body: JSON.stringify(given.body) }),
    });
    if (!response.ok) throw await ApiError.of(response);
    return response;
  }

  private address(path: string, { path: values = {}, query = {} }: Asked): string {
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])));
    const shown = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
    const search = new URLSearchParams(shown.map(([name, value]) => [name, String(value)])).toString();
    return `${this.url}${filled}${search ? `?${search}` : ""}`;
  }
}
