import { describe, expect, it } from "vitest";
import { answers, signInUrl } from "./oidc";

const question = { state: "s1", nonce: "n1", back: "#/calls" };
const token = (claims: unknown) => `e30.${btoa(JSON.stringify(claims)).replaceAll("=", "")}.c2ln`;

describe("signing in elsewhere", () => {
  it("keeps what the provider's address already asks, and asks for an id token only", () => {
    const url = new URL(signInUrl("https://login.example.com/a?tenant=7", "us", question, "https://voice.example.com/"));
    expect(url.searchParams.get("tenant")).toBe("7");
    expect(url.searchParams.get("response_type")).toBe("id_token");
    expect(url.searchParams.get("nonce")).toBe("n1");
  });

  it("takes only the answer to its own question", () => {
    expect(answers(token({ nonce: "n1" }), "s1", question)).toBe(true);
    expect(answers(token({ nonce: "n1" }), "s2", question)).toBe(false);
    expect(answers(token({ nonce: "other" }), "s1", question)).toBe(false);
    expect(answers("nonsense", "s1", question)).toBe(false);
  });
});
