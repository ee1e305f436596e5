import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, connect } from "../../harness/engine/connection.ts";
import type { Ground } from "../../harness/guarantees/ground.ts";
import { Bystander, type TableWait } from "../../harness/guarantees/locks/bystander.ts";
import type { Proof } from "../../harness/guarantees/proof.ts";
import { send } from "../../harness/migrations/simple-query.ts";
import type { Statement } from "../../harness/sql/statements.ts";
import { applyAgain } from "./application.ts";
import { openManyEvents } from "./legacy-events.ts";
import { events, webhookMigration } from "./webhook-legacy.ts";

/** Whoever waits for a strong lock holds up all who come behind. */
const longestWaitMs = 2_500;
const lookEveryMs = 20;
const tables = [events, "public.organizations", "public.call_logs", "public.calls"];
const lockNotAvailable = "55P03";

/** Every wait for a lock that holds writers up ends by itself, and the file gets there once the writer has gone. */
export async function provesLimitedWaits(ground: Ground, proof: Proof): Promise<void> {
  const migration = webhookMigration(ground);
  await using site = await openManyEvents(ground, 3);
  const address = site.database.address(ground.cluster.superuser.user);
  await using writer = await Bystander.open(address, "writer");
  await using connection = await connect(site.database.address(site.deployerRole));
  const { rows } = await connection.query("select pg_catalog.pg_backend_pid() as pid");
  const session: Session = { connection, writer, pid: rows[0].pid };
  const repeat = `-- in one session:\nbegin; lock table ${tables.join(", ")} in row exclusive mode;\n-- in another:\n${applyAgain(migration)}`;

  let waits = 0;
  for (const statement of migration.statements) {
    if (statement.control !== undefined) {
      await run(connection, statement);
      continue;
    }
    const { wait, ended, gaveUp } = await withWriter(session, statement);
    if (wait === undefined) continue;
    waits += 1;
    proof.weigh(
      ended,
      `${migration.file}:${statement.start.line} waits for ${wait.mode} on ${wait.table} for more than ${longestWaitMs} ms, and everybody behind it`,
      repeat,
    );
    // It gave up for good, as it may: what is left of the file needs it. Without the writer it is run from its beginning.
    if (gaveUp) {
      await send(connection, "rollback");
      for (const one of migration.statements) {
        await run(connection, one);
        if (one === statement) break;
      }
    }
  }
  if (waits === 0)
    proof.doubted(`${migration.file} never waited for a writer, so nothing is known of its patience`);
}

interface Session {
  readonly connection: Connection;
  readonly writer: Bystander;
  readonly pid: number;
}

interface Patience {
  /** The first wait for the writer. */
  readonly wait: TableWait | undefined;
  /** Whether it came to its end while the writer stayed. */
  readonly ended: boolean;
  /** Whether the statement failed for it. */
  readonly gaveUp: boolean;
}

/** Runs the statement while a writer stays for as long as the first wait for it may take. @throws its error, but for that. */
async function withWriter({ connection, writer, pid }: Session, statement: Statement): Promise<Patience> {
  // What this transaction holds itself nobody else can use.
  const held = await heldBy(connection);
  await writer.use(tables.filter((table) => !held.has(table)));
  const running = send(connection, statement.text);
  const wait = await writer.waitDuring(pid, running);
  const ended = wait === undefined || (await endOf(writer, pid, wait, running));
  await writer.leave();
  const { error } = await running;
  const gaveUp = error?.code === lockNotAvailable;
  if (error && !gaveUp) throw error;
  return { wait, ended, gaveUp };
}

async function endOf(
  writer: Bystander,
  pid: number,
  wait: TableWait,
  running: Promise<unknown>,
): Promise<boolean> {
  const deadline = performance.now() + longestWaitMs;
  while (performance.now() < deadline) {
    const now = await writer.waitOf(pid);
    if (now?.since !== wait.since) return true;
    await Promise.race([running, sleep(lookEveryMs)]);
  }
  return false;
}

async function heldBy(connection: Connection): Promise<ReadonlySet<string>> {
  const { rows } = await connection.query(`
    select pg_catalog.format('%I.%I', n.nspname, c.relname) as name
    from pg_catalog.pg_locks l
    join pg_catalog.pg_class c on c.oid = l.relation
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where l.pid = pg_catalog.pg_backend_pid() and l.granted
      and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`);
  return new Set((rows as { name: string }[]).map(({ name }) => name));
}

async function run(connection: Connection, { text }: Statement): Promise<void> {
  const { error } = await send(connection, text);
  if (error) throw error;
}
