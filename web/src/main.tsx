import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Talk } from "./pages/Talk";
import "./styles.css";

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Talk />
    </StrictMode>,
  );
}
