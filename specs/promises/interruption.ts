import type { Connection } from "../../harness/catalog/connection.ts";
import type { Picture } from "../../harness/catalog/picture.ts";
import { connect, withConnection } from "../../harness/engine/connection.ts";
import { createDatabase, freezeTemplate } from "../../harness/engine/database.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import { openSite, type Site } from "../../harness/guarantees/site.ts";
import { applyPlan } from "../../harness/migrations/apply.ts";
import type { Migration } from "../../harness/migrations/migration.ts";
import { apply, applyAgain, leftBehind, pictureOf, tellDifference } from "./application.ts";
import { type LegacyRows, legacyRows, plantLegacy, plantOrganizations, tellRows } from "./legacy.ts";
import { requirementsOf } from "./requirements.ts";

/**
 * Whatever a file has committed when its connection is lost, a second application goes on from there: it ends in the
 * catalog of an undisturbed one, and every legacy row is still there. What a lost connection leaves changes only where
 * something is committed, so that is where this cuts; npm run test:interrupted cuts after each statement.
 */
export async function provesInterruption(ground: Ground, proof: Proof): Promise<void> {
  const inParts = (migration: Migration) => commits(migration).length > 1;
  await Promise.all([
    provesWholeFiles(ground, proof, inParts),
    ...ground.plan.filter(inParts).map((file) => provesCuts(ground, proof, file, commits(file))),
  ]);
}

/** After how many of its statements something is there that a lost connection does not undo. */
function commits({ statements }: Migration): readonly number[] {
  let open = false;
  return statements.flatMap(({ control, kind }, index) => {
    if (control !== undefined) open = control === "opens";
    return open || kind === "VariableSetStmt" ? [] : [index + 1];
  });
}

/** A file that commits once leaves nothing when it is cut off before, and all of it after: one site serves them all. */
async function provesWholeFiles(
  ground: Ground,
  proof: Proof,
  inParts: (migration: Migration) => boolean,
): Promise<void> {
  await using site = await ground.open("before");
  for (const migration of ground.plan) {
    const [all = 0] = inParts(migration) ? [] : commits(migration);
    if (all > 0) {
      const left = await leftBehind(site, () => cutOff(site, migration, all - 1));
      proof.weigh(
        left.length === 0,
        `${migration.file}, cut off before it commits, leaves rows in ${left.join(", ")}`,
        repeatOf(migration, all - 1),
      );
      await cutOff(site, migration, all);
    }
    const { fault } = await apply(ground, site, [migration], { way: "psql" });
    proof.weigh(
      fault === undefined,
      `${migration.file}, applied again after it was cut off, fails: ${fault?.what}`,
      repeatOf(migration, all),
    );
    if (fault) return;
  }
  await using undisturbed = await ground.open("migrated");
  const told = tellDifference(await pictureOf(undisturbed), await pictureOf(site));
  proof.weigh(
    told === "",
    `the set, cut off and applied again, ends differently: ${told}`,
    applyAgain(...ground.plan),
  );
}

/** The file, cut off after so many statements, each time in a database of its own, with legacy rows in it. */
export async function provesCuts(
  ground: Ground,
  proof: Proof,
  migration: Migration,
  cuts: readonly number[],
): Promise<void> {
  await using stage = await makeStage(ground, migration);
  const undisturbed = await stage.undisturbed();
  for (const count of cuts) {
    await using site = await stage.open();
    await cutOff(site, migration, count);
    const when = `after statement ${count} of ${migration.statements.length}`;
    await provesRecovery(ground, site, proof, migration, {
      ...undisturbed,
      when,
      repeat: repeatOf(migration, count),
    });
  }
}

/** What an application ends in. */
interface Ending {
  readonly catalog: Picture;
  readonly events: LegacyRows;
}

interface Recovery extends Ending {
  /** When the file was cut off. */
  readonly when: string;
  readonly repeat: string;
}

