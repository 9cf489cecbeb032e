import { expect, test } from "vitest";
import type { ServerMessage } from "./messages";
import { parseMessage } from "./messages";
import { applyMessage, emptyConversation, summarise, unheardPart } from "./transcript";

function play(...messages: ServerMessage[]) {
  return messages.reduce(applyMessage, emptyConversation);
}

test("partial words are replaced in place and a late partial does not undo the final ones", () => {
  const state = play(
    { type: "caller", text: "I need", final: false, turn: 1 },
    { type: "caller", text: "I need an appointment", final: true, turn: 1 },
    { type: "caller", text: "I need an", final: false, turn: 1 },
  );
  expect(state.entries).toEqual([{ kind: "caller", turn: 1, text: "I need an appointment", final: true }]);
});

test("a cut reply keeps what was heard and knows what was not", () => {
  const state = play(
    { type: "agent", reply: "r1", text: "We are open on Monday and on Tuesday." },
    { type: "agent_heard", reply: "r1", text: "We are open on Monday", complete: false },
  );
  const entry = state.entries[0];
  expect(entry).toMatchObject({ kind: "agent", heard: "We are open on Monday", complete: false });
  expect(unheardPart("We are open on Monday and on Tuesday.", "We are open on Monday")).toBe("and on Tuesday.");
});

test("the summary counts turns, interruptions and the median answer", () => {
  const state = play(
    { type: "caller", text: "one", final: true, turn: 1 },
    { type: "latency", turn: 1, total_ms: 400, stages: {} },
    { type: "agent", reply: "r1", text: "first" },
    { type: "agent_heard", reply: "r1", text: "fir", complete: false },
    { type: "caller", text: "two", final: true, turn: 2 },
    { type: "latency", turn: 2, total_ms: 900, stages: {} },
    { type: "tool", name: "book", ok: true },
  );
  expect(summarise(state.entries)).toEqual({ turns: 2, interruptions: 1, tools: 1, medianMs: 400 });
});

test("a picture is told as shown, or why it was not", () => {
  const message = parseMessage('{"type":"picture","shown":false,"reason":"this agent cannot see"}');
  const state = play({ type: "picture", shown: true, reason: "" }, ...(message ? [message] : []));
  expect(state.entries).toEqual([
    { kind: "picture", shown: true, reason: "" },
    { kind: "picture", shown: false, reason: "this agent cannot see" },
  ]);
});

test("what the page does not know is ignored", () => {
  expect(parseMessage('{"type":"tomorrow"}')).toBeNull();
  expect(parseMessage("{")).toBeNull();
  expect(parseMessage(new ArrayBuffer(1))).toBeNull();
});
