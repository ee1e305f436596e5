// What pg_restore prints on its standard error: the server's message and the command that it answers, or words of its own.
// Several workers print at the same time, so that lines may be torn: what is read here explains, but proves nothing.

export interface RestoreMessage {
  /** What it said, up to the first line break: the server's words, or its own. */
  readonly message: string;
  /** Whether the server said so. */
  readonly server: boolean;
  /** The beginning of the command that failed. */
  readonly statement: string;
  /** The table, without its schema, in whose rows it came, and the row, counted from 1. */
  readonly table: string | undefined;
  readonly row: number | undefined;
}

const mostErrors = 1_000;
const longestStatement = 4_000;
const longestLine = 4_000;

/** Gathers the errors from the lines as they come. */
export class RestoreOutput {
  readonly errors: RestoreMessage[] = [];
  /** How many errors pg_restore says that it has passed over. */
  ignored = 0;
  #in: "nothing" | "error" | "command" = "nothing";

  pass(line: string): void {
    const own = /^pg_restore: (.*)$/s.exec(line.slice(0, longestLine))?.[1];
    if (own === undefined) {
      this.#goOn(line.slice(0, longestLine));
      return;
    }
    this.#in = "nothing";
    const ignored = /^warning: errors ignored on restore: (\d+)$/.exec(own)?.[1];
    if (ignored !== undefined) this.ignored = Number(ignored);
    const error = /^(?:error|fatal): (.*)$/s.exec(own)?.[1];
    if (error === undefined || this.errors.length >= mostErrors) return;
    const said =
      /^(?:could not execute query|COPY failed for table ".*?"|error returned by PQputCopyData|error returned by PQputCopyEnd): (?:ERROR|FATAL|PANIC): {1,2}(.*)$/s.exec(
        error,
      )?.[1];
    this.#in = "error";
    this.errors.push({
      message: said ?? error,
      server: said !== undefined,
      statement: "",
      table: /^COPY failed for table "(.*?)": /.exec(error)?.[1],
      row: undefined,
    });
  }

  #goOn(line: string): void {
    const last = this.errors.at(-1);
    if (last === undefined || this.#in === "nothing") return;
    const command = /^Command was: (.*)$/s.exec(line)?.[1];
    // What called it comes below what failed.
    const row = /^(?:CONTEXT: {1,2})?COPY .*?, line (\d+)/.exec(line)?.[1];
    if (command !== undefined) this.#in = "command";
    if (row !== undefined && last.row === undefined) this.#replace({ ...last, row: Number(row) });
    if (this.#in !== "command") return;
    const statement = [last.statement, command ?? line].filter(Boolean).join("\n").slice(0, longestStatement);
    this.#replace({ ...last, statement });
  }

  #replace(error: RestoreMessage): void {
    this.errors[this.errors.length - 1] = error;
  }
}
