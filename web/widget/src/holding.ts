/**
 * A button that is held to talk: with the pointer, or with space or enter while it has the focus. Whoever cannot
 * hold (a switch, a screen reader's click) presses once to begin and once more to finish; so does a quick tap.
 */

const tapMs = 350; // Shorter than any word: it was a tap, and the turn goes on until the next one.

export class Holding {
  private held = false;
  private downAt = 0;
  private wasHeld = false;

  constructor(
    private readonly button: HTMLButtonElement,
    private readonly enabled: () => boolean,
    private readonly say: (held: boolean) => void,
  ) {
    button.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !enabled()) return;
      button.setPointerCapture(event.pointerId);
      this.down();
    });
    button.addEventListener("pointerup", () => this.up());
    button.addEventListener("pointercancel", () => this.release());
    button.addEventListener("contextmenu", (event) => enabled() && event.preventDefault());
    button.addEventListener("keydown", (event) => {
      if (!isKey(event) || !enabled()) return;
      event.preventDefault(); // Neither a click nor a page that scrolls.
      if (!event.repeat) this.down();
    });
    button.addEventListener("keyup", (event) => {
      if (!isKey(event) || !enabled()) return;
      event.preventDefault();
      this.up();
    });
    button.addEventListener("click", (event) => {
      // A click that no pointer made: assistive technology.
      if (enabled() && event.detail === 0) this.set(!this.held);
    });
    button.addEventListener("blur", () => this.release());
  }

  release(): void {
    this.set(false);
  }

  private down(): void {
    this.wasHeld = this.held;
    this.downAt = performance.now();
    this.set(true);
  }

  private up(): void {
    if (!this.enabled()) return;
    if (this.wasHeld || performance.now() - this.downAt >= tapMs) this.set(false);
  }

  private set(held: boolean): void {
    if (this.held === held) return;
    this.held = held;
    this.button.setAttribute("aria-pressed", String(held));
    this.say(held);
  }
}

function isKey(event: KeyboardEvent): boolean {
  return event.code === "Space" || event.code === "Enter" || event.code === "NumpadEnter";
}
