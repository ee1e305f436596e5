import { defineConfig } from "vitest/config";

// Runs the whole gate on every major version that this machine can have, one after the other: npm run test:versions.
export default defineConfig({
  test: {
    include: ["specs/versions/**/*.spec.ts"],
    reporters: ["verbose"],
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
