// Connection: one session of a server, closed when disposed of.
// Errand: something short that a superuser does for others; opening a session costs a server more than most of them.
// Lost: the server or the network ended it; that is a Fault, while an error of a statement stays pg's own.

import { type OnReadOpts, Socket, type SocketConstructorOpts } from "node:net";
import pg from "pg";
import { Fault, messageOf } from "../fault/fault.ts";
import type { Address } from "./cluster.ts";

/** A connected client of pg, closed when disposed of. Its queries reject with Fault ENGINE_LOST when it is lost. */
export type Connection = pg.Client & AsyncDisposable;

interface ConnectOptions {
  /** Shown by the server in its log and in pg_stat_activity; default "tenantproof". */
  readonly applicationName?: string;
  /** How long to wait for the server's answer; default 10,000. */
  readonly timeoutMs?: number;
  /** Whether queries are sent without waiting for the answers of those before; default false. */
  readonly pipeline?: boolean;
  /** Whether all that a server on this machine says is read into one buffer, for whoever times it; default false. */
  readonly oneBuffer?: boolean;
}

/**
 * A new session as `address.user`.
 * @throws Fault ENGINE_LOST when no server answers there; pg's DatabaseError when the server refuses.
 */
export async function connect(address: Address, options: ConnectOptions = {}): Promise<Connection> {
  const client = new pg.Client(configOf(address, options));
  // An error event nobody listens to ends the process; the loss shows in the next query.
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (thrown) {
    await client.end().catch(() => {});
    throw asFault(thrown, address);
  }
  reportLoss(client, address);
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

/** What `use` answers, with a connection that is closed afterwards. @throws as `connect` and `use` do. */
export async function withConnection<T>(
  address: Address,
  use: (connection: Connection) => Promise<T>,
  options?: ConnectOptions,
): Promise<T> {
  await using connection = await connect(address, options);
  return await use(connection);
}

/** How long an errand's session waits for another one. */
const errandIdleMs = 500;

const errands = new WeakMap<Address, pg.Pool>();

/**
 * What `use` answers, with a session that was used for the same address before and will be again. It must be left as it
 * was found. An idle one keeps no process alive and is closed soon. @throws as `connect` and `use` do.
 */
export async function runErrand<T>(address: Address, use: (client: pg.ClientBase) => Promise<T>): Promise<T> {
  const pool = errands.get(address) ?? openErrands(address);
  let lost = false;
  try {
    const client = await pool.connect();
    try {
      return await use(client);
    } catch (thrown) {
      lost = !(thrown instanceof pg.DatabaseError);
      throw thrown;
    } finally {
      client.release(lost);
    }
  } catch (thrown) {
    throw thrown instanceof Fault ? thrown : asFault(thrown, address);
  }
}

/** No errand is under way at `address`, and none will be begun: `runErrand` throws ENGINE_LOST from now on. */
export async function endErrands(address: Address): Promise<void> {
  await (errands.get(address) ?? openErrands(address)).end();
}

/** No session of errands is open at `address`; the next errand opens one. */
export async function closeErrands(address: Address): Promise<void> {
  const pool = errands.get(address);
  errands.delete(address);
  await pool?.end();
}

function openErrands(address: Address): pg.Pool {
  const pool = new pg.Pool({
    ...configOf(address, {}),
    max: 4,
    idleTimeoutMillis: errandIdleMs,
    allowExitOnIdle: true,
  });
  // A server that ends takes its sessions with it: whoever uses one, or needs one next, is told.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  errands.set(address, pool);
  return pool;
}

function configOf(address: Address, options: ConnectOptions): pg.ClientConfig {
  return {
    ...address,
    // Our own servers speak no TLS, whatever PGSSLMODE in the environment says of others.
    ...(isLocal(address.host) ? { ssl: false } : {}),
    application_name: options.applicationName ?? "tenantproof",
    connectionTimeoutMillis: options.timeoutMs ?? 10_000,
    pipeline: options.pipeline ?? false,
    ...(options.oneBuffer && isLocal(address.host) && { stream: openSocket }),
  };
}

/** Node takes 64 KiB of new memory for each read otherwise, and gives back what was not needed. */
function openSocket(): Socket {
  const onread: OnReadOpts = {
    buffer: Buffer.allocUnsafe(65_536),
    callback(bytes, buffer) {
      socket.emit("data", Buffer.from(buffer.subarray(0, bytes)));
      return true;
    },
  };
  // The types know of it only where a socket is connected at once.
  const socket = new Socket({ onread } as SocketConstructorOpts);
  return socket;
}

function reportLoss(client: pg.Client, address: Address): void {
  const query = client.query.bind(client) as (...given: unknown[]) => unknown;
  client.query = ((...given: unknown[]) => {
    const answer = query(...given);
    if (!(answer instanceof Promise)) return answer;
    return answer.catch((thrown) => {
      throw asFault(thrown, address);
    });
  }) as typeof client.query;
}

function isLocal(host: string): boolean {
  return host.startsWith("/") || host === "127.0.0.1" || host === "localhost";
}

/** What a server says when a process of it crashed, which takes all sessions with it, and while it shuts down. */
const endings: ReadonlySet<string> = new Set(["57P02", "57P03"]);

function asFault(thrown: unknown, { host, port, database }: Address): unknown {
  if (thrown instanceof pg.DatabaseError && !endings.has(thrown.code ?? "")) return thrown;
  const where = host.startsWith("/") ? `${host}, database ${database}` : `${host}:${port}/${database}`;
  return new Fault("ENGINE_LOST", `The server does not answer: ${messageOf(thrown) || String(thrown)}`, {
    where,
    cause: thrown,
  });
}
