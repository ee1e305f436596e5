// Session: somebody's requests to a database, each a transaction of its own, as PostgREST makes them.
// Actor: who asks: a database role and the claims of a token; both hold for one transaction only.
// Outcome: what the server said, refusals included. That it said nothing is a Fault.
// Direct: a connection without claims, for set-up and for asking what an owner or a superuser may do.
import pLimit from "p-limit";
import type { Address } from "../engine/cluster.ts";
import { quoteIdentifier } from "../sql/identifier.ts";
import { loadSql } from "../sql/load.ts";
import type { Actor } from "./actor.ts";
import { exchange } from "./exchange.ts";
import type { Outcome } from "./outcome.ts";
import { cleanup, Pool } from "./pool.ts";
import { refuseFailure } from "./reading.ts";
import {
  directPreamble,
  type Preamble,
  type RequestDetails,
  requestPreamble,
  type Setting,
} from "./request.ts";
import { Speaker } from "./speaker.ts";
import { compose } from "./statement.ts";
import { perform } from "./transaction.ts";

export interface SessionOptions {
  /** How many connections at most; default 4. */
  readonly size?: number;
  /** The schemas in which a request finds what it does not qualify; default public, extensions. */
  readonly searchPath?: readonly string[];
}

/** One statement that one actor tries. */
export interface Experiment {
  readonly actor: Actor;
  readonly sql: string;
  /** What a COPY FROM STDIN reads; default nothing, which is a COPY of no rows. */
  readonly input?: string;
}

/** A role's settings of ALTER ROLE ... SET. */
type RoleSettings = ReadonlyMap<string, readonly Setting[]>;

const roleSettingsQuery = loadSql(import.meta.url, "role-settings.sql");

/** Experiments under way at a time: enough that the server never waits for us. */
const pipelineDepth = 64;

/** Sessions of any number of actors, over a few connections as one role: PostgREST's is `authenticator`. */
export function openSessions(authenticator: Address, options: SessionOptions = {}): Sessions {
  return new Sessions(authenticator, options);
}

/** Connections as `address.user` itself, in read-write transactions without any claims. */
export function openDirect(address: Address, { size = 4 }: Pick<SessionOptions, "size"> = {}): Direct {
  return new Direct(new Pool(address, size), async (readOnly) => directPreamble(readOnly));
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

  constructor(address: Address, { size = 4, searchPath = ["public", "extensions"] }: SessionOptions) {
    this.pool = new Pool(address, size);
    this.searchPath = searchPath.map(quoteIdentifier).join(", ");
  }

  /** Speaks for `actor`. */
  as(actor: Actor, details: RequestDetails = {}): Speaker {
    return new Speaker(this.pool, async (readOnly) => {
      return this.preamble(await this.settings(), actor, readOnly, details);
    });
  }

  /**
   * What came of each experiment, in order. Each is a transaction of its own that is rolled back, on a connection that
   * is clean again before the next; what happens in one changes nothing for another. Made for thousands at a time.
   * @throws Fault as `Speaker` does; then none of the outcomes is known.
   */
  async attempt(experiments: readonly Experiment[]): Promise<Outcome[]> {
    const settings = await this.settings();
    const inPipeline = pLimit(pipelineDepth);
    return this.pool.use((client) =>
      allOf(
        experiments.map(({ actor, sql, input = "" }) =>
          inPipeline(async () => {
            const preamble = this.preamble(settings, actor, false);
            const { address } = this.pool;
            const outcome = perform(client, address, preamble, compose(sql), "rollback", { input });
            const [result, cleaned] = await Promise.allSettled([outcome, exchange(client, cleanup)]);
            if (result.status === "rejected") throw result.reason;
            if (cleaned.status === "fulfilled") refuseFailure(cleaned.value, address);
            return result.value;
          }),
        ),
      ),
    );
  }

  /**
   * Lets `work` run one statement as several actors on one connection, each in a transaction that is rolled back. The
   * server keeps the plan made for the first: what was frozen into it shows in the outcomes of the others.
   */
  async prepared<T>(
    sql: string,
    work: (runAs: (actor: Actor) => Promise<Outcome>) => Promise<T>,
  ): Promise<T> {
    const settings = await this.settings();
    return this.pool.use((client) => {
      let parsed = false;
      return work(async (actor) => {
        const { address } = this.pool;
        const preamble = this.preamble(settings, actor, false);
        const step = { name: "prepared_once", parsed };
        const outcome = await perform(client, address, preamble, compose(sql), "rollback", step);
        parsed ||= outcome.ok;
        refuseFailure(await exchange(client, [{ text: "rollback" }]), address);
        return outcome;
      });
    });
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

  /** Read once: PostgREST keeps them too, until it is told to read its configuration again. */
  private settings(): Promise<RoleSettings> {
    this.roleSettings ??= this.pool
      .use(async (client) => {
        const reply = await exchange(client, [{ text: roleSettingsQuery, returns: true }]);
        refuseFailure(reply, this.pool.address);
        const rows = (reply.completed[0]?.rows ?? []) as { role: string; name: string; value: string }[];
        const settings = new Map<string, Setting[]>();
        for (const { role, name, value } of rows) {
          settings.set(role, [...(settings.get(role) ?? []), [name, value]]);
        }
        return settings;
      })
      .catch((thrown) => {
        this.roleSettings = undefined;
        throw thrown;
      });
    return this.roleSettings;
  }
}

/** All results, when every one of them is settled; the first failure otherwise. */
async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
