import { describe, expect, it } from "vitest";
import { askedFor } from "./asked";

describe("what the server is asked", () => {
  it("takes the last day whole, and lengths in seconds", () => {
    const asked = askedFor(new URLSearchParams("from=2026-03-01&to=2026-03-01&longer=30&words=a+b&flagged=yes"));
    expect(asked.from_ms).toBe(new Date(2026, 2, 1).getTime());
    expect(asked.to_ms).toBe(new Date(2026, 2, 2).getTime());
    expect([asked.duration_from_ms, asked.words, asked.flagged]).toEqual([30_000, "a b", "true"]);
  });

  it("leaves out what cannot be meant", () => {
    const asked = askedFor(new URLSearchParams("from=yesterday&longer=-5&slower=1e9&flagged=1"));
    expect([asked.from_ms, asked.duration_from_ms, asked.slower_than_ms, asked.flagged]).toEqual([
      undefined, undefined, undefined, "",
    ]);
  });
});
