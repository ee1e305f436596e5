// Bed: a database that is measured: the migrations, the rows of a scale, and everybody who may ask.

import type { Address } from "../engine/cluster.ts";
import type { Connection } from "../engine/connection.ts";
import { withConnection } from "../engine/connection.ts";
import { cloneDatabase, type Database, type Host } from "../engine/database.ts";
import type { Tenancy } from "../guarantees/tenancy.ts";
import { type Actor, service, signedIn } from "../session/actor.ts";
import { openSessions, type Sessions } from "../session/session.ts";
import { openStopwatch, type Stopwatch, type Timing } from "../session/stopwatch.ts";
import { quoteIdentifier, quoteLiteral } from "../sql/identifier.ts";
import type { Draw } from "../workload/draw.ts";
import { load } from "../workload/load.ts";
import type { Place, Scale } from "../workload/scale.ts";
import type { Query, Workload } from "../workload/workload.ts";

export interface Bed extends AsyncDisposable {
  readonly database: Database;
  readonly scale: Scale;
  readonly workload: Workload;
  readonly tenancy: Tenancy;
  readonly deployer: string;
  /** Of whoever the platform lets requests in as. */
  readonly authenticator: Address;
  readonly superuser: Address;
  readonly seed: number;
}

export interface BedPlan {
  readonly cluster: Host;
  /** The database to copy; what it has of the workload's rows stays. */
  readonly template: string;
  readonly workload: Workload;
  readonly scale: Scale;
  readonly tenancy: Tenancy;
  readonly deployer: string;
  readonly seed: number;
}

/** What would make one run differ from the next. */
const pinned = { jit: "off", max_parallel_workers_per_gather: "0" };

/** A copy of the template; nothing is put into it. */
export async function openBed({ template, ...plan }: BedPlan): Promise<Bed> {
  const { cluster, ...given } = plan;
  const database = await cloneDatabase(cluster, template);
  const settings = { ...pinned, ...given.workload.settings };
  const commands = Object.entries(settings).map(
    ([name, value]) =>
      `alter database ${quoteIdentifier(database.name)} set ${quoteIdentifier(name)} = ${quoteLiteral(value)}`,
  );
  await withConnection(cluster.superuser, async (connection) => {
    for (const command of commands) await connection.query(command);
  });
  return reopenBed({ ...plan, database });
}

/** The bed that is in a database of ours. */
export function reopenBed({
  cluster,
  database,
  ...given
}: Omit<BedPlan, "template"> & { readonly database: Database }): Bed {
  return {
    ...given,
    database,
    authenticator: database.address("authenticator"),
    superuser: database.address(cluster.superuser.user),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

/** The bed has the rows of its scale. @throws Fault WORKLOAD_REFUSED when they do not fit. */
export async function fillBed(bed: Bed, say: (detail: string) => void, signal?: AbortSignal): Promise<void> {
  const { workload, scale, seed } = bed;
  await withConnection(bed.superuser, (connection) =>
    load(connection, workload, scale, { seed, say, signal }),
  );
}

/** What was written and rolled back is out of the way, as after a quiet night. */
export async function settle({ workload, superuser }: Bed): Promise<void> {
  const tables = workload.sheets.map(
    ({ schema, name }) => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`,
  );
  await withConnection(superuser, (connection) => connection.query(`vacuum (analyze) ${tables.join(", ")}`));
}

/** What `use` answers, with a superuser's connection. */
export function asSuperuser<T>({ superuser }: Bed, use: (connection: Connection) => Promise<T>): Promise<T> {
  return withConnection(superuser, use);
}

/**
 * What `use` answers, with sessions in which calls of functions are counted. Those that are timed must not be open
 * meanwhile: whoever logs in would count, too.
 */
export async function counting<T>(bed: Bed, use: (sessions: Sessions) => Promise<T>): Promise<T> {
  const setting = `alter role authenticator in database ${quoteIdentifier(bed.database.name)}`;
  await asSuperuser(bed, (connection) => connection.query(`${setting} set track_functions = 'all'`));
  try {
    await using sessions = openSessions(bed.authenticator, { size: 1 });
    return await use(sessions);
  } finally {
    await asSuperuser(bed, (connection) => connection.query(`${setting} reset track_functions`));
  }
}

/** One execution of a query. */
export interface Execution {
  readonly actor: Actor;
  readonly text: string;
  readonly values: readonly (string | null)[];
  readonly readOnly: boolean;
  /** Who asks, where somebody does. */
  readonly person: string;
}

/** Somebody of the place asks; who, and with which values, is drawn. */
export function drawExecution(tenancy: Tenancy, query: Query, place: Place, draw: Draw): Execution {
  const person = draw.oneOf(place.people);
  const actor =
    query.asker === "service"
      ? service
      : signedIn("a member", tenancy.claims({ id: person, tenant: place.tenant }));
  return { actor, text: query.text, values: query.values(place, draw), readOnly: !query.writes, person };
}

/** A request that asks for nothing, as somebody of the place: what no query can be faster than. */
export function floorExecution(tenancy: Tenancy, place: Place): Execution {
  const person = place.people[0] as string;
  const actor = signedIn("a member", tenancy.claims({ id: person, tenant: place.tenant }));
  return { actor, text: "select 1", values: [], readOnly: true, person };
}

export interface Way {
  readonly prepared: boolean;
}

/** One execution on the stopwatch. @throws Fault as `Stopwatch.time` does. */
export function timeExecution(
  stopwatch: Stopwatch,
  execution: Execution,
  { prepared }: Way,
): Promise<Timing> {
  return stopwatch.time({ ...execution, prepared });
}

/** A new connection for timing; each begins with nothing planned. */
export function openTimer(bed: Bed, setup: readonly string[] = []): Promise<Stopwatch> {
  return openStopwatch(bed.authenticator, { setup });
}
