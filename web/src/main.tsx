import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { takeReturn } from "./app/oidc";
import { applyTheme, storedTheme } from "./app/theme";
import "./styles/base.css";
import "./styles/shell.css";

const isOver = takeReturn();
applyTheme(storedTheme());
const root = document.getElementById("root");
if (isOver) {
  window.close();
  if (root) root.textContent = "You are signed in. This window can be closed."; // Where a page may not close itself.
} else if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
