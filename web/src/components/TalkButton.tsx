import { useCallback, useEffect, useRef, useState } from "react";

/**
 * Held with the pointer, or with the space bar anywhere on the page; whatever takes the hold away releases it.
 *
 * It stays from the first moment of a call to the last: one that went away while the line is made anew would take
 * the hold of whoever goes on pressing.
 */
export function TalkButton({ onHold }: { onHold: (held: boolean) => void }) {
  const [held, setHeld] = useState(false);
  const down = useRef(false);
  const hold = useCallback(
    (next: boolean) => {
      if (down.current === next) return;
      down.current = next;
      setHeld(next);
      onHold(next);
    },
    [onHold],
  );

  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.code !== "Space" || typing(event.target)) return;
      event.preventDefault(); // The page must not scroll, nor a focused button be clicked.
      if (!event.repeat) hold(true);
    };
    const released = (event: KeyboardEvent) => {
      if (event.code !== "Space") return;
      event.preventDefault();
      hold(false);
    };
    const lost = () => hold(false);
    window.addEventListener("keydown", pressed);
    window.addEventListener("keyup", released);
    window.addEventListener("blur", lost);
    return () => {
      window.removeEventListener("keydown", pressed);
      window.removeEventListener("keyup", released);
      window.removeEventListener("blur", lost);
      hold(false);
    };
  }, [hold]);

  return (
    <button
      type="button"
      className="talk"
      aria-pressed={held}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        hold(true);
      }}
      onPointerUp={() => hold(false)}
      onPointerCancel={() => hold(false)}
      onLostPointerCapture={() => hold(false)}
      onContextMenu={(event) => event.preventDefault()}
    >
      {held ? "Listening… release when done" : "Hold to talk"}
    </button>
  );
}

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
