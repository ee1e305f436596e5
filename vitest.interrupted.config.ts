import { defineConfig } from "vitest/config";

// Cuts each migration off after each of its statements, which takes a minute or two: npm run test:interrupted.
export default defineConfig({
  test: {
    globalSetup: ["specs/cluster.setup.ts"],
    include: ["specs/interrupted/**/*.spec.ts"],
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
