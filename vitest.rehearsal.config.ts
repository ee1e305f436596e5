import { defineConfig } from "vitest/config";

// Whole rehearsals of small projects, with what each must find.
export default defineConfig({
  test: {
    globalSetup: ["specs/cluster.setup.ts"],
    include: ["specs/rehearsing/**/*.spec.ts"],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
