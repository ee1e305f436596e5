import { readFileSync } from "node:fs";

/** The text of a .sql file that lies beside the calling module: `loadSql(import.meta.url, "tables.sql")`. */
export function loadSql(module: string, name: string): string {
  return readFileSync(new URL(name, module), "utf8");
}
