import type { ReactNode } from "react";
import { signOut } from "../api/client";
import { type Me, isOperators } from "../api/me";
import { href } from "./router";
import { type PageEntry, pages } from "./pages";
import { type Theme, useTheme } from "./theme";

/** What is around every page: the way to its content, the way to the other pages, the colours, the way out. */
export function Shell({ here, me, children }: { here: string; me: Me | null; children: ReactNode }) {
  return (
    <>
      <a
        className="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault(); // The part behind # is our address.
          document.getElementById("main")?.focus();
        }}
      >
        Skip to the content
      </a>
      <header className="bar">
        <a className="brand" href={href([])}>
          <img src="/antiphon.svg" alt="" width="24" height="24" /> Antiphon
        </a>
        <nav aria-label="Pages">
          <ul>
            {pages.filter((page) => isOpen(page, me)).map((page) => (
              <li key={page.path}>
                <a href={href([page.path])} aria-current={page.path === here ? "page" : undefined}>
                  {page.title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div className="bar-end">
          <ThemeChoice />
          {me && me.kind !== "local" && (
            <button type="button" className="quiet" title={`${me.organisation_name}, ${me.subject}`} onClick={signOut}>
              Sign out
            </button>
          )}
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

/** Before somebody signed in, every page is offered: opening one asks for the key. */
function isOpen(page: PageEntry, me: Me | null): boolean {
  if (page.unlisted) return false;
  if (me && page.forOperators && !isOperators(me)) return false;
  return !me || page.needs === "" || me.permissions.includes(page.needs);
}

function ThemeChoice() {
  const [theme, choose] = useTheme();
  return (
    <label className="theme">
      <span className="hidden-words">Colours</span>
      <select value={theme} onChange={(event) => choose(event.target.value as Theme)}>
        <option value="auto">Auto</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}
