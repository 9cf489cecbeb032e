/** The conversation as the widget shows it: a line for each turn, changed in place while words still come. */

import { type Conversation, type Entry } from "../../src/call/transcript";
import type { Words } from "./words";

export class Captions {
  private readonly lines = new Map<string, HTMLElement>();

  constructor(
    private readonly log: HTMLElement,
    private readonly words: () => Words,
  ) {}

  clear(): void {
    this.lines.clear();
    this.log.replaceChildren();
  }

  show(conversation: Conversation, agentName: string): void {
    const gone = new Set(this.lines.keys());
    for (const entry of conversation.entries) {
      const key = keyOf(entry);
      if (!key) continue;
      gone.delete(key);
      this.line(key, entry, agentName);
    }
    for (const key of gone) {
      this.lines.get(key)?.remove();
      this.lines.delete(key);
    }
  }

  private line(key: string, entry: Entry, agentName: string): void {
    if (entry.kind !== "caller" && entry.kind !== "agent") return;
    let line = this.lines.get(key);
    if (!line) {
      line = document.createElement("p");
      line.append(document.createElement("b"), " ", document.createElement("span"));
      this.lines.set(key, line);
      this.log.append(line);
    }
    const [who, text] = line.children;
    const isCaller = entry.kind === "caller";
    const isFinal = isCaller ? entry.final : entry.heard !== null;
    // Words that change several times a second are read out only once they stay.
    line.setAttribute("aria-live", isFinal || !isCaller ? "polite" : "off");
    line.dataset["who"] = entry.kind;
    line.dataset["final"] = String(isFinal);
    setText(who, `${isCaller ? this.words().you : agentName}:`);
    setText(text, isCaller ? entry.text : this.said(entry));
    this.log.scrollTop = this.log.scrollHeight;
  }

  /** Only what was really heard counts as said. */
  private said(entry: Extract<Entry, { kind: "agent" }>): string {
    if (entry.heard === null) return entry.text;
    return entry.complete ? entry.heard : `${entry.heard} — ${this.words().interrupted}`;
  }
}

function keyOf(entry: Entry): string {
  if (entry.kind === "caller") return `caller-${entry.turn}`;
  return entry.kind === "agent" ? `agent-${entry.reply}` : "";
}

function setText(element: Element | undefined, text: string): void {
  if (element && element.textContent !== text) element.textContent = text;
}
