import type { PlatformChoice } from "../platform/platform.ts";
import type { Recipes } from "../population/recipes.ts";
import type { RehearsalPlan } from "../workload/rehearsal-plan.ts";
import type { Workload } from "../workload/workload.ts";
import type { Guarantee } from "./guarantee.ts";
import type { Tenancy } from "./tenancy.ts";

/** What is under test, and what it promises; a project says so in tenantproof.config.ts. */
export interface Project extends PlatformChoice {
  /** Folder of the migrations; a configuration writes it from its own folder on. */
  readonly migrations: string;
  /** Files that make what is there before the first migration, run by the deployer in this order. */
  readonly baseline: readonly string[];
  readonly tenancy: Tenancy;
  /** How to make people-like values for columns of the project. */
  readonly recipes: Recipes;
  readonly guarantees: readonly Guarantee[];
  /** What is measured, by `tenantproof bench`; absent: nothing can be. */
  readonly workload?: Workload;
  /** How migrations reach production, for `tenantproof rehearse`; absent: nothing is known of it. */
  readonly rehearsal?: RehearsalPlan;
}

/** `project` itself; for its types. */
export function defineProject(project: Project): Project {
  return project;
}
