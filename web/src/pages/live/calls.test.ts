import { describe, expect, it } from "vitest";
import { type LiveCall, changed, chosen, duration, grade, refreshed, sorted } from "./calls";

const call = (id: string, attention = 0, more: Partial<LiveCall> = {}): LiveCall => ({
  call_id: id, agent: "clinic", line: "phone", started_at_ms: 1000, caller: "+12125550100", phase: "listening",
  turns: 1, cost_usd: 0, attention, reasons: [], ...more,
});

describe("live calls", () => {
  it("come with those who need a person first, and the longest among equals", () => {
    const calls = [call("a", 10), call("b", 90), call("c", 10, { started_at_ms: 1 })];
    expect(sorted(calls, null).map((one) => one.call_id)).toEqual(["b", "c", "a"]);
  });

  it("stay where they are while the order is held, new ones at the end", () => {
    const calls = [call("a", 99), call("new", 100), call("b")];
    expect(sorted(calls, ["b", "a"]).map((one) => one.call_id)).toEqual(["b", "a", "new"]);
  });

  it("keep the objects of rows that did not change", () => {
    const calls = [call("a"), call("b")];
    const after = changed(calls, [{ call_id: "b", attention: 50 }, { call_id: "gone", attention: 1 }]);
    expect(after[0]).toBe(calls[0]);
    expect(after[1]?.attention).toBe(50);
    const fetched = refreshed(calls, [call("a"), call("b", 3)]);
    expect(fetched[0]).toBe(calls[0]);
    expect(fetched[1]?.attention).toBe(3);
  });

  it("are found by agent, words and need", () => {
    const calls = [call("a", 80), call("b", 0, { agent: "survey", caller: "+4930" })];
    const ids = (filter: Partial<Parameters<typeof chosen>[1]>) =>
      chosen(calls, { words: "", agent: "", needy: false, ...filter }).map((one) => one.call_id);
    expect(ids({ needy: true })).toEqual(["a"]);
    expect(ids({ agent: "survey" })).toEqual(["b"]);
    expect(ids({ words: " +4930 " })).toEqual(["b"]);
    expect(ids({ words: "nobody" })).toEqual([]);
  });

  it("last as long as people say it", () => {
    expect([0, 59_999, 61_000, 3_661_000].map(duration)).toEqual(["0:00", "0:59", "1:01", "1:01:01"]);
    expect([0, 30, 60].map(grade)).toEqual(["calm", "some", "much"]);
  });
});
