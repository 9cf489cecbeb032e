/** Where the boxes of a flow stand: a column a goal, its steps from top to bottom. */

import type { Flow, FlowEdge, FlowNode } from "./shapes";

export const box = { width: 190, height: 52, gapX: 130, gapY: 26 };

export type Placed = FlowNode & { x: number; y: number };
export type Drawn = FlowEdge & { path: string; labelX: number; labelY: number };
export type Drawing = { nodes: Placed[]; edges: Drawn[]; width: number; height: number };

export function layOut(flow: Flow): Drawing {
  const groups = [...new Set(flow.nodes.map((node) => node.group).filter(Boolean))];
  const columns = groups.map((group) => flow.nodes.filter((node) => node.group === group));
  const facts = flow.nodes.filter((node) => node.kind === "fact");
  if (facts.length) columns.push(facts);
  const rows = Math.max(1, ...columns.map((column) => column.length));
  const width = Math.max(1, columns.length) * (box.width + box.gapX) + box.gapX;
  const row = (at: number) => 10 + at * (box.height + box.gapY);
  const middle = (width - box.width) / 2;
  const placed = new Map<string, Placed>();
  const put = (node: FlowNode, x: number, y: number) => placed.set(node.id, { ...node, x, y });
  columns.forEach((column, at) =>
    column.forEach((node, number) => put(node, box.gapX + at * (box.width + box.gapX), row(number + 1))),
  );
  for (const node of flow.nodes) {
    if (node.kind === "open") put(node, middle, row(0));
    if (node.kind === "person") put(node, middle - box.width * 0.6, row(rows + 1));
    if (node.kind === "end") put(node, middle + box.width * 0.6, row(rows + 1));
  }
  const nodes = [...placed.values()];
  const edges = flow.edges.flatMap((edge) => {
    const [start, end] = [placed.get(edge.start), placed.get(edge.end)];
    // Back to the open question at the end of every goal: said once in words, not drawn a dozen times.
    return start && end && !(edge.end === "open" && edge.kind === "next") ? [drawn(edge, start, end)] : [];
  });
  return { nodes, edges, width, height: row(rows + 2) };
}

function drawn(edge: FlowEdge, start: Placed, end: Placed): Drawn {
  const middle = start.x + box.width / 2;
  if (edge.kind === "next" || (edge.kind === "trouble" && (end.kind === "person" || end.kind === "end"))) {
    const [fromY, toX, toY] = [start.y + box.height, end.x + box.width / 2, end.y];
    const bend = (toY - fromY) / 2;
    const path = `M ${middle} ${fromY} C ${middle} ${fromY + bend} ${toX} ${toY - bend} ${toX} ${toY}`;
    return { ...edge, path, labelX: (middle + toX) / 2, labelY: (fromY + toY) / 2 };
  }
  // Around the side: skipped steps on the right, ways back on the left.
  const right = edge.kind === "skip" || edge.kind === "amend";
  const side = (node: Placed) => node.x + (right ? box.width : 0);
  const reach = (right ? 1 : -1) * Math.min(box.gapX * 0.8, 26 + Math.abs(end.y - start.y) / 9);
  const [fromY, toY] = [start.y + box.height / 2, end.y + box.height / 2];
  const path = `M ${side(start)} ${fromY} C ${side(start) + reach} ${fromY} ${side(end) + reach} ${toY} ${side(end)} ${toY}`;
  return { ...edge, path, labelX: (side(start) + side(end)) / 2 + reach * 0.75, labelY: (fromY + toY) / 2 };
}
