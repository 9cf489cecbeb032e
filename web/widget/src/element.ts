/** `<antiphon-voice>`: a voice button, its captions and its troubles, apart from the styles of the page around it. */

import type { ServerMessage } from "../../src/call/messages";
import type { MicrophoneProblem } from "../../src/call/microphone";
import type { Server } from "../../src/call/server";
import { applyMessage, emptyConversation } from "../../src/call/transcript";
import { Captions } from "./captions";
import { Holding } from "./holding";
import { markup } from "./markup";
import { style } from "./style";
import { Talk } from "./talking";
import { type Words, english } from "./words";

export type Stage = "idle" | "microphone" | "connecting" | "live";

let looks: CSSStyleSheet | null = null; // One for all of them on the page.

export class AntiphonVoice extends HTMLElement {
  static readonly observedAttributes = ["captions", "label", "mode"];
  /** Where `widget.js` came from; of an npm package the page has to say it (`server`). */
  static home = "";

  /** Gives a token for the next call, in place of `token` and `token-url`. */
  getToken: (() => Promise<string>) | null = null;

  private texts: Words = english;
  private stage: Stage = "idle";
  private wasLive = false; // Since then a turn may be taken, also while another network is sought.
  private phase = "";
  private agentName = "";
  private conversation = emptyConversation;
  private call: Talk | null = null;
  private readonly parts: ReturnType<typeof markup>;
  private readonly captions: Captions;
  private readonly holding: Holding;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    root.adoptedStyleSheets = [sheet()];
    this.parts = markup();
    root.append(this.parts.box);
    this.captions = new Captions(this.parts.captions, () => this.texts);
    this.holding = new Holding(
      this.parts.talk,
      () => this.stage !== "idle" && this.pushToTalk,
      () => this.wasLive,
      (held) => this.talk(held),
    );
    this.parts.talk.addEventListener("click", () => this.stage === "idle" && this.start());
    this.parts.end.addEventListener("click", () => this.end());
  }

  connectedCallback(): void {
    if (!this.hasAttribute("theme")) this.setAttribute("theme", "auto");
    this.render();
    this.tell("ready", {});
  }

  disconnectedCallback(): void {
    this.end();
  }

  attributeChangedCallback(): void {
    this.render();
  }

  get words(): Words {
    return this.texts;
  }

  /** Only what should differ from English. */
  set words(given: Partial<Words>) {
    this.texts = { ...english, ...given };
    this.render();
  }

  /** False for `mode="open"`: then the microphone is open from the beginning to the end of the call. */
  get pushToTalk(): boolean {
    return this.getAttribute("mode") !== "open";
  }

  /** Call the agent. Browsers want a person's press behind it. */
  start(): void {
    if (this.stage !== "idle") return;
    this.conversation = emptyConversation;
    this.captions.clear();
    this.trouble(null);
    const agent = this.getAttribute("agent") ?? "";
    const call = new Talk(
      { agent, server: () => this.server(), pushToTalk: this.pushToTalk },
      {
        onStage: (stage) => this.enter(stage),
        onMessage: (message) => this.take(message),
        onTrouble: (problem) => this.trouble(problem),
        onAgent: (found) => {
          this.agentName = found.title || found.name;
          this.render();
        },
        onEnd: () => this.finish(call),
      },
    );
    this.call = call;
    void call.start();
  }

  /** Hang up. */
  end(): void {
    this.call?.end();
  }

  /** Begin and finish a turn of the caller, as the button does; nothing with `mode="open"`. */
  talk(held: boolean): void {
    if (!this.call || !this.pushToTalk) return;
    this.call.talk(held);
    this.render();
    this.tell("talk", { held });
  }

  /** A key of a telephone: 0-9, *, #. */
  press(key: string): void {
    this.call?.press(key);
  }

  private async server(): Promise<Server> {
    const url = (this.getAttribute("server") ?? AntiphonVoice.home).replace(/\/+$/, "");
    return { url, credential: await this.token() };
  }

  private async token(): Promise<string> {
    if (this.getToken) return this.getToken();
    const address = this.getAttribute("token-url");
    if (!address) return this.getAttribute("token") ?? "";
    const response = await fetch(address, { method: "POST", headers: { accept: "application/json" } });
    if (!response.ok) throw new Error(`This page could not get permission for the call (${response.status}).`);
    const { token } = (await response.json()) as { token?: string };
    return token ?? "";
  }

  private enter(stage: Stage): void {
    this.stage = stage;
    this.wasLive ||= stage === "live";
    this.render();
    this.tell("state", { stage, phase: this.phase });
  }

  private take(message: ServerMessage): void {
    this.conversation = applyMessage(this.conversation, message);
    this.captions.show(this.conversation, this.agentName || this.texts.agent);
    switch (message.type) {
      case "state":
        this.phase = message.phase;
        this.tell("state", { stage: this.stage, phase: message.phase });
        break;
      case "caller":
        this.tell("caption", { who: "caller", text: message.text, final: message.final });
        break;
      case "agent_heard":
        this.tell("caption", { who: "agent", text: message.text, final: true, complete: message.complete });
        break;
      case "agent":
        this.tell("caption", { who: "agent", text: message.text, final: false });
        break;
      default: {
        const { type, ...detail } = message;
        if (type !== "end") this.tell(type, detail); // That it is over is told once the line is.
      }
    }
    this.render();
  }

  private finish(call: Talk): void {
    if (this.call !== call) return;
    this.call = null;
    this.stage = "idle";
    this.wasLive = false;
    this.phase = "";
    this.holding.release();
    this.render();
    this.tell("state", { stage: "idle", phase: "" });
    const { callId, endCause } = this.conversation;
    this.tell("end", { call_id: callId, cause: endCause ?? "" });
  }

  private trouble(problem: MicrophoneProblem | null): void {
    this.parts.complain(problem);
    if (problem) this.tell("trouble", problem);
  }

  /** To the host page: `antiphon-caption` and so on, on this element, and on everything it is in. */
  private tell(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(`antiphon-${name}`, { detail, bubbles: true, composed: true }));
  }

  private render(): void {
    const { talk, label, state, end, captions, hint } = this.parts;
    const held = this.holding.isHeld;
    const takesTurns = this.pushToTalk && (this.wasLive || held);
    const text = this.label(held);
    if (label.textContent !== text) label.textContent = text;
    // A button that is held to talk is never disabled: a press that comes a little early must not be lost.
    talk.disabled = this.stage !== "idle" && !this.pushToTalk;
    if (this.stage === "idle" || this.wasLive) talk.removeAttribute("aria-disabled");
    else talk.setAttribute("aria-disabled", "true");
    talk.dataset["busy"] = String(this.stage === "connecting" || this.phase === "thinking");
    if (takesTurns) talk.setAttribute("aria-pressed", String(held));
    else talk.removeAttribute("aria-pressed");
    end.textContent = this.texts.end;
    end.hidden = this.stage === "idle";
    hint.textContent = takesTurns ? this.texts.hint : this.texts.machine;
    captions.setAttribute("aria-label", this.texts.captions);
    const wanted = this.getAttribute("captions") !== "off";
    captions.hidden = !wanted || this.conversation.entries.length === 0;
    const heard = this.stage === "idle" && this.conversation.callId ? this.texts.ended : "";
    if (state.textContent !== heard) state.textContent = heard;
  }

  private label(held: boolean): string {
    const words = this.texts;
    switch (this.stage) {
      case "idle":
        return this.getAttribute("label") ?? words.start;
      case "microphone":
        return words.microphone;
      case "connecting":
        return words.connecting;
      case "live":
        if (this.pushToTalk) return held ? words.listening : words.hold;
        return this.phase === "speaking" ? words.speaking : this.phase === "thinking" ? words.thinking : words.open;
    }
  }
}

/** Not a <style>: that would need a hole in the page's content security policy. */
function sheet(): CSSStyleSheet {
  if (!looks) {
    looks = new CSSStyleSheet();
    looks.replaceSync(style);
  }
  return looks;
}
