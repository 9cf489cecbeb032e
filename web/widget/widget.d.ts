/** What a page may rely on. `docs/widget.md` of Antiphon tells it in words. */

export type Stage = "idle" | "microphone" | "connecting" | "live";

export declare class AntiphonVoice extends HTMLElement {
  /** Gives a token for the next call, in place of the attributes `token` and `token-url`. */
  getToken: (() => Promise<string>) | null;
  get words(): Record<string, string>;
  /** What it says, where that should differ from English. */
  set words(given: Record<string, string>);
  readonly pushToTalk: boolean;
  start(): void;
  end(): void;
  talk(held: boolean): void;
  press(key: string): void;
}
