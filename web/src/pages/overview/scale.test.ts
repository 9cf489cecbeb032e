import { describe, expect, it } from "vitest";
import { axis, runs } from "./scale";

describe("a plot's scale", () => {
  it("ends at a round number that holds the highest value", () => {
    expect(axis(0).end).toBe(1);
    expect(axis(7)).toEqual({ end: 8, steps: [0, 2, 4, 6, 8] });
    expect(axis(1234).end).toBe(1500);
    expect(axis(0.0042).end).toBeGreaterThanOrEqual(0.0042);
  });

  it("draws no line over what nobody measured", () => {
    const points = [1, null, 3, 4].map((y, x) => ({ x, y }));
    expect(runs(points).map((run) => run.map((point) => point.x))).toEqual([[0], [2, 3]]);
  });
});
