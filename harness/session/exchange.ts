import pg from "pg";
import type { BoundValue } from "./statement.ts";

/** One statement on its way to the server. */
export interface Step {
  readonly text: string;
  readonly values?: readonly BoundValue[];
  /** Named: the server keeps the plan. `parsed`: it has it already, and the text is not sent again. */
  readonly name?: string;
  readonly parsed?: boolean;
  /** Whether the rows it returns are wanted; default false. */
  readonly returns?: boolean;
  /** What COPY FROM STDIN reads; default nothing, which is a COPY of no rows. */
  readonly input?: string;
}

export interface Completed {
  /** The command tag: "SELECT 3", "COPY 5"; empty for an empty statement. */
  readonly tag: string;
  readonly rows: readonly Record<string, unknown>[];
}

/** The steps that completed, in order, and the error that ended them early. */
export interface Reply {
  readonly completed: readonly Completed[];
  readonly error?: Error;
}

/**
 * The server has run `steps` one after the other, up to the first that failed. They go out in one write, and each is one
 * statement: the extended protocol takes no second one behind a semicolon. Never rejects.
 */
export function exchange(client: pg.Client, steps: readonly Step[]): Promise<Reply> {
  return new Promise((resolve) => {
    client.query(new Exchange(steps, resolve));
  });
}

/** What `submit` begins goes out in one write. */
export function inOneWrite<T>(client: pg.Client, submit: () => T): T {
  const { stream } = (client as unknown as { readonly connection: Wire }).connection;
  stream.cork();
  try {
    return submit();
  } finally {
    stream.uncork();
  }
}

/** The part of pg's connection that an exchange writes to. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  parse(message: { text: string; name: string }): void;
  bind(message: { statement: string; values: readonly BoundValue[] }): void;
  describe(message: { type: "P"; name: string }): void;
  execute(message: object): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sync(): void;
}

interface Field {
  readonly name: string;
  readonly dataTypeID: number;
}

// The driver pipelines queries of its own class only, and calls the handlers below with what the server answers.
// Its class has fields of its own (rows, values, ...), so ours are #private.
class Exchange extends pg.Query {
  readonly #resolve: (reply: Reply) => void;
  readonly #completed: Completed[] = [];
  #fields: readonly Field[] | undefined;
  #rows: Record<string, unknown>[] = [];

  constructor(steps: readonly Step[], resolve: (reply: Reply) => void) {
    super({ text: "" });
    this.#resolve = resolve;
    this.submit = (connection) => write(connection as unknown as Wire, steps);
  }

  handleRowDescription({ fields }: { readonly fields: readonly Field[] }): void {
    this.#fields = fields;
  }

  handleDataRow({ fields: values }: { readonly fields: readonly (string | null)[] }): void {
    // Without a description nobody asked for the rows.
    if (this.#fields) this.#rows.push(readRow(this.#fields, values));
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#completed.push({ tag: text, rows: this.#rows });
    this.#fields = undefined;
    this.#rows = [];
  }

  handleEmptyQuery(): void {
    this.handleCommandComplete({ text: "" });
  }

  handleError(error: Error): void {
    this.#resolve({ completed: this.#completed, error });
  }

  handleReadyForQuery(): void {
    this.#resolve({ completed: this.#completed });
  }

  // The input is on its way already; see `write`.
  handleCopyInResponse(): void {}

  // Rows of COPY TO are counted by the command tag.
  handleCopyData(): void {}
}

function write(wire: Wire, steps: readonly Step[]): void {
  wire.stream.cork();
  for (const { text, values = [], name = "", parsed = false, returns = false, input } of steps) {
    if (!parsed) wire.parse({ text, name });
    wire.bind({ statement: name, values });
    if (returns) wire.describe({ type: "P", name: "" });
    wire.execute({});
    // A server that is not inside a COPY FROM STDIN ignores these two, so there is no need to wait and see.
    if (input !== undefined) wire.sendCopyFromChunk(Buffer.from(input));
    if (returns) wire.endCopyFrom();
  }
  wire.sync();
  wire.stream.uncork();
}

function readRow(fields: readonly Field[], values: readonly (string | null)[]): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const [index, { name, dataTypeID }] of fields.entries()) {
    const value = values[index] ?? null;
    row[name] = value === null ? null : pg.types.getTypeParser(dataTypeID, "text")(value);
  }
  return row;
}
