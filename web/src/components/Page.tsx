import { type ReactNode, useEffect, useRef } from "react";

let arrivals = 0;

/**
 * The heading of a page. Coming from another page it takes the focus, so that a screen reader says where one is
 * and the next Tab begins there; at the first page the browser has said so itself.
 */
export function Heading({ title }: { title: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (arrivals++ > 0) heading.current?.focus();
  }, []);
  useEffect(() => {
    const before = document.title;
    document.title = `${title} · Antiphon`;
    return () => {
      document.title = before; // One that was laid over another goes.
    };
  }, [title]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {title}
    </h1>
  );
}

export function Page({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <div className="page">
      <div className="page-head">
        <Heading title={title} />
        {actions && <div className="page-actions">{actions}</div>}
      </div>
      {children}
    </div>
  );
}
