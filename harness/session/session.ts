// Session: somebody's requests to a database, each a transaction of its own, as PostgREST makes them.
// Actor: who asks: a database role and the claims of a token; both hold for one transaction only.
// Outcome: what the server said, refusals included. That it said nothing is a Fault.
// Direct: a connection without claims, for set-up and for asking what an owner or a superuser may do.
import pLimit from "p-limit";
import type { Address } from "../engine/cluster.ts";
import type { Connection } from "../engine/connection.ts";
import { quoteIdentifier } from "../sql/identifier.ts";
import type { Actor } from "./actor.ts";
import { exchange, inOneWrite } from "./exchange.ts";
import type { Outcome } from "./outcome.ts";
import { afterRollback, Pool, rollback } from "./pool.ts";
import { readOutcome, refuseFailure } from "./reading.ts";
import { directPreamble, type Preamble, type RequestDetails, requestPreamble } from "./request.ts";
import { type RoleSettings, readRoleSettings } from "./role-settings.ts";
import { Speaker } from "./speaker.ts";
import { compose } from "./statement.ts";
import { perform } from "./transaction.ts";

export interface SessionOptions {
  /** How many connections at most; default 4. */
  readonly size?: number;
  /** The schemas in which a request finds what it does not qualify; default public, extensions. */
  readonly searchPath?: readonly string[];
  /** Whether a connection forgets everything between two transactions; default true. PostgREST's pool does not. */
  readonly forgetful?: boolean;
}

/** One statement that one actor tries. */
export interface Experiment {
  readonly actor: Actor;
  readonly sql: string;
  /** What a COPY FROM STDIN reads; default nothing, which is a COPY of no rows. */
  readonly input?: string;
}

/** Experiments that go out in one write: a system call for each would cost as much as the rest of our share. */
const batch = 50;
/** Batches under way at a time: enough that the server never waits for us. */
const batchesUnderWay = 2;

/** Sessions of any number of actors, over a few connections as one role: PostgREST's is `authenticator`. */
export function openSessions(authenticator: Address, options: SessionOptions = {}): Sessions {
  return new Sessions(authenticator, options);
}

/** Connections as `address.user` itself, in read-write transactions without any claims. */
export function openDirect(address: Address, { size = 4 }: Pick<SessionOptions, "size"> = {}): Direct {
  return new Direct(new Pool(address, size), async (_, readOnly) => directPreamble(readOnly));
}

/** A speaker without claims; see `openDirect`. */
export class Direct extends Speaker implements AsyncDisposable {
  /** Waits for what is under way, then closes the connections. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.pool[Symbol.asyncDispose]();
  }
}

/** See `openSessions`. */
export class Sessions implements AsyncDisposable {
  private readonly pool: Pool;
  private readonly searchPath: string;
  private roleSettings: Promise<RoleSettings> | undefined;

  constructor(address: Address, options: SessionOptions) {
    const { size = 4, searchPath = ["public", "extensions"], forgetful = true } = options;
    this.pool = new Pool(address, size, { forgetful });
    this.searchPath = searchPath.map(quoteIdentifier).join(", ");
  }

  /** Speaks for `actor`. */
  as(actor: Actor, details: RequestDetails = {}): Speaker {
    return new Speaker(this.pool, async (client, readOnly) =>
      this.preamble(await this.settings(client), actor, readOnly, details),
    );
  }

  /**
   * What came of each experiment, in order. Each is a transaction of its own that is rolled back, on a connection that
   * is clean again before the next; what happens in one changes nothing for another. Made for thousands at a time.
   * @throws Fault as `Speaker` does; then none of the outcomes is known.
   */
  attempt(experiments: readonly Experiment[]): Promise<Outcome[]> {
    const limit = pLimit(batchesUnderWay);
    return this.pool.use(async (client) => {
      const settings = await this.settings(client);
      const actors = new Set(experiments.map(({ actor }) => actor));
      const preambles = new Map([...actors].map((actor) => [actor, this.preamble(settings, actor, false)]));
      const attempt = (one: Experiment) => this.attemptOne(client, preambles.get(one.actor) as Preamble, one);
      const outcomes = inBatches(experiments).map((some) =>
        limit(() => allOf(inOneWrite(client, () => some.map(attempt)))),
      );
      return (await allOf(outcomes)).flat();
    });
  }

  /**
   * Lets `work` run one statement as several actors on one connection, each in a transaction that is rolled back. The
   * server keeps the plan made for the first: what was frozen into it shows in the outcomes of the others.
   */
  prepared<T>(sql: string, work: (runAs: (actor: Actor) => Promise<Outcome>) => Promise<T>): Promise<T> {
    return this.pool.use(async (client) => {
      const settings = await this.settings(client);
      const { address } = this.pool;
      let parsed = false;
      return work(async (actor) => {
        const preamble = this.preamble(settings, actor, false);
        const step = { name: "prepared_once", parsed };
        const outcome = await perform(client, address, preamble, compose(sql), "rollback", step);
        parsed ||= outcome.ok;
        // A statement that was prepared but could not be run is prepared again, by the next actor.
        const after = parsed ? rollback : [...rollback, { text: "deallocate all" }];
        refuseFailure(await exchange(client, after), address);
        return outcome;
      });
    });
  }

  /**
   * What `sql` answers on every connection that is open, as its last request left it: nothing is set, begun or undone.
   * What was under way has ended before.
   */
  survey(sql: string): Promise<Outcome[]> {
    return this.pool.each(async (client) =>
      readOutcome(await exchange(client, [{ text: sql, returns: true }]), 0, this.pool.address, () => sql),
    );
  }

  /** Waits for what is under way, then closes the connections. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.pool[Symbol.asyncDispose]();
  }

  private preamble(
    settings: RoleSettings,
    actor: Actor,
    readOnly: boolean,
    details: RequestDetails = {},
  ): Preamble {
    return requestPreamble(actor, readOnly, this.searchPath, settings.get(actor.role) ?? [], details);
  }

  /** One transaction and the cleanup after it, both sent before either is answered. */
  private async attemptOne(
    client: Connection,
    preamble: Preamble,
    { sql, input = "" }: Experiment,
  ): Promise<Outcome> {
    const { address } = this.pool;
    const [outcome, cleaned] = await allOf([
      perform(client, address, preamble, compose(sql), "rollback", { input }),
      exchange(client, afterRollback),
    ]);
    refuseFailure(cleaned, address);
    return outcome;
  }

  /** Read once: PostgREST keeps them too, until it is told to read its configuration again. */
  private settings(client: Connection): Promise<RoleSettings> {
    this.roleSettings ??= readRoleSettings(client, this.pool.address).catch((thrown) => {
      this.roleSettings = undefined;
      throw thrown;
    });
    return this.roleSettings;
  }
}

function inBatches<T>(all: readonly T[]): (readonly T[])[] {
  const count = Math.ceil(all.length / batch);
  return Array.from({ length: count }, (_, index) => all.slice(index * batch, (index + 1) * batch));
}

/** All results once every one of them is settled, or the first failure. */
async function allOf<const T extends readonly unknown[]>(
  promises: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
