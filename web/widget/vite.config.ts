import { defineConfig } from "vite";

const here = (path: string) => decodeURIComponent(new URL(path, import.meta.url).pathname);

/** One script for `<script src="…/widget.js">`, served from the wheel; or a module (`--mode npm`) for bundlers. */
export default defineConfig(({ mode }) => ({
  root: here("."),
  build: {
    outDir: mode === "npm" ? here("dist") : here("../../src/antiphon/server/static"),
    emptyOutDir: mode === "npm", // The pages are built there before.
    target: "es2022",
    lib: {
      entry: here("src/widget.ts"),
      name: "Antiphon",
      formats: [mode === "npm" ? "es" : "iife"],
      fileName: () => (mode === "npm" ? "antiphon-widget.js" : "widget.js"),
    },
  },
}));
