import type { Picture } from "../../harness/catalog/picture.ts";
import { Fault } from "../../harness/fault/fault.ts";
import { exits } from "../../harness/fault/faults.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import type { Way } from "../../harness/migrations/apply.ts";
import type { Migration } from "../../harness/migrations/migration.ts";
import { applyPlanWithPsql } from "../../harness/migrations/psql.ts";
import { splitStatements } from "../../harness/sql/statements.ts";
import { apply, applyAgain, filesBefore, leftBehind, pictureOf } from "./application.ts";

const failure = "select 1 / 0 as sabotage;\n";

/** The catalog after the real psql applied the set; nothing where the engine brings no psql. */
export async function provesPsql(ground: Ground, proof: Proof): Promise<Picture | undefined> {
  const binaries = ground.cluster.clientBinaries;
  if (binaries === undefined) return undefined;
  await using site = await ground.open("before");
  try {
    await applyPlanWithPsql(binaries, site.database.address(site.deployerRole), ground.plan, ground.limits);
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.exit !== exits.migration) throw thrown;
    proof.broke(`psql: ${thrown.what}`, "psql < migrations/FILE, in the order of the plan");
    return undefined;
  }
  return await pictureOf(site);
}

/** Each file, made to fail before it first commits, leaves the catalogs as they were; then the set applies. Its picture. */
export async function provesNothingHalfDone(
  ground: Ground,
  proof: Proof,
  way: Way,
): Promise<Picture | undefined> {
  await using site = await ground.open("before");
  for (const migration of ground.plan) {
    const sabotaged = await sabotage(migration);
    const left = await leftBehind(site, async () => {
      const { fault } = await apply(ground, site, [sabotaged], { way });
      if (fault === undefined) proof.doubted(`${migration.file}, made to fail, did not`);
    });
    const tail = sabotaged.text.slice(sabotaged.text.indexOf(failure) - 300).split(failure)[0] ?? "";
    proof.weigh(
      left.length === 0,
      `${migration.file}, ${way}, fails before it commits and leaves rows in ${left.join(", ")}`,
      `-- the file with a statement that fails:\n${tail}${failure}`,
    );
    const { fault } = await apply(ground, site, [migration], { way });
    if (fault) {
      proof.broke(
        `${migration.file} fails after an attempt that failed: ${fault.what}`,
        applyAgain(migration.file),
      );
      return;
    }
  }
}

/** The file with a statement that fails before its first COMMIT, or at its end when it has none. */
async function sabotage(migration: Migration): Promise<Migration> {
  const commit = migration.statements.find(({ control }) => control === "closes");
  const at = commit?.start.offset ?? migration.text.length;
  const text = `${migration.text.slice(0, at)}${commit ? "" : "\n;\n"}${failure}${migration.text.slice(at)}`;
  return { ...migration, text, statements: await splitStatements(text, migration.file) };
}

/** Without its legacy table the webhook migration says so, and leaves nothing behind. */
export async function provesMissingLegacyTable(ground: Ground, proof: Proof): Promise<void> {
  const table = "processed_webhook_events";
  const file = ground.plan.find(({ file }) => file.includes(table));
  if (file === undefined) return proof.broke(`no migration names ${table}`, "ls migrations");
  await using site = await ground.open("before");
  await apply(ground, site, filesBefore(ground.plan, file.file));
  await site.superuser.does(`drop table public.${table} cascade`);
  let fault: Fault | undefined;
  const left = await leftBehind(site, async () => {
    ({ fault } = await apply(ground, site, [file], { way: "psql" }));
  });
  proof.weigh(
    fault?.what.includes(table) === true,
    `without public.${table}: ${fault ? `says ${fault.what}` : "is accepted"}`,
    `drop table public.${table};`,
  );
  proof.weigh(
    left.length === 0,
    `without public.${table} it leaves rows in ${left.join(", ")}`,
    `drop table public.${table};`,
  );
}

/** Duplicates that a unique constraint cannot take are named, and stay. */
export async function provesDuplicatesAreNamed(ground: Ground, proof: Proof): Promise<void> {
  await using site = await ground.open("migrated");
  const file = ground.plan.find(({ file }) => file.includes("create_contacts"));
  if (file === undefined) return proof.broke("no migration creates contacts", "ls migrations");
  const duplicates = `alter table public.contacts drop constraint uq_contacts_org_phone;
insert into public.organizations (id, name) values ('f0000000-0000-4000-8000-000000000001', 'somebody');
insert into public.contacts (org_id, name, phone)
  values ('f0000000-0000-4000-8000-000000000001', 'one', '+15550100'),
         ('f0000000-0000-4000-8000-000000000001', 'two', '+15550100');`;
  const superuser = await site.connection("superuser");
  await superuser.query(duplicates);
  const { fault } = await apply(ground, site, [file], { way: "psql" });
  proof.weigh(
    fault !== undefined && /uq_contacts_org_phone|duplicate/i.test(fault.what),
    `with duplicate phones: ${fault ? `says ${fault.what}` : "is accepted"}`,
    duplicates,
  );
  const { rows } = await superuser.query("select count(*)::int as kept from public.contacts");
  proof.weigh(rows[0]?.kept === 2, `of two duplicate contacts ${rows[0]?.kept} are kept`, duplicates);
}
