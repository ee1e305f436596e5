import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { majors } from "../../harness/engine/cluster.ts";
import { thisMachine } from "../../harness/engine/machine.ts";
import { makeRunDirectory } from "../../harness/engine/run-directory.ts";
import { Fault } from "../../harness/fault/fault.ts";
import type { Guarantee } from "../../harness/guarantees/guarantee.ts";
import { exportMigrations } from "../../harness/migrations/export.ts";
import { planMigrations } from "../../harness/migrations/plan.ts";
import { readMigrations } from "../../harness/migrations/read.ts";
import { apply, applyAgain, pictureOf, tellDifference } from "./application.ts";
import { requirementsOf, requires, stem } from "./requirements.ts";
import { namesTooNew } from "./versions.ts";

/** The summary's file names. */
const promisedFiles = [
  "20250110_create_organizations_table_foundation.sql",
  "20250110_create_org_id_immutability_triggers.sql",
  "20250110_create_auth_org_id_function.sql",
  "20250110_create_contacts_table.sql",
  "20250110_create_appointments_table.sql",
  "20250110_create_notifications_table.sql",
  "20250110_add_org_id_to_processed_webhook_events.sql",
  "20250110_enable_pgaudit_logging.sql",
];

/** S1, S7, S9: what the set is. */
export const set: readonly Guarantee[] = [
  {
    id: "S1",
    title: "the eight migrations are there, and their order follows from what each requires",
    effect: "Somebody applies them by name, and the third fails on what the sixth would have made.",
    remedy: "Say '-- requires: NAME' in each file for everything that it uses.",
    async experiment(ground, proof) {
      const { plan } = ground;
      const files = plan.map(({ file }) => file);
      const list = "ls migrations/*.sql";
      for (const file of promisedFiles)
        proof.weigh(files.includes(file), `${file} is not among the migrations`, list);
      // Whatever a file states, taking away what it needs must be noticed before anything runs.
      for (const missing of plan.filter(({ file }) => plan.some((other) => requires(other, file)))) {
        const fault = faultOf(() => planMigrations(plan.filter((other) => other !== missing)));
        proof.weigh(
          fault?.code === "REQUIREMENT_MISSING" && fault.what.includes(stem(missing.file)),
          `without ${missing.file} the plan ${fault ? `says: ${fault.what}` : "is accepted"}`,
          list,
        );
      }
      // And it states all that it needs: with just that applied before, it applies. Where that is all that comes before
      // it in the plan, the template `migrated` has shown it.
      for (const [index, migration] of plan.entries()) {
        const needed = requirementsOf(plan, migration);
        if (needed.length === index) {
          proof.held();
          continue;
        }
        await using site = await ground.open("before");
        const { fault } = await apply(ground, site, [...needed, migration], { way: "psql" });
        proof.weigh(
          fault === undefined,
          `${migration.file}, after all that it requires, fails: ${fault?.what}`,
          applyAgain(...needed, migration),
        );
      }
    },
  },

  {
    id: "S7",
    title:
      "the set runs on PostgreSQL 15, 16, 17 and 18; this run applied it to one, and read it for the others",
    effect: "An upgrade of the server finds a migration that cannot be applied to a new environment.",
    remedy: "Use only what PostgreSQL 15 has, and see what the newer ones changed.",
    async experiment({ cluster, plan }, proof) {
      // Without having been applied to this server the set would not have come so far.
      proof.weigh(
        majors.includes(cluster.major),
        `PostgreSQL ${cluster.major} is none of ${majors.join(", ")}`,
        "show server_version;",
      );
      for (const migration of plan) {
        const found = namesTooNew(migration).map(
          ({ line, name, since }) => `line ${line}: ${name} (${since})`,
        );
        proof.weigh(
          found.length === 0,
          `${migration.file} uses what came after PostgreSQL 15: ${found.join(", ")}`,
          applyAgain(migration),
        );
      }
    },
  },

  {
    id: "S9",
    title:
      "the export has unique, ordered versions that the Supabase CLI accepts, and makes the same catalog",
    effect: "The CLI takes all eight for one version and applies the first.",
    remedy: "Keep the header of each file true; the export derives its order from it.",
    async experiment(ground, proof) {
      // A run that is killed meanwhile leaves what the next one knows to remove.
      const folder = await makeRunDirectory(thisMachine());
      try {
        const target = join(folder, "migrations");
        await exportMigrations(ground.plan, target);
        const names = (await readdir(target)).filter((file) => file.endsWith(".sql")).sort();
        const again = `npx tenantproof export ${target}`;
        const versions = names.map((file) => /^([0-9]+)_(.*)\.sql$/.exec(file)?.[1]);
        proof.weigh(
          names.length === ground.plan.length && versions.every((version) => version !== undefined),
          `the CLI does not take ${names.join(", ")}`,
          again,
        );
        proof.weigh(
          new Set(versions).size === versions.length,
          `versions repeat: ${versions.join(", ")}`,
          again,
        );
        for (const [index, file] of names.entries()) {
          const original = ground.plan[index];
          const copy = await readFile(join(target, file));
          proof.weigh(
            original !== undefined && copy.equals(await readFile(original.path)),
            `${file} is not a copy of ${original?.file}`,
            again,
          );
        }
        await using site = await ground.open("before");
        await using migrated = await ground.open("migrated");
        const exported = await readMigrations(target);
        const inOrder = names.flatMap((file) => exported.filter((migration) => migration.file === file));
        const { fault } = await apply(ground, site, inOrder);
        const told = fault?.what ?? tellDifference(await pictureOf(migrated), await pictureOf(site));
        proof.weigh(
          told === "",
          `the exported set, applied by name, does not end in the same catalog: ${told}`,
          again,
        );
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  },
];

function faultOf(work: () => unknown): Fault | undefined {
  try {
    work();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
}
