import { expect, test } from "vitest";
import { answerWords, whenWords } from "./shapes";

const nothing = { agent: "", forward: "", busy: false, refuse: "" };

test("what must hold is said in words, all of it", () => {
  expect(whenWords({ always: true, when: {} })).toBe("always");
  expect(whenWords({ always: false, when: { closed: ["office"], countries: ["MX", "ES"] } })).toBe("closed: office, caller from MX or ES");
});

test("every answer has words", () => {
  expect(answerWords({ ...nothing, agent: "clinic" })).toBe("clinic");
  expect(answerWords({ ...nothing, forward: "+12125550111" })).toBe("forwarded to +12125550111");
  expect(answerWords({ ...nothing, busy: true })).toBe("busy");
  expect(answerWords({ ...nothing, refuse: "nobody is here" })).toBe("refused: nobody is here");
});
