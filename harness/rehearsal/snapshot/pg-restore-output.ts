// What pg_restore prints on its standard error: an entry of the table of contents, then what went wrong with it, with the
// server's message and the beginning of the command. Of all this only what names objects is kept.

export interface RestoreMessage {
  /** Of the entry that was being restored. */
  readonly entry: number | undefined;
  /** What it said, up to the first line break: the server's words, or its own. */
  readonly message: string;
  /** Whether the server said so. */
  readonly server: boolean;
  /** The beginning of the command that failed. */
  readonly statement: string;
  /** The row of a COPY, counted from 1. */
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
  #entry: number | undefined;
  #in: "nothing" | "error" | "command" = "nothing";

  pass(line: string): void {
    const own = /^pg_restore: (.*)$/s.exec(line.slice(0, longestLine))?.[1];
    if (own === undefined) {
      this.#goOn(line.slice(0, longestLine));
      return;
    }
    this.#in = "nothing";
    const entry = /^from TOC entry (\d+);/.exec(own)?.[1];
    if (entry !== undefined) this.#entry = Number(entry);
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
      entry: this.#entry,
      message: said ?? error,
      server: said !== undefined,
      statement: "",
      row: undefined,
    });
  }

  #goOn(line: string): void {
    const last = this.errors.at(-1);
    if (last === undefined || this.#in === "nothing") return;
    const command = /^Command was: (.*)$/s.exec(line)?.[1];
    const row = /^CONTEXT: {1,2}COPY .*?, line (\d+)/.exec(line)?.[1];
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
