/**
 * A voice button for any page. With a script tag:
 *
 *   <script src="https://voice.example.com/widget.js" data-agent="clinic" data-token-url="/voice-token"></script>
 *
 * puts one into the corner; without `data-agent` the page places `<antiphon-voice agent="clinic" …>` itself.
 */

import { AntiphonVoice } from "./element";

export { AntiphonVoice };
export type { Stage } from "./element";
export type { Words } from "./words";

// Only while the script itself runs; a module (npm) has none.
const script = document.currentScript instanceof HTMLScriptElement ? document.currentScript : null;
if (script?.src) AntiphonVoice.home = new URL(script.src).origin;
if (!customElements.get("antiphon-voice")) customElements.define("antiphon-voice", AntiphonVoice);
if (script?.dataset["agent"]) place(script);

function place(from: HTMLScriptElement): void {
  const voice = document.createElement("antiphon-voice");
  for (const { name, value } of from.attributes) {
    if (name.startsWith("data-")) voice.setAttribute(name.slice("data-".length), value);
  }
  if (!voice.hasAttribute("placement")) voice.setAttribute("placement", "corner");
  if (document.body) document.body.append(voice);
  else document.addEventListener("DOMContentLoaded", () => document.body.append(voice));
}

declare global {
  interface HTMLElementTagNameMap {
    "antiphon-voice": AntiphonVoice;
  }
}
