// Door: the database behind a gateway: a pool of connections, and one transaction a request.
// Route: a statement that can be asked for over HTTP. Inquiry: somebody asks for one.

import pLimit from "p-limit";
import type { Address } from "../../engine/cluster.ts";
import { type Outcome, Refusal } from "../../session/outcome.ts";
import { openSessions, type Sessions } from "../../session/session.ts";
import type { Asker } from "../../workload/workload.ts";

export interface Route {
  readonly id: string;
  readonly text: string;
  readonly asker: Asker;
  readonly writes: boolean;
  /** How many values it takes. */
  readonly takes: number;
  /** A statement timeout of its own; milliseconds. Absent: that of the role. */
  readonly timeoutMs?: number;
}

export interface Inquiry {
  readonly route: Route;
  readonly values: readonly (string | null)[];
  /** The role and the claims of a token that was verified; without a token, role anon and no claims. */
  readonly role: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What the request says besides, which nobody has verified. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

export type Answer =
  | { readonly ok: true; readonly rows: readonly Readonly<Record<string, unknown>>[] }
  | { readonly ok: false; readonly sqlstate: string };

/** Thrown where no connection became free in time. The statement was not run, and never will be. */
export class Exhausted extends Error {}

export interface Door extends AsyncDisposable {
  /** @throws Exhausted; Fault where the server is gone or does not let the role in. */
  answer(inquiry: Inquiry): Promise<Answer>;
  /** What `sql` answers on every connection of the pool, as its last request left it. */
  survey(sql: string): Promise<readonly Answer[]>;
}

export interface DoorOptions {
  /** Connections to the database. */
  readonly poolSize: number;
  /** How long a request waits for one of them; milliseconds. */
  readonly waitMs: number;
}

/**
 * Asks as PostgREST does: one transaction, role and claims local to it, over connections that are rolled back and never
 * reset. Statements are not prepared.
 */
export function openDoor(address: Address, { poolSize, waitMs }: DoorOptions): Door {
  const sessions = openSessions(address, { size: poolSize, forgetful: false });
  const turns = pLimit(poolSize);
  return {
    answer: (inquiry) => withinTime(turns, waitMs, async () => plain(await ask(sessions, inquiry))),
    survey: async (sql) => (await sessions.survey(sql)).map(plain),
    [Symbol.asyncDispose]: () => sessions[Symbol.asyncDispose](),
  };
}

async function ask(sessions: Sessions, inquiry: Inquiry): Promise<Outcome> {
  const { role, claims, values, headers } = inquiry;
  const { text, writes, timeoutMs, id } = inquiry.route;
  const speaker = sessions.as({ name: role, role, claims }, { path: `/q/${id}`, headers });
  if (timeoutMs !== undefined)
    return speaker.transaction(
      async (run) => {
        await run(`set local statement_timeout = ${timeoutMs}`);
        await run(text, ...values);
      },
      { commit: writes, readOnly: !writes },
    );
  if (writes) return speaker.does(text, ...values);
  try {
    const rows = await speaker.reads(text, ...values);
    return { ok: true, rows, count: rows.length, repeat: "" };
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown.outcome;
    throw thrown;
  }
}

/** What the server says of a refusal may hold values of rows; only its code goes further. */
function plain(outcome: Outcome): Answer {
  return outcome.ok ? { ok: true, rows: outcome.rows } : { ok: false, sqlstate: outcome.sqlstate };
}

function withinTime<T>(turns: ReturnType<typeof pLimit>, waitMs: number, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let late = false;
    const patience = setTimeout(() => {
      late = true;
      reject(new Exhausted());
    }, waitMs);
    turns(async () => {
      clearTimeout(patience);
      // Nobody waits for it any more.
      if (!late) resolve(await work());
    }).catch(reject);
  });
}
