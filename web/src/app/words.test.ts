import { describe, expect, it } from "vitest";
import { lasted, paid, share } from "./words";

describe("what people read", () => {
  it("is minutes and seconds, with hours where there are some", () => {
    expect([lasted(0), lasted(187_400), lasted(3_723_000)]).toEqual(["0:00", "3:07", "1:02:03"]);
  });

  it("is money with the digits that matter, and a dash where nothing is known", () => {
    const sums = ["0", "0.00123", "0.0000345", "12.345", null].map(paid);
    expect(sums).toEqual(["$0", "$0.0012", "$0.000035", "$12.35", "–"]);
    expect(share(1, 0)).toBe("–");
  });
});
