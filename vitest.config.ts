import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: ["specs/cluster.setup.ts"],
    include: ["specs/**/*.spec.ts"],
    // npm run test:docker, which needs a Docker engine; the others, which take minutes.
    exclude: [
      ...[
        "bench",
        "bench-check",
        "browser",
        "docker",
        "broken",
        "interrupted",
        "kill",
        "rehearsing",
        "versions",
      ].map((folder) => `specs/${folder}/**`),
      "specs/**/*.process.spec.ts",
    ],
    // On two cores the default is one; half of the time goes into waiting for servers.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
