import { describe, expect, it } from "vitest";
import { causesOf } from "../../../harness/bench/regression/causes.ts";
import { touchedBy } from "../../../harness/bench/regression/touched.ts";
import type { Fact, Picture, PictureObject } from "../../../harness/catalog/picture.ts";

const object = (
  kind: string,
  name: string,
  holder: string | null = null,
  facts: Readonly<Record<string, Fact>> = {},
): PictureObject => ({ kind, name, holder, facts });

const picture: Picture = [
  object("table", "public.contacts"),
  object("index", "public.idx_contacts", "table public.contacts", {
    definition: "CREATE INDEX idx_contacts ON public.contacts USING btree (org_id)",
  }),
  object("policy", "own on public.contacts", "table public.contacts", {
    command: "select",
    using: "(org_id = ( SELECT public.org() AS org))",
  }),
  object("policy", "own_insert on public.contacts", "table public.contacts", {
    command: "insert",
    check: "public.may_add()",
  }),
  object("trigger", "note on public.contacts", "table public.contacts", {
    definition:
      "CREATE TRIGGER note BEFORE INSERT ON public.contacts FOR EACH ROW EXECUTE FUNCTION public.note()",
  }),
  object("constraint", "fk on public.contacts", "table public.contacts", {
    definition: "FOREIGN KEY (org_id) REFERENCES public.orgs(id)",
  }),
  object("table", "public.orgs"),
  object("table", "public.claims"),
  object("table", "public.contacts_of_others"),
  object("function", "public.org()", null, { body: "select org from public.claims", language: "sql" }),
  object("function", "public.may_add()", null, { body: "select true", language: "sql" }),
  object("function", "public.note()", null, { body: "begin return new; end", language: "plpgsql" }),
  object("setting", "work_mem of this database", null, { value: "4MB" }),
];
const lines = ["Limit", "  Index Scan using idx_contacts on public.contacts"];
const text = 'select * from "public"."contacts"';
const touched = (writes: boolean, guarded: boolean) =>
  [...touchedBy(picture, { texts: [...lines, text], writes, guarded })].filter(
    (name) => !/contacts$/.test(name) || /table/.test(name),
  );

describe("a query touches", () => {
  it("its tables, and for whom row level security applies, what its policies call and those read", () => {
    expect(touched(false, true)).toEqual([
      "table public.contacts",
      "function public.org()",
      "table public.claims",
    ]);
    expect(touched(false, false)).toEqual(["table public.contacts"]);
  });

  it("when it writes, also what its triggers call and its foreign keys look at", () => {
    expect(touched(true, false)).toEqual(
      expect.arrayContaining(["table public.orgs", "function public.note()"]),
    );
    expect(touched(true, false)).not.toContain("function public.may_add()");
    expect(touched(true, true)).toContain("function public.may_add()");
  });
});

interface Edit {
  readonly changed?: Readonly<Record<string, Readonly<Record<string, Fact>>>>;
  readonly removed?: readonly string[];
  readonly added?: readonly PictureObject[];
}

function edited({ changed = {}, removed = [], added = [] }: Edit): Picture {
  return [
    ...picture
      .filter(({ name }) => !removed.includes(name))
      .map((one) => ({ ...one, facts: { ...one.facts, ...changed[one.name] } })),
    ...added,
  ];
}

const work = { buffers: 0, rowsReturned: 0, rowsRead: 0, rowsRemoved: 0, walBytes: 0, spilled: 0, calls: {} };
const plan = { fingerprint: "", lines };
const timed = {
  triggers: [{ "Trigger Name": "note", Time: 1.1, Calls: 1 }],
  executionMs: 1.4,
};

describe("the cause of a difference is", () => {
  it.each<[readonly string[], Edit, { readonly writes?: boolean }]>([
    [["index idx_contacts on public.contacts was removed"], { removed: ["public.idx_contacts"] }, {}],
    [
      [
        "policy own on public.contacts: (select public.org()) became public.org(), evaluated for each row that no index rules out",
      ],
      { changed: { "own on public.contacts": { using: "(org_id = public.org())" } } },
      {},
    ],
    [
      ["function public.org() is plpgsql now, was sql"],
      { changed: { "public.org()": { language: "plpgsql", body: "begin" } } },
      {},
    ],
    [
      ["function public.note() has another body: 1.10 ms of 1.40 ms are spent in it"],
      { changed: { "public.note()": { body: "begin perform 1; return new; end" } } },
      { writes: true },
    ],
    [
      ["setting work_mem of this database: value 4MB became 64kB"],
      { changed: { "work_mem of this database": { value: "64kB" } } },
      {},
    ],
    [
      ['table public.contacts: options none became ["fillfactor=10"]'],
      {
        changed: {
          "public.contacts": {
            options: ["fillfactor=10"],
            comment: "slim",
            "privileges of public": ["SELECT"],
          },
        },
      },
      {},
    ],
    [
      [
        "index idx_contacts on public.contacts was removed",
        "policy own on public.contacts: (org_id = (select public.org())) became true",
      ],
      { removed: ["public.idx_contacts"], changed: { "own on public.contacts": { using: "true" } } },
      {},
    ],
    // Nobody who reads meets it, and of others' tables nothing matters.
    [
      [],
      { changed: { "public.note()": { body: "other" }, "public.contacts_of_others": { options: ["a=1"] } } },
      {},
    ],
    [[], { changed: { "public.contacts": { comment: "other words" } } }, {}],
  ])("%j", (causes, edit, { writes = false }) => {
    const found = causesOf({
      ...{ text, writes, asker: "member" },
      base: { picture, work, plan },
      head: { picture: edited(edit), work, plan, timed: writes ? timed : undefined },
    });
    expect(found).toEqual(causes);
  });

  it("said with what the server has to do more, and how the plan changed", () => {
    const head = {
      picture: edited({ removed: ["public.idx_contacts"] }),
      work: { ...work, rowsRead: 2580 },
      plan: { fingerprint: "other", lines: ["Limit", "  Seq Scan on public.contacts"] },
    };
    const base = { picture, work: { ...work, rowsRead: 50 }, plan };
    expect(causesOf({ text, writes: false, asker: "member", base, head })).toEqual([
      "index idx_contacts on public.contacts was removed; the query reads 2,580 rows instead of 50",
      'in the plan, "Index Scan using idx_contacts on public.contacts" became "Seq Scan on public.contacts"',
    ]);
  });
});