/** Applied again on a site where it was cut off, the file ends as if nothing had happened. */
export async function provesRecovery(
  ground: Ground,
  site: Site,
  proof: Proof,
  migration: Migration,
  { when, catalog, events, repeat }: Recovery,
): Promise<void> {
  const what = `${migration.file}, cut off ${when} and applied again`;
  const { fault } = await apply(ground, site, [migration], { way: "psql" });
  const told = fault?.what ?? tellDifference(catalog, await pictureOf(site));
  proof.weigh(told === "", `${what}: ${told}`, repeat);
  if (fault) return;
  const rows = tellRows(events, await eventsOf(site));
  proof.weigh(rows === "", `${what}: ${rows}`, `${plantLegacy}\n${plantOrganizations}\n${repeat}`);
}

/** The statements, one by one, and then the backend is gone: what was not committed is undone. */
export async function cutOff(site: Site, { statements }: Migration, count: number): Promise<void> {
  await using connection = await connect(site.database.address(site.deployerRole));
  for (const { text } of statements.slice(0, count)) await connection.query(text);
  const { rows } = await connection.query("select pg_catalog.pg_backend_pid() as pid");
  // A backend closes its connection last of all. The server's own way to wait for that looks every 100 ms.
  const gone = new Promise((resolve) => connection.once("end", resolve));
  const superuser = await site.connection("superuser");
  await superuser.query("select pg_catalog.pg_terminate_backend($1)", [rows[0].pid]);
  await gone;
}

interface Stage extends AsyncDisposable {
  open(): Promise<Site>;
  /** What the migration ends in there when nothing disturbs it. @throws Error when it does not apply. */
  undisturbed(): Promise<Ending>;
}

/** Databases in which all is applied that the migration requires, with legacy rows of every kind, and `more`. */
export async function makeStage(ground: Ground, migration: Migration, more = ""): Promise<Stage> {
  const { cluster, deployer, templates, plan, limits } = ground;
  const database = await createDatabase(cluster, { template: templates.before, owner: deployer });
  const needed = requirementsOf(plan, migration);
  await withConnection(database.address(deployer), async (connection) => {
    await connection.query(`${plantLegacy}\n${more}`);
    await applyPlan(connection, needed, limits);
    if (needed.some(({ file }) => file.includes("organizations"))) await connection.query(plantOrganizations);
  });
  await freezeTemplate(cluster, database.name);
  const open = () => openSite(cluster, database.name, deployer);
  return {
    open,
    async undisturbed() {
      await using site = await open();
      const { fault } = await apply(ground, site, [migration], { way: "psql" });
      if (fault) throw new Error(`${migration.file} does not apply to legacy rows: ${fault.what}`);
      return { catalog: await pictureOf(site), events: await eventsOf(site) };
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

/** The legacy events in both tables they may be in, and which organization each has that has one. */
async function eventsOf(site: Site): Promise<LegacyRows> {
  const connection: Connection = await site.connection("superuser");
  const orphans = await connection.query(
    "select from pg_catalog.pg_tables where tablename = 'processed_webhook_events_orphans'",
  );
  if (orphans.rows.length === 0) return legacyRows(connection);
  const old = "id, event_id, event_type, call_log_id, call_id, vapi_call_id, received_at, processed_at";
  const { rows } = await connection.query(`
    select 'processed_webhook_events, orphans included,' as name, array(
      select (${old})::text from public.processed_webhook_events
      union all select (${old})::text from public.processed_webhook_events_orphans) as rows
    union all
    select 'processed_webhook_events', array(select (id, org_id)::text from public.processed_webhook_events)`);
  return new Map((rows as { name: string; rows: string[] }[]).map((row) => [row.name, row.rows]));
}

function repeatOf({ file, path, statements }: Migration, count: number): string {
  const last = statements[count - 1]?.text.trim().split("\n", 1)[0] ?? "";
  return `-- the first ${count} statements of ${file}, up to the one that begins with\n--   ${last}\n-- then, from another session, select pg_terminate_backend(...); then\n${applyAgain({ path })}`;
}
