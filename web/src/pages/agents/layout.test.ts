import { describe, expect, it } from "vitest";
import { box, layOut } from "./layout";
import type { FlowNode } from "./shapes";

const node = (id: string, kind: string, group = ""): FlowNode => ({ id, kind, group, label: id, detail: "", effect: false });

const flow = {
  name: "f",
  nodes: [
    node("open", "open"), node("goal:a", "goal", "a"), node("a:0", "ask", "a"), node("a:1", "do", "a"),
    node("goal:b", "goal", "b"), node("fact:h", "fact"), node("person", "person"), node("end", "end"),
  ],
  edges: [
    { start: "open", end: "goal:a", kind: "next", label: "" },
    { start: "a:1", end: "a:0", kind: "again", label: "no" },
    { start: "a:1", end: "person", kind: "trouble", label: "gone" },
    { start: "a:1", end: "open", kind: "next", label: "" },
    { start: "a:1", end: "nowhere", kind: "next", label: "" },
  ],
};

describe("a flow on paper", () => {
  const drawing = layOut(flow);

  it("has every node once, none over another, all within it", () => {
    expect(drawing.nodes.map((one) => one.id).sort()).toEqual(flow.nodes.map((one) => one.id).sort());
    for (const one of drawing.nodes) {
      expect(one.x).toBeGreaterThanOrEqual(0);
      expect(one.x + box.width).toBeLessThanOrEqual(drawing.width + box.width);
      expect(one.y + box.height).toBeLessThanOrEqual(drawing.height);
      for (const other of drawing.nodes) {
        if (one === other) continue;
        expect(Math.abs(one.x - other.x) >= box.width || Math.abs(one.y - other.y) >= box.height).toBe(true);
      }
    }
  });

  it("draws the edges that join two nodes, the ends of goals aside", () => {
    expect(drawing.edges.map((edge) => edge.kind)).toEqual(["next", "again", "trouble"]);
    expect(drawing.edges.every((edge) => /^M [\d.-]+ [\d.-]+ C/.test(edge.path))).toBe(true);
  });
});
