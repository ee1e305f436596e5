import type { Breach, Verdict } from "../guarantees/verdict.ts";
import type {
  BenchPromise,
  CellResult,
  Findings,
  Judgement,
  QueryResult,
  RegressionQuery,
  RegressionResult,
} from "./result.ts";

/** One thing that was judged. */
interface Item {
  readonly what: string;
  readonly judgement: Judgement;
  readonly sql?: string;
}

interface Rule {
  readonly id: string;
  readonly title: string;
  readonly items: (findings: Omit<Findings, "promises">) => readonly Item[] | undefined;
}

/** What P3 is about. One that the server or the schema lacks costs nothing, and proves nothing. */
const guards = ["rls", "pgaudit", "both"] as const;

/** P1 to P6 of what a workload promises, in the order in which they are shown. */
const rules: readonly Rule[] = [
  {
    id: "P1",
    title: "queries meet their latency targets and read only what they return",
    items: ({ queries, http }) =>
      queries && [...queries.flatMap(itemsOfQuery), ...(http ? [item("over HTTP", http.judgement)] : [])],
  },
  {
    id: "P2",
    title: "a tenant's queries cost the same while the table grows around it",
    items: ({ growth }) => growth?.map(({ id, judgement }) => item(id, judgement)),
  },
  {
    id: "P3",
    title: "row level security and pgAudit add no more than they may",
    items: ({ overheads }) =>
      overheads && [
        ...overheads.map(({ title, judgement }) => item(title, judgement)),
        ...guards
          .filter((guard) => !overheads.some(({ id }) => id === guard))
          .map((guard) => item(guard, { outcome: "inconclusive", why: "it was not there to be compared" })),
      ],
  },
  {
    id: "P4",
    title: "tables take no more room than they may",
    items: ({ sizes }) => sizes?.map(({ table, judgement }) => item(table, judgement)),
  },
  {
    id: "P5",
    title: "upkeep holds nobody up",
    items: ({ chores }) => chores?.map(({ title, judgement, sql }) => ({ ...item(title, judgement), sql })),
  },
  {
    id: "P6",
    title: "deletes do not crawl",
    items: ({ removals }) => removals?.map(({ title, judgement }) => item(title, judgement)),
  },
  {
    id: "against",
    title: "no query became slower",
    items: ({ regression }) => regression?.queries.map((query) => itemOfComparison(query, regression)),
  },
];

/** The ids of the promises that a bench can prove. */
export const promiseIds = rules.map(({ id }) => id).filter((id) => id !== "against");

/** What is known of each promise that something was measured for. `durations` are by id; milliseconds. */
export function concludePromises(
  findings: Omit<Findings, "promises">,
  durations: ReadonlyMap<string, number>,
): readonly BenchPromise[] {
  return rules.flatMap(({ id, title, items: of }) => {
    const items = of(findings);
    if (items === undefined) return [];
    const verdict = verdictOf(items);
    const open = items.filter(({ judgement }) => judgement.outcome === "inconclusive");
    return [
      {
        id,
        title,
        verdict,
        durationMs: durations.get(id) ?? 0,
        ...(verdict.state === "unproven" && {
          byTimingAlone: open.length > 0 && open.every(({ judgement }) => judgement.byClock === true),
        }),
      },
    ];
  });
}

function verdictOf(items: readonly Item[]): Verdict {
  const checked = items.length;
  const [first, ...others] = items
    .filter(({ judgement }) => judgement.outcome === "fail")
    .map(({ what, judgement, sql = "" }): Breach => ({ what: `${what}: ${judgement.why}`, sql }));
  if (first) return { state: "broken", checked, breaches: [first, ...others] };
  const open = items.filter(({ judgement }) => judgement.outcome === "inconclusive");
  const [one] = open;
  if (one === undefined)
    return checked > 0
      ? { state: "holds", checked }
      : { state: "unproven", checked, why: "the workload names nothing to measure" };
  const more = open.length > 1 ? `; and ${open.length - 1} more` : "";
  return { state: "unproven", checked, why: `${one.what}: ${one.judgement.why}${more}` };
}

function item(what: string, judgement: Judgement): Item {
  return { what, judgement };
}

function itemsOfQuery({ id, cells }: QueryResult): Item[] {
  return cells.flatMap((cell) => {
    const what = `${id}, ${cell.place} tenant, ${describe(cell)}`;
    return [
      { ...item(what, cell.workJudgement), ...(cell.repeat !== undefined && { sql: cell.repeat }) },
      ...(cell.timeJudgement ? [item(what, cell.timeJudgement)] : []),
    ];
  });
}

function describe({ way, planKind }: CellResult): string {
  return way === "prepared" ? `prepared (${planKind} plan)` : "not prepared";
}

const outcomes = { slower: "fail", unknown: "inconclusive", same: "pass", faster: "pass" } as const;

function itemOfComparison(
  { id, place, verdict, why, causes }: RegressionQuery,
  { controls }: RegressionResult,
): Item {
  // The likeliest; the others are in the comparison itself.
  const because = causes.length > 0 ? ` (${causes[0]})` : "";
  const odd = controls.find(({ behaved }) => !behaved);
  const doubt = verdict === "unknown" && odd ? `; ${odd.why}` : "";
  return item(`${id}, ${place} tenant`, {
    outcome: outcomes[verdict],
    why: `${verdict}: ${why}${because}${doubt}`,
    ...(verdict === "unknown" && { byClock: true }),
  });
}
