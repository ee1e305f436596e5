// Runs a script through a connection of ours, not through psql: no command in the file can reach a shell, an error comes with
// the fields that name objects apart from those that quote rows, and no program has to be installed.

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { from as copyFrom } from "pg-copy-streams";
import type { Connection } from "../../engine/connection.ts";
import { Fault } from "../../fault/fault.ts";
import { send } from "../../migrations/simple-query.ts";
import { explain } from "./explain.ts";
import { failedRestore } from "./failed-restore.ts";
import type { Outline } from "./outline.ts";
import { judge } from "./rules.ts";
import { type Piece, readScript } from "./script.ts";
import { isUtf8 } from "./text-encoding.ts";
import { type RestoreError, rowOf, tellMessage } from "./told.ts";

export interface ScriptRun {
  readonly file: string;
  readonly chunks: AsyncIterable<Buffer>;
  readonly major: number;
  readonly outline: Outline;
  /** Extensions that were left out. */
  readonly missing: ReadonlyMap<string, string>;
  /** Hears each line about what was left out or failed harmlessly, once. */
  readonly explained: Set<string>;
}

/** INSERTs that go in one message: a dump with --inserts has one a row. */
const batchCharacters = 64 * 1024;

/**
 * Every statement of the script has run, and every row of it is stored.
 * @throws Fault RESTORE_INCOMPLETE at the first error that nothing explains; SNAPSHOT_UNREADABLE, NO_SPACE, ENGINE_LOST.
 */
export async function restoreScript(connection: Connection, run: ScriptRun): Promise<void> {
  const runner = new ScriptRunner(connection, run);
  for await (const piece of readScript(run.chunks, run.file)) await runner.take(piece);
  await runner.flush();
}

class ScriptRunner {
  readonly #connection: Connection;
  readonly #run: ScriptRun;
  #batch: { readonly text: string; readonly line: number }[] = [];
  #characters = 0;

  constructor(connection: Connection, run: ScriptRun) {
    this.#connection = connection;
    this.#run = run;
  }

  async take(piece: Piece): Promise<void> {
    const { major, file, explained } = this.#run;
    const ruling = judge(piece, major, file);
    if (!ruling.run) {
      if (ruling.told !== undefined) explained.add(ruling.told);
      return;
    }
    if (piece.kind === "statement" && /^insert\b/i.test(piece.text)) {
      this.#batch.push(piece);
      this.#characters += piece.text.length;
      if (this.#characters >= batchCharacters) await this.flush();
      return;
    }
    await this.flush();
    if (piece.kind === "copy") await this.#copy(piece);
    else if (!this.#leavesOut(piece.text)) await this.#send([piece]);
  }

  async flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#characters = 0;
    if (batch.length > 0) await this.#send(batch);
  }

  /** An extension that is not there is told once, with those that were tried before the restore. */
  #leavesOut(text: string): boolean {
    const name = /^(?:create extension (?:if not exists )?|comment on extension )"?([\w-]+)"?/i.exec(
      text,
    )?.[1];
    return name !== undefined && this.#run.missing.has(name);
  }

  async #send(statements: readonly { readonly text: string; readonly line: number }[]): Promise<void> {
    const { error, completed } = await send(this.#connection, statements.map(({ text }) => text).join("\n"));
    if (error === undefined) return;
    const { text = "", line = 0 } = statements[completed] ?? {};
    this.#fail(error as RestoreError, text, line);
  }

  async #copy(piece: Piece & { readonly kind: "copy" }): Promise<void> {
    const { text, line, encoding } = piece;
    const statement = isUtf8(encoding)
      ? text
      : text.replace(/\bstdin\s*;$/i, `stdin with (encoding '${encoding}')`);
    let broken: unknown;
    const rows = async function* () {
      try {
        yield* piece.rows;
      } catch (thrown) {
        // The server is told that the rows break off; why is ours to tell.
        broken = thrown;
        throw new Error("the snapshot breaks off");
      }
    };
    try {
      const stream = this.#connection.query(copyFrom(statement));
      await pipeline(Readable.from(rows(), { objectMode: false }), stream);
    } catch (thrown) {
      if (broken !== undefined) throw broken;
      if (thrown instanceof Fault) throw thrown;
      const error = thrown as RestoreError;
      this.#fail(error, text, line + (rowOf(error) ?? 0), rowOf(error));
    }
  }

  #fail(error: RestoreError, text: string, line: number, row?: number): void {
    const { outline, missing, explained, file } = this.#run;
    const message = tellMessage(error.message);
    const why =
      message === undefined ? undefined : explain({ statement: text, message }, { outline, missing });
    if (why !== undefined) {
      explained.add(why);
      return;
    }
    throw failedRestore({ error, statement: text, where: `${file}:${line}`, row, missing });
  }
}
