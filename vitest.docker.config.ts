import { defineConfig } from "vitest/config";

// These need a Docker engine and an image. They are apart, so that without one they fail instead of being skipped.
export default defineConfig({
  test: {
    include: ["specs/docker/**/*.spec.ts"],
    // A first run may have to build the image.
    testTimeout: 60_000,
    hookTimeout: 600_000,
  },
});
