import { describe, expect, it } from "vitest";
import { type Schema, helpFor, pathAt, withPersona } from "./schema";

const file = `agent: clinic
persona:
  name: Robin
  style: Warm
speech:
  stt: [local/whisper]
  turn:

menus:
  main:
    - keys: 1
      means: book
`;

describe("where the cursor is", () => {
  it("is told by the keys above it", () => {
    const at = (line: number) => pathAt(file, line).join(".");
    expect([0, 2, 3, 5, 6].map(at)).toEqual(["agent", "persona.name", "persona.style", "speech.stt", "speech.turn"]);
    expect(at(10)).toBe("menus.main.keys");
    expect(at(11)).toBe("menus.main.means");
  });

  it("is the section for a line that is empty yet", () => {
    expect(pathAt("speech:\n  stt: x\n  ", 2)).toEqual(["speech"]);
    expect(pathAt("speech:\n  stt: x\n", 2)).toEqual([]);
  });
});

const schema: Schema = {
  $defs: { Persona: { description: "Who it is.", properties: { name: { type: "string", description: "Its name." } } } },
  properties: {
    persona: { $ref: "#/$defs/Persona" },
    endpointing: { enum: ["local", "provider"], default: "local" },
    silence: { anyOf: [{ type: "integer", minimum: 1, maximum: 9 }, { type: "null" }] },
    voices: { type: "array", items: { properties: { name: { type: "string" } } } },
  },
};

describe("what the schema says", () => {
  it("follows references, choices and lists", () => {
    expect(helpFor(schema, ["persona", "name"])?.words).toBe("Its name.");
    expect(helpFor(schema, ["persona"])?.words).toBe("Who it is.");
    expect(helpFor(schema, ["endpointing"])?.values).toEqual(["local", "provider"]);
    expect(helpFor(schema, ["silence"])).toMatchObject({ type: "integer", bounds: "at least 1, at most 9" });
    expect(helpFor(schema, ["voices", "name"])?.type).toBe("string");
    expect(helpFor(schema, [])?.fields).toContain("persona");
    expect(helpFor(schema, ["nonsense"])).toBeNull();
  });
});

describe("a persona changed by its form", () => {
  it("changes one line and leaves the rest as it was", () => {
    expect(withPersona(file, "name", 'Sam "the" man')).toBe(file.replace("name: Robin", 'name: "Sam \\"the\\" man"'));
    expect(withPersona(file, "role", "helper")).toContain('persona:\n  role: "helper"\n  name: Robin');
  });

  it("leaves alone what it cannot read", () => {
    expect(withPersona("persona: {name: x}\n", "name", "y")).toBeNull();
    expect(withPersona("persona:\n  style: |\n    long\n", "style", "y")).toBeNull();
  });
});
