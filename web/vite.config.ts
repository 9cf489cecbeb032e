import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../src/antiphon/server/static",
    emptyOutDir: true,
    assetsInlineLimit: 0, // The page's content security policy allows files of its own, nothing inline.
    modulePreload: { polyfill: false },
  },
  // `npm run dev` beside a running `antiphon serve`.
  server: { proxy: { "/api": server, "/calls": server, "/v1": { target: server, ws: true } } },
});
