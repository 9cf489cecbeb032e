/** Run by tests/conformance/test_typescript_client.py against a real server: what it finds, a JSON line each. */

import { Antiphon, ApiError, EventsClosed } from "../src/index.js";

declare const process: { env: Record<string, string | undefined> };

const say = (name: string, value: unknown) => console.log(JSON.stringify([name, value]));
const { URL: url = "", KEY: key = "" } = process.env;
const antiphon = new Antiphon({ url, key });

say("me", (await antiphon.get("/v1/me")).organisation);
say("agents", (await antiphon.get("/v1/agents")).agents.map((agent) => agent.name));

const seen: string[] = [];
for await (const call of antiphon.everyCall({ limit: 1, agent: "clinic" })) seen.push(call.call_id);
say("calls", seen);

const first = seen[0] ?? "";
say("call", (await antiphon.get("/v1/calls/{call_id}", { path: { call_id: first } })).call_id);
say("trace", (await antiphon.bytes("/v1/calls/{call_id}/trace", { path: { call_id: first } })).byteLength > 1000);
await antiphon.post("/v1/calls/{call_id}/feedback", { path: { call_id: first }, body: { rating: 5, source: "reviewer" } });
const made = await antiphon.post("/v1/tokens", { body: { scopes: ["talk"], agent: "clinic" } });
say("scopes", made.scopes);

try {
  await antiphon.get("/v1/calls/{call_id}", { path: { call_id: "no/such call" } });
} catch (error) {
  if (!(error instanceof ApiError)) throw error;
  say("refused", [error.status, error.detail]);
}
try {
  await new Antiphon({ url, key: "apk_wrong" }).get("/v1/me");
} catch (error) {
  if (!(error instanceof ApiError)) throw error;
  say("stranger", [error.status, error.fix !== ""]);
}

for await (const event of antiphon.events()) {
  say("event", event.type === "call.started" ? [event.type, event.data] : [event.type, null]);
  if (event.type === "call.started") break;
}
try {
  for await (const event of new Antiphon({ url, key: "apk_wrong" }).events()) say("heard", event);
} catch (error) {
  if (!(error instanceof EventsClosed)) throw error;
  say("closed", error.code);
}
