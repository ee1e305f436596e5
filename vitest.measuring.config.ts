import { defineConfig } from "vitest/config";

// What is measured, and what is found of planted mistakes: databases full of rows, and many rounds of each query.
export default defineConfig({
  test: {
    globalSetup: ["specs/cluster.setup.ts"],
    include: ["specs/bench/**/*.spec.ts"],
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 120_000,
  },
});
