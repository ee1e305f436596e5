import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: ["specs/cluster.setup.ts"],
    include: ["specs/**/*.spec.ts"],
    // npm run test:docker, which needs a Docker engine; test:broken and test:kill, which take minutes.
    exclude: ["specs/docker/**", "specs/broken/**", "specs/kill/**", "specs/versions/**"],
    // On two cores the default is one; half of the time goes into waiting for servers.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
