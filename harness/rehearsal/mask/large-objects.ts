import type { Connection } from "../../engine/connection.ts";
import { maskBytes, pieceBytes } from "./bytes.ts";
import type { Masker } from "./masker.ts";
import { discardVersions } from "./rewrite.ts";

/** Every large object holds as many other bytes; none of the old ones is left. */
export async function maskLargeObjects(writer: Connection, masker: Masker): Promise<void> {
  const { rows } = await writer.query<{ id: string }>(
    "select oid::text as id from pg_catalog.pg_largeobject_metadata order by oid",
  );
  for (const { id } of rows) {
    for (let at = 0; ; at += pieceBytes) {
      const piece = await read(writer, id, at);
      if (piece.length === 0) break;
      await writer.query("select pg_catalog.lo_put($1::oid, $2, $3)", [id, at, maskBytes(piece, masker, at)]);
      if (piece.length < pieceBytes) break;
    }
  }
  if (rows.length > 0) await discardVersions(writer, "pg_catalog.pg_largeobject");
}

async function read(writer: Connection, id: string, at: number): Promise<Buffer> {
  const { rows } = await writer.query<{ piece: Buffer }>(
    "select pg_catalog.lo_get($1::oid, $2, $3) as piece",
    [id, at, pieceBytes],
  );
  return rows[0]?.piece ?? Buffer.alloc(0);
}
