import type { ReactNode } from "react";

/** What is wider than a telephone is moved within its own frame, by finger or by arrow keys. */
export function Wide({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={label}>
      {children}
    </div>
  );
}
