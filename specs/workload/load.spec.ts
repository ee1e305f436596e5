import { describe, expect, it } from "vitest";
import { asSuperuser, type Bed, fillBed } from "../../harness/bench/bed.ts";
import { takePicture } from "../../harness/catalog/picture.ts";
import { openDraw } from "../../harness/workload/draw.ts";
import type { Sheet } from "../../harness/workload/workload.ts";
import { openProjectBed } from "../bench/beds.ts";
import { makeMiniature, miniature } from "../bench/miniature.ts";

const openMiniature = await makeMiniature();
const [teams, tickets, notes] = miniature.sheets as [Sheet, Sheet, Sheet];
const bed = await openMiniature(0);
const counts = (one: Bed, ...tables: string[]) =>
  asSuperuser(one, async (connection) => {
    const rows: number[] = [];
    for (const table of tables)
      rows.push((await connection.query(`select count(*)::int as rows from ${table}`)).rows[0].rows);
    return rows;
  });

describe("a load", () => {
  it("stores exactly the rows of the scale and changes nothing else", async () => {
    const filled = await openMiniature(3_000);
    expect(await counts(filled, "public.teams", "public.tickets", "public.notes", "public.journal")).toEqual([
      ...[21, 3_000, 3_000, 0],
    ]);
    const [before, after] = await Promise.all([bed, filled].map((one) => asSuperuser(one, takePicture)));
    expect(after).toEqual(before);
    const index = after?.find(({ name }) => name === "public.tickets_recent");
    expect(JSON.stringify(index)).toContain("It's for the list.");
  });

  it("leaves rows that everybody sees, counted by the planner", async () => {
    const filled = await openMiniature(3_000);
    const { rows } = await asSuperuser(filled, (connection) =>
      connection.query(`select reltuples::int as rows, relallvisible = relpages as visible
        from pg_class where oid = 'public.tickets'::regclass`),
    );
    expect(rows).toEqual([{ rows: 3_000, visible: true }]);
  });

  it("mixes the rows of all tenants, as they come in over the years", async () => {
    const filled = await openMiniature(3_000);
    const { rows } = await asSuperuser(filled, (connection) =>
      connection.query(
        "select count(distinct org_id)::int as tenants from (select org_id from public.tickets limit 300) as first",
      ),
    );
    expect(rows[0].tenants).toBeGreaterThan(10);
  });

  it.each<[string, Sheet[], string, RegExp]>([
    [
      "that refer to nothing",
      [
        teams,
        {
          ...tickets,
          row: (place, n, draw) => [
            ...tickets.row(place, n, draw).slice(0, 1),
            notes.row(place, n, draw)[0] as string,
            "open",
            "x",
            "now",
          ],
        },
      ],
      '"public"."tickets"',
      /^3000 rows refer to nothing by tickets_org_id_fkey$/,
    ],
    [
      "of another type",
      [
        teams,
        {
          ...tickets,
          row: (place, n, draw) =>
            tickets.row(place, n, draw).map((cell, at) => (at === 2 && n === 7 ? "lost" : cell)),
        },
      ],
      "public.tickets",
      /^its rows are refused: invalid input value for enum state: "lost"$/,
    ],
    [
      "with a key twice",
      [{ ...teams, rowsOf: () => 2 }],
      "public.teams",
      /^its rows are refused: duplicate key/,
    ],
    [
      "of columns that are not there",
      [{ ...teams, columns: ["number"] }],
      "public.teams",
      /^its rows are refused: column "number" of relation "teams" does not exist$/,
    ],
    [
      "of a table that is not there",
      [{ ...teams, name: "squads" }],
      "public.squads",
      /^there is no such table$/,
    ],
    [
      "with fewer cells than columns",
      [{ ...tickets, row: (place, n, draw) => tickets.row(place, n, draw).slice(1) }],
      "public.tickets",
      /^its rows are refused: /,
    ],
  ])("refuses rows %s, and names the sheet", async (_, sheets, where, what) => {
    await expect(openMiniature(3_000, { sheets })).rejects.toMatchObject({
      ...{ code: "WORKLOAD_REFUSED", exit: 2, where: `the workload's sheet of ${where}` },
      message: expect.stringMatching(what),
    });
  });

  it("ends with the reason of whoever stops it", async () => {
    const stop = new AbortController();
    const slow: Sheet = {
      ...tickets,
      row(place, n, draw) {
        if (n === 5) stop.abort(new Error("enough"));
        return tickets.row(place, n, draw);
      },
    };
    const stopped = {
      ...bed,
      workload: { ...miniature, sheets: [slow] },
      scale: { ...bed.scale, places: (await openMiniature(3_000)).scale.places },
    };
    await expect(fillBed(stopped, () => {}, stop.signal)).rejects.toThrow("enough");
  });
});

describe("the project's sheets", async () => {
  const project = await openProjectBed(3_000, 20);
  const { places } = project.scale;

  it("fill their tables", async () => {
    const tables = project.workload.sheets.map(({ schema, name }) => `${schema}.${name}`);
    const rows = await counts(project, ...tables);
    const expected = project.workload.sheets.map(({ rowsOf = (place) => place.rows }) =>
      places.reduce((sum, place) => sum + rowsOf(place), 0),
    );
    expect(rows).toEqual(expected);
    expect(Math.min(...rows)).toBeGreaterThan(0);
  });

  it.each(project.workload.sheets)(
    "make the same rows of $name for the same seed, and others for another",
    ({ row, columns, rowsOf = (place) => place.rows }) => {
      const made = (seed: number) =>
        places.flatMap((place) => {
          const draw = openDraw(seed);
          return Array.from({ length: Math.min(20, rowsOf(place)) }, (_, n) => row(place, n, draw));
        });
      expect(made(1)).toEqual(made(1));
      for (const cells of made(1)) expect(cells).toHaveLength(columns.length);
      const drawn = row.length > 2;
      expect(JSON.stringify(made(2)) === JSON.stringify(made(1))).toBe(!drawn);
    },
  );
});
