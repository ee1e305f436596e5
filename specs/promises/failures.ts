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
import { requires, stem } from "./requirements.ts";

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

/**
 * Each file, made to fail at its end, leaves the catalogs as they were; then the set applies. Its picture. The webhook
 * file backfills under traffic in several transactions: of it that is asked for the first, and the rest must go on from
 * wherever it stopped.
 */
export async function provesNothingHalfDone(
  ground: Ground,
  proof: Proof,
  way: Way,
): Promise<Picture | undefined> {
  await using site = await ground.open("before");
  for (const migration of ground.plan) {
    const inParts = migration.file.includes("processed_webhook_events");
    const sabotaged = await sabotage(migration, inParts ? "first" : "last");
    const attempt = async (file: Migration) => {
      const { fault } = await apply(ground, site, [file], { way });
      if (fault === undefined) proof.doubted(`${migration.file}, made to fail, did not`);
    };
    const left = await leftBehind(site, () => attempt(sabotaged));
    if (inParts) await attempt(await sabotage(migration, "last"));
    const tail = sabotaged.text.slice(sabotaged.text.indexOf(failure) - 300).split(failure)[0] ?? "";
    proof.weigh(
      left.length === 0,
      `${migration.file}, ${way}, fails and leaves rows in ${left.join(", ")}`,
      `-- the file with a statement that fails:\n${tail}${failure}`,
    );
    const { fault } = await apply(ground, site, [migration], { way });
    if (fault) {
      proof.broke(
        `${migration.file} fails after an attempt that failed: ${fault.what}`,
        applyAgain(migration),
      );
      return undefined;
    }
  }
  return await pictureOf(site);
}

/** The file with a statement that fails before its first or last COMMIT; at its end, when that is not the end of it. */
async function sabotage(migration: Migration, which: "first" | "last"): Promise<Migration> {
  const { statements, file, text } = migration;
  const commits = statements.filter(({ control }) => control === "closes");
  const commit = which === "first" ? commits.at(0) : commits.at(-1);
  const isLast = commit !== undefined && (which === "first" || commit === statements.at(-1));
  const at = isLast ? commit.start.offset : text.length;
  const sabotaged = `${text.slice(0, at)}${isLast ? "" : "\n;\n"}${failure}${text.slice(at)}`;
  return { ...migration, text: sabotaged, statements: await splitStatements(sabotaged, file) };
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

/** A database whose server lost pgAudit, or never had it, is told so and what to do, and keeps what it has. */
export async function provesMissingPgaudit(ground: Ground, proof: Proof): Promise<void> {
  const file = ground.plan.find(({ text }) => /create extension pgaudit/i.test(text));
  if (file === undefined) return proof.broke("no migration creates pgaudit", "ls migrations");
  await using site = await ground.open("migrated");
  const repeat = "drop extension pgaudit cascade;";
  await site.superuser.does(repeat);
  let fault: Fault | undefined;
  const left = await leftBehind(site, async () => {
    ({ fault } = await apply(ground, site, [file], { way: "psql" }));
  });
  const said = fault ? `${fault.what} ${fault.hint}` : "nothing";
  proof.weigh(
    /pgaudit/i.test(said) && /create extension|install the|contact/i.test(said),
    `without pgAudit ${file.file} says ${said}, which does not tell what to do`,
    repeat,
  );
  proof.weigh(left.length === 0, `without pgAudit ${file.file} leaves rows in ${left.join(", ")}`, repeat);
}

/** A file of which one requirement is missing, and no other, names that one; so for every requirement there is. */
export async function provesEachRequirementIsNamed(ground: Ground, proof: Proof): Promise<void> {
  const { plan } = ground;
  const dependents = (one: Migration): readonly Migration[] => {
    const direct = plan.filter((other) => requires(other, one.file));
    return [...new Set([...direct, ...direct.flatMap(dependents)])];
  };
  // One site serves as many as have not been applied there yet: each is put off until nothing else is left to do.
  let pending = plan.filter((one) => dependents(one).length > 0);
  while (pending.length > 0) {
    await using site = await ground.open("before");
    const applied = new Set<Migration>();
    const later: Migration[] = [];
    for (const missing of pending) {
      if (applied.has(missing)) {
        later.push(missing);
        continue;
      }
      const waiting = new Set([missing, ...dependents(missing)]);
      for (const migration of plan.filter((one) => !waiting.has(one) && !applied.has(one))) {
        await apply(ground, site, [migration]);
        applied.add(migration);
      }
      const early = plan.filter((one) => requires(one, missing.file));
      const left = await leftBehind(site, async () => {
        for (const migration of early) {
          const lacking = plan.filter((one) => requires(migration, one.file) && !applied.has(one));
          const names = lacking.map(({ file }) => stem(file));
          const { fault } = await apply(ground, site, [migration], { way: "psql" });
          proof.weigh(
            names.some((name) => fault?.what.includes(name)),
            `${migration.file} without ${names.join(", ")} ${fault ? `says ${fault.what}` : "is accepted"}`,
            applyAgain(migration),
          );
        }
      });
      proof.weigh(
        left.length === 0,
        `without ${missing.file}, rows in ${left.join(", ")} are left by one of ${early.map(({ file }) => file).join(", ")}`,
        applyAgain(...early),
      );
    }
    pending = later;
  }
}
