import { defineConfig } from "vitest/config";

// Kills real runs at ten moments in each engine, which takes some minutes: npm run test:kill.
export default defineConfig({
  test: {
    include: ["specs/kill/**/*.spec.ts"],
    reporters: ["verbose"],
    testTimeout: 300_000,
    hookTimeout: 120_000,
  },
});
