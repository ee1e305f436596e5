import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: ["specs/cluster.setup.ts"],
    include: ["specs/**/*.spec.ts"],
    // Need a Docker engine: npm run test:docker.
    exclude: ["specs/docker/**"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
