import type { Connection } from "../../harness/catalog/connection.ts";
import { changedTables, digestData } from "../../harness/guarantees/digest.ts";
import type { Guarantee } from "../../harness/guarantees/guarantee.ts";
import { proveStrongLocks } from "../../harness/guarantees/locks/locks.ts";
import type { Way } from "../../harness/migrations/apply.ts";
import { apply, applyAgain, changing, leftBehind, pictureOf, tellDifference } from "./application.ts";
import {
  provesDuplicatesAreNamed,
  provesEachRequirementIsNamed,
  provesMissingLegacyTable,
  provesMissingPgaudit,
  provesNothingHalfDone,
  provesPsql,
} from "./failures.ts";
import { provesInterruption } from "./interruption.ts";
import { provesBothModels } from "./privilege-models.ts";
import { requires, stem } from "./requirements.ts";

const ways: readonly Way[] = ["pasted", "psql", "wrapped"];

/** S2, S3, S4, S8: how the set is applied. */
export const applying: readonly Guarantee[] = [
  {
    id: "S2",
    title:
      "each way to apply the set, by whom and under whichever default privileges, ends in the same catalog, and a file that fails or is cut off leaves nothing half done",
    effect: "Staging and production differ in ways that nobody looked for.",
    remedy: "Hold each file in one transaction of its own, or say in its header that it manages several.",
    async experiment(ground, proof) {
      const again = applyAgain(...ground.plan);
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
      // The ways are one by now, so one of each stands for the rest.
      await provesBothModels(ground, proof, { deployer: asDeployer[0], superuser: asSuperuser[0] });
      await provesInterruption(ground, proof);
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
          proof.weigh(raised === "", `applying ${what} again raises: ${raised}`, applyAgain(...files));
        }
        const told = tellDifference(before, await pictureOf(site));
        const culprits = told === "" ? [] : await changing(ground);
        proof.weigh(
          told === "",
          `applying ${culprits.join(", ") || called} again changes the catalog: ${told}`,
          applyAgain(...ground.plan.filter(({ file }) => culprits.length === 0 || culprits.includes(file))),
        );
      }
      const changed = changedTables(dataBefore, await digestData(superuser, tables));
      proof.weigh(
        changed.length === 0,
        `applying the set again changes rows of ${changed.join(", ")}`,
        applyAgain(...ground.plan),
      );
      const rebuilt = changedTables(storedBefore, await storageOf(superuser));
      proof.weigh(
        rebuilt.length === 0,
        `applying the set again builds anew, or moves on, ${rebuilt.join(", ")}`,
        applyAgain(...ground.plan),
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
              applyAgain(migration),
            );
          }
        });
        proof.weigh(
          left.length === 0,
          `a file that is run too early, ${way}, leaves rows in ${left.join(", ")}: one of ${early.map(({ file }) => file).join(", ")}`,
          applyAgain(...early),
        );
      }
      await Promise.all([
        provesEachRequirementIsNamed(ground, proof),
        provesMissingLegacyTable(ground, proof),
        provesDuplicatesAreNamed(ground, proof),
        provesMissingPgaudit(ground, proof),
      ]);
    },
  },

  {
    id: "S8",
    title: "no file holds ACCESS EXCLUSIVE on a table with rows while it reads or rewrites all of it",
    effect: "The whole clinic waits until a migration has read a million rows.",
    remedy:
      "Add constraints NOT VALID and validate them in a transaction of their own; where no other way exists, say so: '-- access exclusive: schema.table, because ...'.",
    experiment: proveStrongLocks,
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
