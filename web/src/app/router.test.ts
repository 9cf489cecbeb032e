import { describe, expect, it } from "vitest";
import { href, parseRoute } from "./router";

describe("addresses", () => {
  it("give back the segments and the query they were made of, whatever is in them", () => {
    const made = href(["calls", "a/b ?#é"], { words: 'said "yes" & no', agent: "", limit: 5 });
    const { segments, query } = parseRoute(made);
    expect(segments).toEqual(["calls", "a/b ?#é"]);
    expect(Object.fromEntries(query)).toEqual({ words: 'said "yes" & no', limit: "5" });
  });

  it("that nobody wrote by hand correctly still show something", () => {
    expect(parseRoute("#/calls/%E0%A4%A").segments).toEqual(["calls", "%E0%A4%A"]);
    expect(parseRoute("").segments).toEqual([]);
    expect(parseRoute("#live").segments).toEqual(["live"]);
  });
});
