/** Help while an agent file is written: which field the cursor is in, and what the schema says of it. */

export type Schema = {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string | string[];
  description?: string;
  title?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  pattern?: string;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  required?: string[];
};

const key = /^(\s*)(?:-\s+)?("?)([A-Za-z_][\w-]*)\2\s*:(?:\s|$)/;

/** The keys that lead to a line of a YAML file (0 is the first), as far as its indentation tells. */
export function pathAt(text: string, line: number): string[] {
  const lines = text.split("\n");
  const path: string[] = [];
  let depth = Number.POSITIVE_INFINITY;
  const here = lines[line] ?? "";
  if (!here.trim()) depth = here.length; // A field written here would stand beside those of the same depth.
  for (let at = Math.min(line, lines.length - 1); at >= 0; at--) {
    const words = lines[at] ?? "";
    if (words.trim().startsWith("#")) continue;
    const found = key.exec(words);
    if (!found) {
      if (at === line && words.trim()) depth = indentation(words) + (words.trim().startsWith("- ") ? 1 : 0);
      continue;
    }
    const indent = words.indexOf(found[3] ?? "");
    if (indent < depth) {
      path.unshift(found[3] ?? "");
      depth = (found[1] ?? "").length;
      if (words.trim().startsWith("- ")) depth += 1; // What holds a list may stand at the same depth as its dashes.
    }
    if (depth === 0) break;
  }
  return path;
}

function indentation(line: string): number {
  return line.length - line.trimStart().length;
}

export type Help = { path: string[]; words: string; type: string; values: string[]; fields: string[]; bounds: string };

/** What the schema says of a path; null where it says nothing. */
export function helpFor(root: Schema, path: string[]): Help | null {
  let here: Schema[] = [root];
  for (const name of path) here = here.flatMap((schema) => below(root, schema, name));
  const known = here.flatMap((schema) => plain(root, schema));
  if (!known.length) return null;
  const values = known.flatMap((one) => [...(one.enum ?? []), ...(one.const === undefined ? [] : [one.const])]);
  const first = known[0];
  return {
    path,
    words: [...here, ...known].map((one) => one.description).find(Boolean) ?? "",
    type: [...new Set(known.flatMap((one) => one.type ?? []))].filter((type) => type !== "null").join(" or "),
    values: [...new Set(values.map(String))],
    fields: [...new Set(known.flatMap((one) => Object.keys(one.properties ?? {})))],
    bounds: [
      first?.minimum === undefined ? "" : `at least ${first.minimum}`,
      first?.maximum === undefined ? "" : `at most ${first.maximum}`,
      first?.default === undefined || first.default === null ? "" : `usually ${JSON.stringify(first.default)}`,
    ].filter(Boolean).join(", "),
  };
}

function below(root: Schema, schema: Schema, name: string): Schema[] {
  return plain(root, schema).flatMap((one) => {
    const named = one.properties?.[name];
    if (named) return [named];
    if (typeof one.additionalProperties === "object") return [one.additionalProperties];
    return one.items ? below(root, one.items, name) : [];
  });
}

/** A schema without references and choices: all that it may be. */
function plain(root: Schema, schema: Schema, depth = 0): Schema[] {
  if (depth > 8) return [];
  const name = schema.$ref?.split("/").at(-1);
  const referred = name ? root.$defs?.[name] : undefined;
  if (referred) return plain(root, referred, depth + 1);
  const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  return choices ? choices.flatMap((one) => plain(root, one, depth + 1)) : [schema];
}

/** The file with another value for a field of `persona:`; null where it is written in a way we leave alone. */
export function withPersona(text: string, field: string, value: string): string | null {
  const lines = text.split("\n");
  const begin = lines.findIndex((line) => /^persona:\s*(#.*)?$/.test(line));
  if (begin < 0) return null;
  const written = `  ${field}: ${JSON.stringify(value)}`;
  let at = begin + 1;
  for (; at < lines.length && /^(\s|#|$)/.test(lines[at] ?? ""); at++) {
    const found = new RegExp(`^  ${field}:\\s*(.*)$`).exec(lines[at] ?? "");
    if (!found) continue;
    if (/^[|>]/.test(found[1] ?? "") || /^ {3,}\S/.test(lines[at + 1] ?? "")) return null;
    return lines.with(at, written).join("\n");
  }
  return lines.toSpliced(begin + 1, 0, written).join("\n");
}
