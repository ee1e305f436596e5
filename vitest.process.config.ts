import { defineConfig } from "vitest/config";

// Commands and servers as processes of their own, killed and interrupted.
export default defineConfig({
  test: {
    globalSetup: ["specs/cluster.setup.ts"],
    include: ["specs/**/*.process.spec.ts"],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
