/** Numbers, times and sums as people read them. */

const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "medium" });
const count = new Intl.NumberFormat();
const percentage = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const tiny = new Intl.NumberFormat("en", { maximumSignificantDigits: 2 });

export const atTime = (ms: number): string => moment.format(new Date(ms));
export const onDay = (ms: number): string => day.format(new Date(ms));
export const counted = (value: number): string => count.format(value);

/** 3:07, 1:02:03. */
export function lasted(ms: number): string {
  const total = Math.round(ms / 1000);
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

export function share(part: number, whole: number): string {
  return whole ? percentage.format(part / whole) : "–";
}

export const delayed = (ms: number | null | undefined): string => (ms === null || ms === undefined ? "–" : `${counted(ms)} ms`);

/** Decimal text as the server has it; calls cost fractions of a cent, so small sums keep their digits. */
export function paid(usd: string | null | undefined): string {
  if (usd === null || usd === undefined) return "–";
  const value = Number(usd);
  if (value === 0) return "$0";
  if (value < 0.01) return `$${tiny.format(value)}`;
  return `$${value.toFixed(value >= 1 ? 2 : 4)}`;
}

/** "caller_hung_up" as people say it. */
export const said = (name: string): string => name.replaceAll("_", " ");
