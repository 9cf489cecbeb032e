/**
 * A button that is held to talk: with the pointer, or with space or enter while it has the focus. Whoever cannot
 * hold (a switch, a screen reader's click) presses once to begin and once more to finish; so does a quick tap.
 */

const tapMs = 350; // Shorter than any word: it was a tap, and the turn goes on until the next one.

export class Holding {
  private held = false;
  private downAt = 0;
  private wasHeld = false;
  private pointer: number | null = null; // The one that is down on the button.

  /** `enabled`: there is a turn to take. `settled`: a tap may begin one; before that only a hold counts. */
  constructor(
    private readonly button: HTMLButtonElement,
    private readonly enabled: () => boolean,
    private readonly settled: () => boolean,
    private readonly say: (held: boolean) => void,
  ) {
    this.followPointer();
    this.followKeys();
    button.addEventListener("contextmenu", (event) => enabled() && event.preventDefault());
    button.addEventListener("click", (event) => {
      // A click that no pointer made: assistive technology.
      if (enabled() && settled() && event.detail === 0) this.set(!this.held);
    });
  }

  get isHeld(): boolean {
    return this.held;
  }

  release(): void {
    this.pointer = null;
    this.set(false);
  }

  private followPointer(): void {
    const { button } = this;
    button.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || this.pointer !== null || !this.enabled()) return;
      button.setPointerCapture(event.pointerId);
      this.pointer = event.pointerId;
      this.down();
    });
    button.addEventListener("pointerup", (event) => {
      if (event.pointerId !== this.pointer) return;
      this.pointer = null;
      this.up();
    });
    // After a `pointerup` both are no news; without one the finger was taken from us.
    for (const taken of ["pointercancel", "lostpointercapture"] as const) {
      button.addEventListener(taken, (event) => event.pointerId === this.pointer && this.release());
    }
  }

  private followKeys(): void {
    const { button } = this;
    button.addEventListener("keydown", (event) => {
      if (!isKey(event) || !this.enabled()) return;
      event.preventDefault(); // Neither a click nor a page that scrolls.
      if (!event.repeat) this.down();
    });
    button.addEventListener("keyup", (event) => {
      if (!isKey(event) || !this.enabled()) return;
      event.preventDefault();
      this.up();
    });
    button.addEventListener("blur", () => {
      // The page may move its focus under a finger that stays; a key that is let go elsewhere is not heard here.
      if (this.pointer === null) this.release();
    });
  }

  private down(): void {
    this.wasHeld = this.held;
    this.downAt = performance.now();
    this.set(true);
  }

  private up(): void {
    const isTap = performance.now() - this.downAt < tapMs;
    if (this.wasHeld || !isTap || !this.settled()) this.set(false);
  }

  private set(held: boolean): void {
    if (this.held === held) return;
    this.held = held;
    // Another window in front: whatever is let go there is not heard here.
    if (held) window.addEventListener("blur", this.left);
    else window.removeEventListener("blur", this.left);
    this.say(held);
  }

  private readonly left = (): void => this.release();
}

function isKey(event: KeyboardEvent): boolean {
  return event.code === "Space" || event.code === "Enter" || event.code === "NumpadEnter";
}
