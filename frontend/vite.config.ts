import { defineConfig } from "vite";

const COMPAT = ["react", "react-dom"].map((name) => ({ find: new RegExp(`^${name}$`), replacement: "preact/compat" }));

export default defineConfig({
  base: "./",
  publicDir: false,
  resolve: { alias: [...COMPAT, { find: "react/jsx-runtime", replacement: "preact/jsx-runtime" }] },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    outDir: "../workflows/static/workflows/editor",
    emptyOutDir: true,
    modulePreload: false,
    cssCodeSplit: false, // The page links the one style sheet itself.
    reportCompressedSize: true,
    rolldownOptions: {
      input: "src/main.ts",
      output: {
        entryFileNames: "editor.js",
        chunkFileNames: "[name]-[hash].js",
        assetFileNames: "editor[extname]",
        // Nothing may import the entry: it is served under two names, and would run twice.
        codeSplitting: { groups: [{ name: "loading", test: /preload-helper/ }] },
      },
    },
  },
});
