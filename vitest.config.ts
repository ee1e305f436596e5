import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: ["specs/cluster.setup.ts"],
    include: ["specs/**/*.spec.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
