/** The widget's looks. Host pages theme it by the custom properties named here, or by `::part(…)`. */

export const style = `
:host {
  --accent: var(--antiphon-accent, #1f6f5c);
  --on-accent: var(--antiphon-on-accent, #ffffff);
  --surface: var(--antiphon-surface, #ffffff);
  --text: var(--antiphon-text, #1d2126);
  --soft: var(--antiphon-soft, #565e67);
  --line: var(--antiphon-line, #d9d6cf);
  --alarm: var(--antiphon-alarm, #b3362b);
  --radius: var(--antiphon-radius, 1rem);
  display: inline-block;
  font: 1rem/1.45 var(--antiphon-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif);
  color: var(--text);
  text-align: start;
}
:host([placement="corner"]) {
  position: fixed;
  inset-block-end: calc(1rem + env(safe-area-inset-bottom));
  inset-inline-end: 1rem;
  z-index: var(--antiphon-layer, 2147483000);
}
:host([theme="dark"]) {
  color-scheme: dark;
  --accent: var(--antiphon-accent, #4fb497);
  --on-accent: var(--antiphon-on-accent, #0c1512);
  --surface: var(--antiphon-surface, #1e2226);
  --text: var(--antiphon-text, #eceef0);
  --soft: var(--antiphon-soft, #a3abb3);
  --line: var(--antiphon-line, #31373d);
  --alarm: var(--antiphon-alarm, #f08a7e);
}
@media (prefers-color-scheme: dark) {
  :host([theme="auto"]) {
    color-scheme: dark;
    --accent: var(--antiphon-accent, #4fb497);
    --on-accent: var(--antiphon-on-accent, #0c1512);
    --surface: var(--antiphon-surface, #1e2226);
    --text: var(--antiphon-text, #eceef0);
    --soft: var(--antiphon-soft, #a3abb3);
    --line: var(--antiphon-line, #31373d);
    --alarm: var(--antiphon-alarm, #f08a7e);
  }
}
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; margin: 0; }
.box { display: flex; flex-direction: column; gap: 0.6rem; align-items: flex-end; max-width: min(22rem, calc(100vw - 2rem)); }
.row { display: flex; gap: 0.5rem; align-items: center; }
:host(:not([placement="corner"])) .row { order: -1; } /* There words that come would push it down. */
button {
  font: inherit;
  font-weight: 600;
  min-height: 3rem;
  padding: 0.6rem 1.1rem;
  border: 1px solid transparent;
  border-radius: calc(var(--radius) * 1.5);
  cursor: pointer;
  touch-action: manipulation;
}
button:focus-visible { outline: 3px solid var(--text); outline-offset: 2px; }
button:disabled, button[aria-disabled="true"] { cursor: progress; }
.talk { display: inline-flex; gap: 0.6rem; align-items: center; background: var(--accent); color: var(--on-accent); user-select: none; -webkit-user-select: none; }
.talk[aria-pressed="true"] { box-shadow: 0 0 0 4px var(--surface), 0 0 0 7px var(--accent); }
.talk svg { inline-size: 1.3em; block-size: 1.3em; flex: none; }
.end { background: var(--surface); color: var(--alarm); border-color: var(--line); }
.panel { inline-size: 100%; background: var(--surface); color: var(--text); border: 1px solid var(--line); border-radius: var(--radius); padding: 0.9rem 1rem; }
.captions { max-block-size: 16rem; overflow-y: auto; display: flex; flex-direction: column; gap: 0.5rem; }
.captions p { overflow-wrap: anywhere; }
.captions b { color: var(--soft); font-weight: 600; }
.captions [data-final="false"] span { font-style: italic; }
.trouble { border-inline-start: 0.3rem solid var(--alarm); }
.trouble strong { display: block; }
.trouble ul { padding-inline-start: 1.2rem; margin-block-start: 0.3rem; }
.hint { color: var(--soft); background: var(--surface); border-radius: var(--radius); padding: 0.15rem 0.6rem; font-size: 0.875rem; }
.only-heard { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (prefers-reduced-motion: no-preference) {
  .talk[data-busy="true"] svg { animation: breathe 1.2s ease-in-out infinite; }
  @keyframes breathe { 50% { opacity: 0.4; } }
}
@media (forced-colors: active) { .talk, .end, .panel { border-color: CanvasText; } }
`;
