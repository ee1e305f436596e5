import pLimit from "p-limit";
import type { Address } from "../engine/cluster.ts";
import { type Connection, connect } from "../engine/connection.ts";
import { Fault, messageOf } from "../fault/fault.ts";
import { exchange, type Step } from "./exchange.ts";
import { lossOf, whereIs } from "./reading.ts";

/** Ends what is open and leaves the session as it is, as a pool in production does. */
export const rollback: readonly Step[] = [{ text: "rollback" }];
/** Undoes what a transaction leaves behind that was rolled back: prepared statements, positions in sequences, locks. */
export const afterRollback: readonly Step[] = [
  ...rollback,
  { text: "deallocate all" },
  { text: "discard sequences" },
  { text: "select pg_catalog.pg_advisory_unlock_all()" },
];
/**
 * Undoes whatever a session may still hold, as DISCARD ALL does, except its plans: pools in production keep them, and to
 * make them anew takes longer than most experiments.
 */
const cleanup: readonly Step[] = [
  ...afterRollback,
  { text: "close all" },
  { text: "set session authorization default" },
  { text: "reset all" },
  { text: "unlisten *" },
  { text: "discard temp" },
];

interface PoolOptions {
  /** Whether a connection forgets everything between two uses; default true. */
  readonly forgetful?: boolean;
}

interface UseOptions {
  /** Whether all that is done with the connection will be rolled back; default false. */
  readonly rolledBack?: boolean;
}

/** A few connections as one role. A connection comes back out of any transaction, by default clean, or it is closed. */
export class Pool implements AsyncDisposable {
  readonly address: Address;
  private readonly idle: Connection[] = [];
  private readonly limit: ReturnType<typeof pLimit>;
  private readonly underWay = new Set<Promise<unknown>>();
  private closed = false;

  private readonly forgetful: boolean;

  constructor(address: Address, size: number, { forgetful = true }: PoolOptions = {}) {
    this.address = address;
    this.forgetful = forgetful;
    this.limit = pLimit(size);
  }

  /**
   * What `work` answers, with a connection that nobody else uses meanwhile.
   * @throws Fault ENGINE_LOST when the server cannot be reached, or ends the connection; SESSION_REFUSED when
   * it lets nobody in; BUG when the pool is closed.
   */
  async use<T>(
    work: (client: Connection) => Promise<T>,
    { rolledBack = false }: UseOptions = {},
  ): Promise<T> {
    if (this.closed) throw new Fault("BUG", "A session was used after it had been closed.");
    const using = this.limit(async () => {
      const client = this.idle.pop() ?? (await open(this.address));
      const [result] = await Promise.allSettled([work(client)]);
      await this.giveBack(client, rolledBack);
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
    this.underWay.add(using);
    return using.finally(() => this.underWay.delete(using));
  }

  /** What `look` answers of every connection that is open, once the work under way has ended. */
  async each<T>(look: (client: Connection) => Promise<T>): Promise<T[]> {
    await Promise.allSettled(this.underWay);
    const clients = this.idle.splice(0);
    try {
      return await Promise.all(clients.map(look));
    } finally {
      this.idle.push(...clients);
    }
  }

  /** Waits for the work under way, then closes every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
    await Promise.allSettled(this.underWay);
    await Promise.all(this.idle.splice(0).map((client) => client.end()));
  }

  private async giveBack(client: Connection, rolledBack: boolean): Promise<void> {
    const forget = rolledBack ? afterRollback : cleanup;
    const { error } = await exchange(client, this.forgetful ? forget : rollback);
    if (error === undefined) {
      this.idle.push(client);
      return;
    }
    await client.end();
    const loss = lossOf(error, this.address);
    if (loss) throw loss;
  }
}

async function open(address: Address): Promise<Connection> {
  try {
    return await connect(address, { applicationName: "tenantproof session", pipeline: true });
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    throw new Fault("SESSION_REFUSED", `No session could be opened: ${messageOf(thrown)}`, {
      where: whereIs(address),
      cause: thrown,
    });
  }
}
