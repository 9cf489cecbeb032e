/** How far back. */

export const dayMs = 86_400_000;

export const ranges = [
  { days: 1, words: "24 hours" },
  { days: 7, words: "7 days" },
  { days: 30, words: "30 days" },
  { days: 90, words: "90 days" },
  { days: 365, words: "a year" },
];

export function rangeOf(days: string | null): number {
  return ranges.find((range) => String(range.days) === days)?.days ?? 7;
}
