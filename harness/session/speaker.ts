import type { Connection } from "../engine/connection.ts";
import type { Outcome, Succeeded } from "./outcome.ts";
import { rowsOf } from "./outcome.ts";
import type { Pool } from "./pool.ts";
import type { Preamble } from "./request.ts";
import { compose, type Sql } from "./statement.ts";
import {
  converse,
  type Ending,
  perform,
  performInTurn,
  type Run,
  type Sequel,
  type TransactionOptions,
} from "./transaction.ts";

const rolledBack = { rolledBack: true } as const;

/** How a transaction on `client` begins for one who speaks. */
export type PreambleFor = (client: Connection, readOnly: boolean) => Promise<Preamble>;

/**
 * What one actor, or one direct connection, can do. Every method is one transaction; all throw Fault ENGINE_LOST when
 * the server is gone, SESSION_REFUSED when it does not let the actor begin, USAGE when a statement ends its transaction.
 */
export class Speaker {
  protected readonly pool: Pool;
  private readonly preambleFor: PreambleFor;

  constructor(pool: Pool, preambleFor: PreambleFor) {
    this.pool = pool;
    this.preambleFor = preambleFor;
  }

  /** Runs the statement and commits. */
  does(sql: Sql, ...values: unknown[]): Promise<Outcome> {
    return this.once(false, "commit", sql, values);
  }

  /** Runs the statement, checks deferred constraints as a commit would, and rolls back. */
  tries(sql: Sql, ...values: unknown[]): Promise<Outcome> {
    return this.once(false, "rollback", sql, values);
  }

  /**
   * Runs the statements one after the other in one transaction, up to the first that is refused, and rolls back; deferred
   * constraints are checked after the last. Faster than `transaction`, for statements that are known beforehand.
   */
  triesInTurn(statements: readonly (readonly [sql: Sql, ...values: unknown[]])[]): Promise<Sequel> {
    const composed = statements.map(([sql, ...values]) => compose(sql, values));
    return this.pool.use(async (client) => {
      const preamble = await this.preambleFor(client, false);
      return performInTurn(client, this.pool.address, preamble, composed);
    }, rolledBack);
  }

  /** The rows of the statement in a read-only transaction. @throws Refusal when the server refuses it. */
  async reads(sql: Sql, ...values: unknown[]): Promise<Succeeded["rows"]> {
    return rowsOf(await this.once(true, "rollback", sql, values));
  }

  /**
   * Several statements in one transaction. Answers with the first refusal, that of the commit included, and else with
   * the last statement's outcome; what savepoints undid counts for nothing.
   * @throws whatever `work` throws; the transaction is then rolled back.
   */
  async transaction(
    work: (run: Run) => Promise<unknown>,
    options: TransactionOptions = {},
  ): Promise<Outcome> {
    return this.pool.use(
      async (client) => {
        const preamble = await this.preambleFor(client, options.readOnly ?? false);
        return converse(client, this.pool.address, preamble, work, options);
      },
      options.commit ? {} : rolledBack,
    );
  }

  private async once(
    readOnly: boolean,
    ending: Ending,
    sql: Sql,
    values: readonly unknown[],
  ): Promise<Outcome> {
    const statement = compose(sql, values);
    return this.pool.use(
      async (client) => {
        const preamble = await this.preambleFor(client, readOnly);
        return perform(client, this.pool.address, preamble, statement, ending);
      },
      ending === "commit" ? {} : rolledBack,
    );
  }
}
