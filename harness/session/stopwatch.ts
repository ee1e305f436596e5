// Stopwatch: one connection that does nothing but ask and time: what the driver adds to a latency is left out.

import type { Socket } from "node:net";
import { serialize } from "pg-protocol";
import type { Address } from "../engine/cluster.ts";
import { type Connection, connect } from "../engine/connection.ts";
import { Fault } from "../fault/fault.ts";
import { quoteIdentifier } from "../sql/identifier.ts";
import type { Actor } from "./actor.ts";
import type { Step } from "./exchange.ts";
import { type Answer, FrameReader } from "./frames.ts";
import { whereIs } from "./reading.ts";
import { directPreamble, requestPreamble } from "./request.ts";
import { type RoleSettings, readRoleSettings } from "./role-settings.ts";

/** One request as PostgREST makes it: a transaction with the claims of `actor`, and one statement. */
export interface TimedRequest {
  /** Absent: whoever connected, without any claims. */
  readonly actor?: Actor | undefined;
  readonly text: string;
  /** In text form; their types are the server's to find out. */
  readonly values: readonly (string | null)[];
  /** Default true. */
  readonly readOnly?: boolean;
  /** Default false: the transaction is committed. */
  readonly rollBack?: boolean;
  /** Whether the server keeps the statement, and those around it, from the first time on; default false. */
  readonly prepared?: boolean;
}

export interface Timing {
  /** From before the request is written until the server has said that the transaction is over; milliseconds. */
  readonly elapsedMs: number;
  /** Rows that the statement returned. */
  readonly rows: number;
}

interface StopwatchOptions {
  /** Statements for the session, before anything is timed. */
  readonly setup?: readonly string[];
  /** Default public, extensions. */
  readonly searchPath?: readonly string[];
}

/** A connection as `address.user`, whose requests are timed. @throws Fault ENGINE_LOST, SESSION_REFUSED. */
export async function openStopwatch(
  address: Address,
  { setup = [], searchPath = ["public", "extensions"] }: StopwatchOptions = {},
): Promise<Stopwatch> {
  const connection = await connect(address, {
    ...{ applicationName: "tenantproof stopwatch", pipeline: true, oneBuffer: true },
  });
  try {
    const settings = await readRoleSettings(connection, address);
    for (const statement of setup) await connection.query(statement);
    return new Stopwatch(connection, address, settings, searchPath.map(quoteIdentifier).join(", "));
  } catch (thrown) {
    await connection.end();
    throw thrown;
  }
}

/** See `openStopwatch`. One request at a time. */
export class Stopwatch implements AsyncDisposable {
  private readonly stream: Socket;
  private readonly frames = new FrameReader((answer) => this.answered?.(answer));
  private answered: ((answer: Answer | Error) => void) | undefined;
  /** The name of each statement that the server keeps, by its text. */
  private readonly kept = new Map<string, string>();

  constructor(
    private readonly connection: Connection,
    private readonly address: Address,
    private readonly settings: RoleSettings,
    private readonly searchPath: string,
  ) {
    this.stream = (connection as unknown as { connection: { stream: Socket } }).connection.stream;
    // From here on the driver sees nothing of what the server says.
    this.stream.removeAllListeners("data");
    this.stream.on("data", (chunk: Buffer) => this.frames.read(chunk));
    this.stream.on("close", () => this.answered?.(new Error("the connection was closed")));
  }

  /**
   * How long the request took; it was written in one piece, and its rows were read but not decoded.
   * @throws Fault WORKLOAD_REFUSED when the server refuses it, ENGINE_LOST when the server is gone.
   */
  async time(request: TimedRequest): Promise<Timing> {
    const message = this.compose(request);
    const from = performance.now();
    const answer = await new Promise<Answer | Error>((resolve) => {
      this.answered = resolve;
      this.stream.write(message);
    });
    const elapsedMs = performance.now() - from;
    this.answered = undefined;
    if (answer instanceof Error)
      throw new Fault("ENGINE_LOST", `The server ended the session: ${answer.message}`, {
        where: whereIs(this.address),
      });
    if (answer.error) {
      // What was prepared in the failed exchange is there or not; the next one prepares it anew.
      this.kept.clear();
      this.stream.write(
        Buffer.concat([
          ...write({ text: "rollback" }),
          ...write({ text: "deallocate all" }),
          serialize.sync(),
        ]),
      );
      await new Promise((resolve) => {
        this.answered = resolve;
      });
      const { sqlstate, message: what } = answer.error;
      throw new Fault("WORKLOAD_REFUSED", `${what} (${sqlstate})`, {
        where: `${request.actor?.name ?? this.address.user}: ${request.text}`,
      });
    }
    // The statement that sets the claims returns a row, too.
    return { elapsedMs, rows: answer.rows - (request.actor ? 1 : 0) };
  }

  /** Closes the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.end();
  }

  private compose(request: TimedRequest): Buffer {
    const { actor, text, values, readOnly = true, rollBack = false, prepared = false } = request;
    const { steps: before } = actor
      ? requestPreamble(actor, readOnly, this.searchPath, this.settings.get(actor.role) ?? [], {})
      : directPreamble(readOnly);
    const steps = [...before, { text, values }, { text: rollBack ? "rollback" : "commit" }];
    const told = prepared ? steps.map((step) => this.keep(step)) : steps;
    return Buffer.concat([...told.flatMap(write), serialize.sync()]);
  }

  /** The same step, whose text the server is told once. */
  private keep(step: Step): Step {
    const name = this.kept.get(step.text);
    if (name !== undefined) return { ...step, name, parsed: true };
    const added = `tenantproof_${this.kept.size}`;
    this.kept.set(step.text, added);
    return { ...step, name: added };
  }
}

function write({ text, values = [], name = "", parsed = false }: Step): Buffer[] {
  return [
    ...(parsed ? [] : [serialize.parse({ text, name })]),
    serialize.bind({ statement: name, values: [...values] }),
    // Drivers ask for it each time.
    serialize.describe({ type: "P" }),
    serialize.execute({}),
  ];
}
