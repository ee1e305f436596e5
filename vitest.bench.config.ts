import { defineConfig } from "vitest/config";

// Times the workload's queries with pgbench, which ships with PostgreSQL, beside the stopwatch: npm run bench:check. It
// takes some minutes, and most on a busy machine, which may be too busy to tell; without a pgbench it fails.
export default defineConfig({
  test: {
    globalSetup: ["specs/cluster.setup.ts"],
    include: ["specs/bench-check/**/*.spec.ts"],
    reporters: ["verbose"],
    testTimeout: 900_000,
    hookTimeout: 300_000,
  },
});
