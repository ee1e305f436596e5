import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Connection, connect } from "../../harness/engine/connection.ts";
import { copyRows } from "../../harness/session/copy.ts";
import { openGround } from "../ground.ts";

const ground = await openGround();
let connection: Connection;
beforeAll(async () => {
  connection = await connect(ground.address(ground.superuserName));
  await connection.query("create temporary table copied (n int, a text, b text)");
});
afterAll(() => connection.end());

const into = "copy copied (n, a, b) from stdin";

/** The rows as they come back. */
async function through(rows: readonly (readonly [string | null, string | null])[]) {
  await connection.query("truncate copied");
  const count = await copyRows(
    connection,
    into,
    rows.map(([a, b], n) => [String(n), a, b]),
  );
  const { rows: found } = await connection.query("select a, b from copied order by n");
  return { count, rows: found.map(({ a, b }) => [a, b]) };
}

describe("rows that are copied", () => {
  it("come back as they were, whatever is in them", async () => {
    // A zero byte is the one character that PostgreSQL has no text with.
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom("\\", "\t", "\n", "\r", "N", ".", "\b", "x", "\v", "é") }),
      fc.string({ unit: "binary" }).map((any) => any.replaceAll("\0", "")),
    );
    const value = fc.option(text, { nil: null });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(value, value), { maxLength: 20 }), async (rows) => {
        expect(await through(rows)).toEqual({ count: rows.length, rows });
      }),
      { numRuns: 60 },
    );
  });

  it.each([["\\N"], ["\\."], [""], ["\\"], ["a\tb"], ["\r\n"], ["😀"], ["'\"$1"], [" "]])(
    "may be %j",
    async (text) => {
      expect((await through([[text, null]])).rows).toEqual([[text, null]]);
    },
  );

  it("are counted while they are on their way, and at the end", async () => {
    await connection.query("truncate copied");
    const said: number[] = [];
    const rows = Array.from({ length: 1_203 }, (_, n) => [String(n), "a", null]);
    expect(await copyRows(connection, into, rows, (count) => said.push(count))).toBe(1_203);
    expect(said).toEqual([500, 1_000, 1_203]);
  });

  it("are none when one does not fit, or when their maker gives up", async () => {
    await connection.query("truncate copied");
    const bad = [...Array.from({ length: 800 }, () => ["1", "a", "b"]), ["one", "a", "b"]];
    await expect(copyRows(connection, into, bad)).rejects.toMatchObject({ code: "22P02" });
    function* giveUp() {
      for (let n = 0; n < 800; n++) yield ["1", "a", "b"];
      throw new Error("enough");
    }
    await expect(copyRows(connection, into, giveUp())).rejects.toThrow("enough");
    expect((await connection.query("select from copied")).rowCount).toBe(0);
  });
});
