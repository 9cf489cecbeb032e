import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { takeReturn } from "./app/oidc";
import { applyTheme, storedTheme } from "./app/theme";
import "./styles/base.css";
import "./styles/shell.css";

takeReturn();
applyTheme(storedTheme());
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
