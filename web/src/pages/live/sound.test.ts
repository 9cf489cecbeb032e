import { describe, expect, it } from "vitest";
import { channels, fromL16, fromMulaw } from "./sound";

describe("the sound of a call", () => {
  it("is decoded as G.711 says", () => {
    // ITU-T G.711, table 2a: the ends of the scale and the silence in its middle.
    const [low, high, quiet, negative] = fromMulaw(new Uint8Array([0x00, 0x80, 0xff, 0x7f]));
    expect(low).toBeCloseTo(-32124 / 32768, 5);
    expect(high).toBeCloseTo(32124 / 32768, 5);
    expect([Math.abs(quiet ?? 1), Math.abs(negative ?? 1)]).toEqual([0, 0]);
  });

  it("has the caller first and the agent behind him", () => {
    const piece = new Int16Array([16384, -16384]).buffer;
    const [caller, agent] = channels(piece, { encoding: "l16", sample_rate_hz: 16000 });
    expect([...caller, ...agent]).toEqual([0.5, -0.5]);
    expect(fromL16(new Uint8Array([0, 0x80]))[0]).toBe(-1);
  });
});
