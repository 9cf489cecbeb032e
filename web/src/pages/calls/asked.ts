/** From the address of the list to what the server is asked. */

const plain = ["agent", "line", "direction", "state", "outcome", "end_cause", "number", "words"];

/** Days are the reader's own: from his midnight on, to the midnight after the last day. Lengths are in seconds. */
export function askedFor(query: URLSearchParams): Record<string, string | number | undefined> {
  const asked: Record<string, string | number | undefined> = {};
  for (const name of plain) asked[name] = query.get(name) ?? "";
  asked.from_ms = midnight(query.get("from"), 0);
  asked.to_ms = midnight(query.get("to"), 1);
  asked.duration_from_ms = milliseconds(query.get("longer"));
  asked.duration_to_ms = milliseconds(query.get("shorter"));
  asked.slower_than_ms = whole(query.get("slower"));
  asked.flagged = query.get("flagged") === "yes" ? "true" : "";
  return asked;
}

function midnight(day: string | null, daysLater: number): number | undefined {
  const [year, month, date] = (day ?? "").split("-").map(Number);
  if (!year || !month || !date) return undefined;
  const at = new Date(year, month - 1, date + daysLater).getTime();
  return at >= 0 ? at : undefined;
}

function whole(value: string | null): number | undefined {
  return value && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

function milliseconds(seconds: string | null): number | undefined {
  const value = whole(seconds);
  return value === undefined ? undefined : value * 1000;
}
