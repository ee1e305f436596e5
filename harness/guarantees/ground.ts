import type { Schema } from "../catalog/model.ts";
import { readSchema } from "../catalog/schema.ts";
import type { Cluster } from "../engine/cluster.ts";
import { withConnection } from "../engine/connection.ts";
import { createDatabase, type Database, freezeTemplate } from "../engine/database.ts";
import { applyPlan } from "../migrations/apply.ts";
import type { Limits } from "../migrations/limits.ts";
import type { Plan } from "../migrations/migration.ts";
import { planMigrations } from "../migrations/plan.ts";
import { readMigrations } from "../migrations/read.ts";
import { readScript, type Script } from "../migrations/script.ts";
import { installPlatform, preparePlatform } from "../platform/platform.ts";
import { type Population, populate } from "../population/populate.ts";
import type { Project } from "./project.ts";
import { openSite, type Site } from "./site.ts";
import { foundSociety, type Society } from "./society.ts";
import type { Tenancy } from "./tenancy.ts";

/** The databases that experiments clone: before the first migration, after the last, and that with two tenants in it. */
export type Template = "before" | "migrated" | "populated";

/** What experiments need of a cluster. */
export type GroundHost = Pick<Cluster, "superuser" | "kept" | "major"> & {
  readonly clientBinaries?: string | undefined;
};

/** All that a guarantee's experiments may know and use. */
export interface Ground {
  readonly cluster: GroundHost;
  readonly project: Project;
  readonly tenancy: Tenancy;
  readonly plan: Plan;
  readonly seed: number;
  /** What the platform and the baseline made, before the first migration. */
  readonly schemaBefore: Schema;
  readonly schema: Schema;
  readonly population: Population;
  readonly society: Society;
  readonly limits: Limits;
  /** The name of each. */
  readonly templates: Readonly<Record<Template, string>>;
  open(template: Template): Promise<Site>;
}

/** What was read from disk before any server started. */
export interface Subject {
  readonly project: Project;
  readonly plan: Plan;
  readonly baseline: readonly Script[];
}

/** @throws Fault MIGRATIONS_UNREADABLE, SQL_SYNTAX, MIGRATION_HEADER, REQUIREMENT_MISSING, REQUIREMENT_CYCLE. */
export async function readSubject(project: Project): Promise<Subject> {
  const plan = planMigrations(await readMigrations(project.migrations));
  const baseline = await Promise.all(project.baseline.map((file) => readScript(file)));
  return { project, plan, baseline };
}

/** The stages of preparing a ground, so that their progress can be shown and timed one by one. */
export interface Stages {
  stage<T>(name: string, work: (say: (detail: string) => void) => Promise<T>): Promise<T>;
}

interface GroundOptions {
  readonly seed: number;
  readonly limits?: Limits;
}

/**
 * The three templates are there, and with them everything that experiments know.
 * @throws Fault MIGRATION_FAILED, MIGRATION_TIMEOUT when the migrations do not apply as the deployer.
 */
export async function prepareGround(
  cluster: GroundHost,
  { project, plan, baseline }: Subject,
  { stage }: Stages,
  { seed, limits = {} }: GroundOptions,
): Promise<Ground> {
  const templates: Record<Template, string> = { before: "", migrated: "", populated: "" };
  const keep = async (template: Template, database: Database) => {
    await freezeTemplate(cluster, database.name);
    templates[template] = database.name;
  };

  const { platform, schemaBefore } = await stage("platform", async (say) => {
    const prepared = await withConnection(cluster.superuser, (superuser) =>
      preparePlatform(superuser, project),
    );
    const database = await createDatabase(cluster);
    const superuser = database.address(cluster.superuser.user);
    await withConnection(superuser, (connection) => installPlatform(connection, prepared));
    await withConnection(database.address(prepared.deployer), (connection) =>
      applyPlan(connection, baseline, limits),
    );
    const schema = await withConnection(superuser, (connection) => readSchema(connection));
    await keep("before", database);
    const privileges = project.platform === "none" ? "" : `, ${project.privileges} default privileges`;
    say(`${project.platform}${privileges}, ${baseline.length} baseline files`);
    return { platform: prepared, schemaBefore: schema };
  });

  const schema = await stage("migrations", async (say) => {
    const database = await createDatabase(cluster, { template: templates.before, owner: platform.deployer });
    const applied = await withConnection(database.address(platform.deployer), (deployer) =>
      applyPlan(deployer, plan, { ...limits, onApplied: ({ script }) => say(script.file) }),
    );
    const migrated = await withConnection(database.address(cluster.superuser.user), (superuser) =>
      readSchema(superuser),
    );
    await keep("migrated", database);
    const elapsedMs = applied.reduce((sum, file) => sum + file.elapsedMs, 0);
    say(`${applied.length} files as ${platform.deployer}, ${Math.round(elapsedMs)} ms`);
    return migrated;
  });

  const society = foundSociety(seed);
  const population = await stage("tenants", async (say) => {
    const database = await createDatabase(cluster, {
      template: templates.migrated,
      owner: platform.deployer,
    });
    const { tenancy, recipes } = project;
    const made = await withConnection(database.address(cluster.superuser.user), (superuser) =>
      populate(superuser, schema, { tenants: society.tenants, tenancy, seed, recipes }),
    );
    await keep("populated", database);
    say(
      `${society.people.length} people in ${society.tenants.length} tenants, rows in ${made.tables.length} tables`,
    );
    return made;
  });

  return {
    cluster,
    project,
    tenancy: project.tenancy,
    plan,
    seed,
    schemaBefore,
    schema,
    population,
    society,
    limits,
    templates,
    open: (template) => openSite(cluster, templates[template], platform.deployer),
  };
}
