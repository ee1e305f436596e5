import type { Schema } from "../catalog/model.ts";
import { type Picture, takeClusterPicture } from "../catalog/picture.ts";
import { readSchema } from "../catalog/schema.ts";
import type { Cluster } from "../engine/cluster.ts";
import { withConnection } from "../engine/connection.ts";
import { createDatabase, freezeTemplate } from "../engine/database.ts";
import { applyPlan } from "../migrations/apply.ts";
import type { Limits } from "../migrations/limits.ts";
import type { Plan } from "../migrations/migration.ts";
import { planMigrations } from "../migrations/plan.ts";
import { readMigrations } from "../migrations/read.ts";
import { readScript, type Script } from "../migrations/script.ts";
import { installPlatform, type Privileges, preparePlatform } from "../platform/platform.ts";
import { type Population, populate } from "../population/populate.ts";
import type { Project } from "./project.ts";
import { openSite, type Site } from "./site.ts";
import { foundSociety, type Society } from "./society.ts";
import type { Tenancy } from "./tenancy.ts";
import { withholdPgaudit } from "./withheld.ts";

/** The databases that experiments clone: before the first migration, after the last, and that with two tenants in it. */
export type Template = "before" | "migrated" | "populated";

/** What experiments need of a cluster. */
export type GroundHost = Pick<Cluster, "superuser" | "kept" | "major" | "pgaudit" | "readLog"> & {
  readonly clientBinaries?: string | undefined;
};

/** All that a guarantee's experiments may know and use. */
export interface Ground {
  readonly cluster: GroundHost;
  readonly project: Project;
  readonly tenancy: Tenancy;
  readonly plan: Plan;
  /** Migrations of the subject that this server cannot take, and that are not in the plan: it has no pgAudit. */
  readonly withheld: Plan;
  readonly seed: number;
  /** What the platform and the baseline made, before the first migration. */
  readonly schemaBefore: Schema;
  /** What all databases of the cluster share, at the same time. */
  readonly clusterBefore: Picture;
  readonly schema: Schema;
  readonly population: Population;
  readonly society: Society;
  readonly limits: Limits;
  /** The role that runs migrations. */
  readonly deployer: string;
  /** The name of each. */
  readonly templates: Readonly<Record<Template, string>>;
  open(template: Template): Promise<Site>;
  /**
   * A clone of what `before` would be under that model of default privileges; its template is made when it is first asked
   * for. Where the platform has no models, there is nothing to ask.
   */
  openUnder(privileges: Privileges): Promise<Site>;
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

/** A cluster with the platform in it, and the template that every subject on it starts from. */
export interface Host {
  readonly cluster: GroundHost;
  readonly deployer: string;
  /** The name of the template `before`. */
  readonly before: string;
  readonly schemaBefore: Schema;
  readonly clusterBefore: Picture;
  /** The name of the template `before` under another model of default privileges. */
  beforeUnder(privileges: Privileges): Promise<string>;
}

/** The platform and the baseline are there; once a cluster. @throws Fault MIGRATION_FAILED when the baseline does not apply. */
export async function prepareHost(
  cluster: GroundHost,
  { project, baseline }: Subject,
  { stage }: Stages,
  limits: Limits = {},
): Promise<Host> {
  return stage("platform", async (say) => {
    const platform = await withConnection(cluster.superuser, (superuser) =>
      preparePlatform(superuser, project),
    );
    const { deployer } = platform;
    const make = async (privileges: Privileges) => {
      const database = await createDatabase(cluster);
      const superuser = database.address(cluster.superuser.user);
      const read = await withConnection(superuser, async (connection) => {
        await installPlatform(connection, { ...platform, privileges });
        await withConnection(database.address(deployer), (own) => applyPlan(own, baseline, limits));
        const clusterBefore = await takeClusterPicture(connection);
        return { schemaBefore: await readSchema(connection), clusterBefore };
      });
      await freezeTemplate(cluster, database.name);
      return { before: database.name, ...read };
    };
    const made = await make(project.privileges);
    const privileges = project.platform === "none" ? "" : `, ${project.privileges} default privileges`;
    say(`${project.platform}${privileges}, ${filesOf(baseline, "baseline ")}`);
    const models = new Map([[project.privileges, Promise.resolve(made)]]);
    const beforeUnder = async (model: Privileges) => {
      const known = models.get(model) ?? make(model);
      models.set(model, known);
      return (await known).before;
    };
    return { cluster, deployer, ...made, beforeUnder };
  });
}

/**
 * The subject is applied and populated on the host, and everything is known that experiments ask for.
 * @throws Fault MIGRATION_FAILED, MIGRATION_TIMEOUT when the migrations do not apply as the deployer.
 */
export async function prepareGround(
  { cluster, deployer, before, schemaBefore, clusterBefore, beforeUnder }: Host,
  { project, plan: whole }: Subject,
  { stage }: Stages,
  { seed, limits = {} }: GroundOptions,
): Promise<Ground> {
  const { tenancy, recipes } = project;
  const { applicable: plan, withheld } = withholdPgaudit(whole, cluster.pgaudit);
  const { migrated, schema } = await stage("migrations", async (say) => {
    const database = await createDatabase(cluster, { template: before, owner: deployer });
    const applied = await withConnection(database.address(deployer), (connection) =>
      applyPlan(connection, plan, { ...limits, onApplied: ({ script }) => say(script.file) }),
    );
    const read = await withConnection(database.address(cluster.superuser.user), (connection) =>
      readSchema(connection),
    );
    await freezeTemplate(cluster, database.name);
    const elapsedMs = applied.reduce((sum, file) => sum + file.elapsedMs, 0);
    const without = withheld.length > 0 ? `, without ${withheld.map(({ file }) => file).join(", ")}` : "";
    say(`${filesOf(applied)} as ${deployer}, ${Math.round(elapsedMs)} ms${without}`);
    return { migrated: database.name, schema: read };
  });

  const society = foundSociety(seed);
  const { populated, population } = await stage("tenants", async (say) => {
    const database = await createDatabase(cluster, { template: migrated, owner: deployer });
    const made = await withConnection(database.address(cluster.superuser.user), (connection) =>
      populate(connection, schema, { tenants: society.tenants, tenancy, seed, recipes }),
    );
    await freezeTemplate(cluster, database.name);
    const { people, tenants } = society;
    say(`${people.length} people in ${tenants.length} tenants, rows in ${made.tables.length} tables`);
    return { populated: database.name, population: made };
  });

  const templates = { before, migrated, populated };
  return {
    cluster,
    project,
    tenancy,
    plan,
    withheld,
    seed,
    schemaBefore,
    clusterBefore,
    schema,
    population,
    society,
    limits,
    deployer,
    templates,
    open: (template) => openSite(cluster, templates[template], deployer),
    openUnder: async (privileges) => openSite(cluster, await beforeUnder(privileges), deployer),
  };
}

function filesOf({ length }: readonly unknown[], kind = ""): string {
  return `${length} ${kind}${length === 1 ? "file" : "files"}`;
}
