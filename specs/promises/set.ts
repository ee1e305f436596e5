import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Connection } from "../../harness/catalog/connection.ts";
import { majors } from "../../harness/engine/cluster.ts";
import { thisMachine } from "../../harness/engine/machine.ts";
import { makeRunDirectory } from "../../harness/engine/run-directory.ts";
import { Fault } from "../../harness/fault/fault.ts";
import { changedTables, digestData } from "../../harness/guarantees/digest.ts";
import type { Guarantee } from "../../harness/guarantees/guarantee.ts";
import type { Way } from "../../harness/migrations/apply.ts";
import { exportMigrations } from "../../harness/migrations/export.ts";
import type { Migration, Plan } from "../../harness/migrations/migration.ts";
import { planMigrations } from "../../harness/migrations/plan.ts";
import { readMigrations } from "../../harness/migrations/read.ts";
import { apply, applyAgain, changing, leftBehind, pictureOf, tellDifference } from "./application.ts";
import {
  provesDuplicatesAreNamed,
  provesEachRequirementIsNamed,
  provesMissingLegacyTable,
  provesMissingPgaudit,
  provesNothingHalfDone,
  provesPsql,
} from "./failures.ts";
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

const ways: readonly Way[] = ["pasted", "psql", "wrapped"];

/** S. The set and how it is applied. */
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
          [...needed, migration].map(({ file }) => applyAgain(file)).join("\n"),
        );
      }
    },
  },

  {
    id: "S2",
    title:
      "each way to apply the set ends in the same catalog, and a file that fails leaves nothing half done",
    effect: "Staging and production differ in ways that nobody looked for.",
    remedy: "Hold each file in one transaction of its own, or say in its header that it manages several.",
    async experiment(ground, proof) {
      const again = applyAgain("*.sql");
      const asDeployer = await Promise.all(ways.map((way) => provesNothingHalfDone(ground, proof, way)));
      const asSuperuser = await Promise.all(
        ways.map(async (way) => {
          await using site = await ground.open("before");
          const { fault } = await apply(ground, site, ground.plan, { way, as: "superuser" });
          if (fault) proof.broke(`as a superuser, ${way}: ${fault.what}`, again);
          return fault ? undefined : await pictureOf(site);
        }),
      );
      for (const [as, [first, ...others]] of [
        ["the deployer", [...asDeployer, await provesPsql(ground, proof)]],
        ["a superuser", asSuperuser],
      ] as const)
        others.forEach((picture, index) => {
          if (!first || !picture) return;
          const told = tellDifference(first, picture);
          const other = ways[index + 1] ?? "the real psql";
          proof.weigh(told === "", `as ${as}, ${ways[0]} and ${other} end differently: ${told}`, again);
        });
    },
  },

  {
    id: "S3",
    title: "applying the set again, or any file of it, changes nothing and raises nothing",
    effect: "A deploy that is run twice fails, or quietly changes what it had made.",
    remedy: "Create only what is not there, and check what is.",
    async experiment(ground, proof) {
      await using site = await ground.open("populated");
      const superuser = await site.connection("superuser");
      const tables = ground.schema.tables.filter(({ kind }) => kind !== "foreign");
      const before = await pictureOf(site);
      const dataBefore = await digestData(superuser, tables);
      const storedBefore = await storageOf(superuser);
      // Forwards as a whole, then backwards file by file: what one file changes and another undoes shows in one of the two.
      const whole = { called: "the whole set", runs: [ground.plan] };
      const each = { called: "each file, last first,", runs: ground.plan.map((file) => [file]).reverse() };
      for (const { called, runs } of [whole, each]) {
        for (const files of runs) {
          const { fault, warnings } = await apply(ground, site, files, { way: "psql" });
          const raised = fault?.what ?? warnings.map(({ message }) => message).join("; ");
          const what = files.length === 1 ? (files[0]?.file ?? "") : "the whole set";
          proof.weigh(
            raised === "",
            `applying ${what} again raises: ${raised}`,
            applyAgain(files[0]?.file ?? ""),
          );
        }
        const told = tellDifference(before, await pictureOf(site));
        const culprits = told === "" ? [] : await changing(ground);
        proof.weigh(
          told === "",
          `applying ${culprits.join(", ") || called} again changes the catalog: ${told}`,
          applyAgain(culprits[0] ?? "*.sql"),
        );
      }
      const changed = changedTables(dataBefore, await digestData(superuser, tables));
      proof.weigh(
        changed.length === 0,
        `applying the set again changes rows of ${changed.join(", ")}`,
        applyAgain("*.sql"),
      );
      const rebuilt = changedTables(storedBefore, await storageOf(superuser));
      proof.weigh(
        rebuilt.length === 0,
        `applying the set again builds anew, or moves on, ${rebuilt.join(", ")}`,
        applyAgain("*.sql"),
      );
    },
  },

  {
    id: "S4",
    title: "a file that is run too early says which to run first, and leaves nothing behind",
    effect: "A half-made schema, and an error message that sends people to a search engine.",
    remedy: "Open each file with a check that names the migration to run first.",
    async experiment(ground, proof) {
      for (const way of ways) {
        await using site = await ground.open("before");
        const early = ground.plan.filter(({ header }) => header.requires.length > 0);
        const left = await leftBehind(site, async () => {
          for (const migration of early) {
            const { fault } = await apply(ground, site, [migration], { way });
            const named = ground.plan.some(
              ({ file }) => requires(migration, file) && fault?.what.includes(stem(file)),
            );
            proof.weigh(
              named,
              `${migration.file} alone, ${way}: ${fault ? `says ${fault.what}` : "is accepted"}`,
              applyAgain(migration.file),
            );
          }
        });
        proof.weigh(
          left.length === 0,
          `a file that is run too early, ${way}, leaves rows in ${left.join(", ")}: one of ${early.map(({ file }) => file).join(", ")}`,
          early.map(({ file }) => applyAgain(file)).join("\n"),
        );
      }
      await Promise.all([
        provesEachRequirementIsNamed(ground, proof, requires),
        provesMissingLegacyTable(ground, proof),
        provesDuplicatesAreNamed(ground, proof),
        provesMissingPgaudit(ground, proof),
      ]);
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
          applyAgain(migration.file),
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

/** Where each table and index is stored, and how far each sequence has come: what is made anew is stored elsewhere. */
async function storageOf(connection: Connection): Promise<ReadonlyMap<string, string>> {
  const { rows } = await connection.query(`
    select c.oid::regclass::text as name, c.oid || ' ' || c.relfilenode
      || coalesce(' ' || case c.relkind when 'S' then pg_sequence_last_value(c.oid) end, '') as stored
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'i', 'm', 'S') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    order by 1`);
  return new Map((rows as { name: string; stored: string }[]).map(({ name, stored }) => [name, stored]));
}

function stem(file: string): string {
  return file.replace(/\.sql$/, "");
}

function requires(
  migration: { readonly header: { readonly requires: readonly string[] } },
  file: string,
): boolean {
  return migration.header.requires.some((name) => stem(name) === stem(file));
}

/** All that `migration` needs, directly or not, in the order of the plan. */
function requirementsOf(plan: Plan, migration: Migration): Plan {
  const needed = new Set<Migration>();
  const visit = (one: Migration) => {
    for (const other of plan.filter(({ file }) => requires(one, file)))
      if (!needed.has(other)) {
        needed.add(other);
        visit(other);
      }
  };
  visit(migration);
  return plan.filter((other) => needed.has(other));
}

function faultOf(work: () => unknown): Fault | undefined {
  try {
    work();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
}
