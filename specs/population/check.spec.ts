import fc from "fast-check";
import { expect, it } from "vitest";
import type { Column } from "../../harness/catalog/model.ts";
import { withConnection } from "../../harness/engine/connection.ts";
import { solveCheck } from "../../harness/population/check.ts";
import { makeValue } from "../../harness/population/value.ts";
import { openGround } from "../ground.ts";

const ground = await openGround();

const bare: Omit<Column, "name" | "type" | "baseType"> = {
  ...{
    position: 1,
    category: "base",
    isArray: false,
    enumLabels: null,
    rangeOf: null,
    attributes: null,
    notNull: true,
  },
  ...{
    hasDefault: false,
    default: null,
    generated: null,
    identity: null,
    maxLength: null,
    precision: null,
    scale: null,
  },
  ...{ domain: null, elementChecks: [] },
};
const columns: Record<string, Column> = Object.fromEntries(
  ["int4", "numeric", "text", "date"].map((type) => [
    type,
    { ...bare, name: `${type}_column`, type, baseType: type },
  ]),
);

const number = fc.integer({ min: -1000, max: 1000 });
const word = fc.stringMatching(/^[a-z]{1,6}$/);
const day = fc
  .date({ min: new Date("1990-01-01"), max: new Date("2090-01-01"), noInvalidDate: true })
  .map((date) => `'${date.toISOString().slice(0, 10)}'::date`);
const comparison = fc.constantFrom("<", "<=", ">", ">=", "=", "<>");

const ordered = (type: string, value: fc.Arbitrary<string>) =>
  fc.oneof(
    fc.tuple(comparison, value).map(([operator, at]) => `${type}_column ${operator} ${at}`),
    fc.tuple(comparison, value).map(([operator, at]) => `${at} ${operator} ${type}_column`),
    fc.array(value, { minLength: 1, maxLength: 4 }).map((list) => `${type}_column in (${list.join(", ")})`),
  );
const ofText = fc.oneof(
  fc.array(word, { minLength: 1, maxLength: 4 }).map((list) => `text_column in ('${list.join("', '")}')`),
  fc
    .tuple(fc.constantFrom("length", "char_length"), fc.constantFrom("<=", "=", ">="), fc.nat({ max: 40 }))
    .map(([name, operator, length]) => `${name}(text_column) ${operator} ${length}`),
  word.map((start) => `text_column like '${start}%'`),
  fc
    .tuple(fc.constantFrom("a-z", "A-Z", "0-9"), fc.integer({ min: 1, max: 9 }))
    .map(([set, n]) => `text_column ~ '^[${set}]{${n}}$'`),
);
const single = fc.oneof(
  ordered("int4", number.map(String)),
  ordered(
    "numeric",
    number.map((n) => `${n / 4}`),
  ),
  ordered("date", day),
  ofText,
);

it("a value made for any simple check satisfies it", async () => {
  const samples = fc.sample(fc.tuple(single, fc.oneof(fc.constant(""), single), fc.nat({ max: 5000 })), {
    seed: 11,
    numRuns: 200,
  });
  const written = samples.map(([first, second]) => {
    // On different columns, so that both can be true.
    const joined = second && /\w+_column/.exec(first)?.[0] !== /\w+_column/.exec(second)?.[0];
    return joined ? `(${first}) and (${second})` : first;
  });
  await withConnection(ground.address(ground.superuserName), async (connection) => {
    const constraints = written.map((check, place) => `constraint c${place} check (${check})`);
    const fields = Object.values(columns).map(({ name, type }) => `${name} ${type}`);
    await connection.query(`create table public.trials (${[...fields, ...constraints].join(", ")})`);
    // As the server writes them back: that is what the solver reads.
    const { rows: checks } = await connection.query<{ place: number; definition: string }>(
      `select substr(conname, 2)::integer as place, pg_get_constraintdef(oid) as definition
       from pg_constraint where conrelid = 'public.trials'::regclass order by 1`,
    );
    const trials = await Promise.all(
      checks.map(async ({ place, definition }) => {
        const [way = {}] = await solveCheck(definition);
        const row = Object.values(columns).map((column) => {
          const n = samples[place]?.[2] ?? 0;
          return `'${makeValue({ column, demand: way[column.name] ?? {}, n, turn: 0, seed: 1 })}'::${column.type} as ${column.name}`;
        });
        return `select ${place} as place, (${written[place]}) as holds from (select ${row.join(", ")}) made`;
      }),
    );
    const { rows } = await connection.query<{ place: number }>(
      `select place from (${trials.join(" union all ")}) t where holds is not true`,
    );
    expect(trials).toHaveLength(200);
    expect(rows.map(({ place }) => trials[place])).toEqual([]);
  });
});

it.each([
  [
    "CHECK ((num_nonnulls(a, b) = 1))",
    [
      { a: { presence: "value" }, b: { presence: "null" } },
      { a: { presence: "null" }, b: { presence: "value" } },
    ],
  ],
  [
    "CHECK (((a IS NULL) = (b IS NULL)))",
    [
      { a: { presence: "null" }, b: { presence: "null" } },
      { a: { presence: "value" }, b: { presence: "value" } },
    ],
  ],
  [
    "CHECK (((kind = 'x'::text) OR (kind = 'y'::text)))",
    [{ kind: { oneOf: ["x"] } }, { kind: { oneOf: ["y"] } }],
  ],
  ["CHECK ((NOT done)) NOT VALID", [{ done: { oneOf: ["false"] } }]],
  ["CHECK ((starts < ends))", [{ ends: { above: 1 } }]],
  ["CHECK ((my_function(a, b)))", [{}]],
])("%s is solved", async (definition, ways) => {
  expect(await solveCheck(definition)).toMatchObject(ways);
});
