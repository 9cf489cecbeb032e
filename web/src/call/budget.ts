/** How long each stage of an answer may take, ms. Stages overlap, so they do not add up to the total. */

export type Stage = { key: string; label: string; budgetMs: number };

export const stages: Stage[] = [
  { key: "endpointing", label: "Sure that you finished", budgetMs: 400 },
  { key: "transcript", label: "Your last words", budgetMs: 150 },
  { key: "reply", label: "First words of the reply", budgetMs: 300 },
  { key: "voice", label: "First sound of the voice", budgetMs: 200 },
];

export const totalGoodMs = 500;
export const totalFairMs = 900;

export type Grade = "good" | "fair" | "slow";

export function grade(totalMs: number): Grade {
  return totalMs <= totalGoodMs ? "good" : totalMs <= totalFairMs ? "fair" : "slow";
}

/** The measured stages in the order of the budget; those it does not know come last, without a bound. */
export function measured(values: Record<string, number>): (Stage & { valueMs: number; known: boolean })[] {
  const known = stages.flatMap((stage) => {
    const valueMs = values[stage.key];
    return valueMs === undefined ? [] : [{ ...stage, valueMs, known: true }];
  });
  const others = Object.entries(values)
    .filter(([key]) => !stages.some((stage) => stage.key === key))
    .map(([key, valueMs]) => ({ key, label: key.replaceAll("_", " "), budgetMs: 0, valueMs, known: false }));
  return [...known, ...others];
}
