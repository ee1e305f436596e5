import type { Address } from "../../harness/engine/cluster.ts";
import { withConnection } from "../../harness/engine/connection.ts";

/** The rows that `sql` gives at `address`. */
export async function ask(address: Address, sql: string) {
  return (await withConnection(address, (connection) => connection.query(sql))).rows;
}
