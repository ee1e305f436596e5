import { fileURLToPath } from "node:url";
import type { Project } from "../../harness/guarantees/project.ts";
import project from "../../tenantproof.config.ts";

/** This package's own project, with absolute paths, or with the migrations of another folder. */
export function configuredProject(migrations?: string): Project {
  const absolute = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
  return {
    ...project,
    migrations: migrations ?? absolute(project.migrations),
    baseline: project.baseline.map(absolute),
  };
}
