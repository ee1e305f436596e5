/** What the server says of an error: the fields of pg's DatabaseError that messages use. DETAIL is left out: it quotes rows. */
export interface ServerError extends Error {
  /** SQLSTATE; absent when the connection is lost. */
  readonly code?: string | undefined;
  readonly hint?: string | undefined;
  /** The character of the sent text at which the error stands, from 1. */
  readonly position?: string | undefined;
  /** The functions and blocks it happened in, innermost first. */
  readonly where?: string | undefined;
}

/** A NOTICE or WARNING of the server. */
export interface Notice {
  readonly severity: string;
  readonly code: string;
  readonly message: string;
}

export type NoticeListener = (
  notice: { readonly [Field in keyof Notice]?: Notice[Field] | undefined },
) => void;

/** What applying needs of a pg.Client. */
export interface Connection {
  query<Q extends SimpleQuery>(query: Q): Q;
  on(event: "notice", listener: NoticeListener): unknown;
  off(event: "notice", listener: NoticeListener): unknown;
}

/** How far a text came: the statements that completed, and the error that ended it. */
export interface Outcome {
  readonly completed: number;
  readonly error: ServerError | undefined;
}

/**
 * One text in the simple protocol, as an editor or psql sends it; rows are dropped. pg takes it through its
 * interface for query objects (https://node-postgres.com/apis/client#clientquery), which alone tells how many
 * statements of the text completed: without that, an error that has no position could not be placed.
 */
export class SimpleQuery {
  readonly #text: string;
  readonly #settle: (outcome: Outcome) => void;
  #completed = 0;
  #error: ServerError | undefined;

  constructor(text: string, settle: (outcome: Outcome) => void) {
    this.#text = text;
    this.#settle = settle;
  }

  submit(connection: { query(text: string): void }): void {
    connection.query(this.#text);
  }

  handleCommandComplete(): void {
    this.#completed++;
  }

  handleError(error: ServerError & { readonly severity?: string }): void {
    // A socket's error has a code as well, such as ECONNRESET, which is no SQLSTATE.
    this.#error = error.severity === undefined ? new Error(error.message, { cause: error }) : error;
    this.handleReadyForQuery();
  }

  handleReadyForQuery(): void {
    this.#settle({ completed: this.#completed, error: this.#error });
  }

  handleCopyInResponse(connection: { sendCopyFail(message: string): void }): void {
    connection.sendCopyFail("a migration has no data to copy");
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handleCopyData(): void {}
}

/** Sends `text` as one simple query; an error is part of the outcome. */
export function send(connection: Connection, text: string): Promise<Outcome> {
  return new Promise((resolve) => {
    connection.query(new SimpleQuery(text, resolve));
  });
}
