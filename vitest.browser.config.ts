import { defineConfig } from "vitest/config";

// Opens the HTML reports in a Chromium, which npm does not install: npm run test:browser. Without one it fails.
export default defineConfig({
  test: {
    include: ["specs/browser/**/*.spec.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
