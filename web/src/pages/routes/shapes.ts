/** What the server says of routes, and what people say of a rule. */

export type Answer = { agent: string; forward: string; busy: boolean; refuse: string };
export type Rule = { name: string; always: boolean; when: Record<string, string[]>; agents: Record<string, number>; answer: Answer };
export type Route = { name: string; to: string[]; limit: number; rules: Rule[] };
export type Routes = {
  in_force: boolean;
  changed: boolean;
  text: string;
  file_text: string;
  file_sha256: string;
  time_zone: string;
  calls_max: number;
  routes: Route[];
};
export type Explained = { called: string; at: string; route: string; rule: string; why: string[]; answer: Answer };

const conditions: Record<string, string> = {
  open: "open:",
  closed: "closed:",
  holiday: "a day of",
  callers: "caller is",
  countries: "caller from",
  languages: "language is",
};

/** "closed: office, caller from MX or ES". */
export function whenWords({ always, when }: Pick<Rule, "always" | "when">): string {
  if (always) return "always";
  return Object.entries(when).map(([name, values]) => `${conditions[name] ?? name} ${values.join(" or ")}`).join(", ");
}

export function answerWords(answer: Answer): string {
  if (answer.agent) return answer.agent;
  if (answer.forward) return `forwarded to ${answer.forward}`;
  if (answer.busy) return "busy";
  return answer.refuse ? `refused: ${answer.refuse}` : "";
}
