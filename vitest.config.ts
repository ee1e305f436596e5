import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: ["specs/cluster.setup.ts"],
    include: ["specs/**/*.spec.ts"],
    // Need a Docker engine: npm run test:docker.
    exclude: ["specs/docker/**"],
    // On two cores the default is one; half of the time goes into waiting for servers.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
