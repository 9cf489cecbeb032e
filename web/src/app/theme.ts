/** Light, dark, or as the device has it. A choice outlives the page; it says nothing about anybody. */

import { useCallback, useState } from "react";

export type Theme = "auto" | "light" | "dark";

const place = "antiphon.theme";

export function storedTheme(): Theme {
  const kept = window.localStorage.getItem(place);
  return kept === "light" || kept === "dark" ? kept : "auto";
}

export function applyTheme(theme: Theme): void {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(storedTheme);
  const choose = useCallback((next: Theme) => {
    if (next === "auto") window.localStorage.removeItem(place);
    else window.localStorage.setItem(place, next);
    applyTheme(next);
    setTheme(next);
  }, []);
  return [theme, choose];
}
