import type { Connection } from "../../engine/connection.ts";
import { quoteIdentifier } from "../../sql/identifier.ts";
import { conditionOf } from "./conditions.ts";

/** A setting of the dumped database itself, or of a role in it: the statement without the database's name. */
export interface DatabaseSetting {
  readonly before: string;
  readonly after: string;
}

const name = String.raw`(?:"(?:[^"]|"")+"|[\w$]+)`;
const ofDatabase = new RegExp(`^(alter (?:role ${name} in )?database )${name}( (?:re)?set\\b.*)$`, "is");

/** Whether `statement` is one, and which. */
export function databaseSetting(statement: string): DatabaseSetting | undefined {
  const [, before, after] = ofDatabase.exec(statement) ?? [];
  return before === undefined || after === undefined ? undefined : { before, after };
}

/** The settings hold in `database` for new sessions. Answers a line for people about each that this server refuses. */
export async function setDatabase(
  superuser: Connection,
  database: string,
  settings: readonly DatabaseSetting[],
): Promise<readonly string[]> {
  const refused: string[] = [];
  for (const { before, after } of settings) {
    const setting = /^ (?:re)?set ("[^"]+"|[\w.]+)/i.exec(after)?.[1] ?? "a setting";
    await superuser
      .query(`${before}${quoteIdentifier(database)}${after}`)
      .catch((thrown: { code?: string }) => {
        if (thrown.code === undefined || !/^[0-9A-Z]{5}$/.test(thrown.code)) throw thrown;
        refused.push(`${setting} of the database: this server refuses it, ${conditionOf(thrown.code)}`);
      });
  }
  return refused;
}
