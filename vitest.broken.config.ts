import { defineConfig } from "vitest/config";

// Breaks the migrations by hand, once a mistake, and asks the gate for the promise: npm run test:broken.
export default defineConfig({
  test: {
    globalSetup: ["specs/cluster.setup.ts"],
    include: ["specs/broken/**/*.spec.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
