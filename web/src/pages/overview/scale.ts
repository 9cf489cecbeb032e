/** Numbers to places on a plot. */

/** The end of an axis from zero that holds `highest`, and its steps: 1, 2 or 5 times a power of ten. */
export function axis(highest: number, stepsWanted = 4): { end: number; steps: number[] } {
  if (!(highest > 0)) return { end: 1, steps: [0, 1] };
  const rough = highest / stepsWanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? 10 * power;
  const count = Math.ceil(highest / step - 1e-9);
  return { end: count * step, steps: Array.from({ length: count + 1 }, (_, index) => index * step) };
}

/** Points as runs without a gap: where nothing was measured, no line is drawn. */
export function runs(points: { x: number; y: number | null }[]): { x: number; y: number }[][] {
  const found: { x: number; y: number }[][] = [[]];
  for (const { x, y } of points) {
    if (y === null) found.push([]);
    else found.at(-1)?.push({ x, y });
  }
  return found.filter((run) => run.length);
}
