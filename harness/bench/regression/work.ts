// Work is counted, so it is the same on every machine and every day; what is compared is the same question with the same
// values on the same rows. Slack: two databases with the same rows differ a little, in how their pages were filled.

import type { Plan, Work } from "../result.ts";

export interface Examined {
  readonly work: Work;
  readonly plan: Plan;
}

export interface WorkFinding {
  /** Clauses for people: "reads 2,580 rows instead of 50". */
  readonly more: readonly string[];
  readonly less: readonly string[];
}

interface Measure {
  readonly of: (work: Work) => number;
  readonly say: (head: string, base: string) => string;
  /** Differences up to this many do not count. */
  readonly slack: number;
}

/** Any measure may differ by so much of the smaller one. */
const mostRatio = 0.2;

const measures: readonly Measure[] = [
  {
    of: ({ buffers }) => buffers,
    say: (head, base) => `touches ${head} pages instead of ${base}`,
    // One index that is a level deeper takes a page a row, and few queries return more rows than a page holds.
    slack: 8,
  },
  {
    of: ({ rowsRead }) => rowsRead,
    say: (head, base) => `reads ${head} rows instead of ${base}`,
    slack: 20,
  },
  {
    of: ({ rowsRemoved }) => rowsRemoved,
    say: (head, base) => `reads and throws away ${head} rows instead of ${base}`,
    slack: 20,
  },
  {
    of: ({ spilled }) => spilled,
    say: (head, base) => `writes ${head} temporary pages instead of ${base}`,
    slack: 0,
  },
  {
    of: ({ walBytes }) => walBytes,
    say: (head, base) => `writes ${head} bytes of log instead of ${base}`,
    // A record of a few dozen bytes more or less is a page that was split or pruned on one side only.
    slack: 128,
  },
];

const number = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** What `head` has to do more, and less, than `base`. */
export function compareWork(base: Examined, head: Examined): WorkFinding {
  const [more, less]: [string[], string[]] = [[], []];
  for (const { of, say, slack } of measures) {
    const [was, is] = [of(base.work), of(head.work)];
    const change = Math.abs(is - was);
    if (change <= slack || change <= Math.min(was, is) * mostRatio) continue;
    (is > was ? more : less).push(say(number.format(is), number.format(was)));
  }
  const [called, calledLess] = [moreCalled(base.work, head.work), moreCalled(head.work, base.work)];
  more.push(...called.map(([name, was, is]) => `calls ${name}() ${times(is)} instead of ${times(was)}`));
  less.push(...calledLess.map(([name, is, was]) => `calls ${name}() ${times(is)} instead of ${times(was)}`));
  const scanned = newlyScanned(base.plan, head.plan);
  const grew = head.work.rowsRead > base.work.rowsRead || head.work.buffers > base.work.buffers;
  // Of a table of one page, a scan is what a good planner chooses.
  if (scanned.length > 0 && grew) more.push(`scans the whole of ${scanned.join(", ")}`);
  const [once, perRow] = [initPlans(base.plan) - initPlans(head.plan), newlyCalled(base.plan, head.plan)];
  if (once > 0 && perRow.length > 0) more.push(`asks ${perRow.join(", ")} for each row instead of once`);
  return { more, less };
}

/** Tables that head's plan reads whole and base's read by an index. */
function newlyScanned(base: Plan, head: Plan): string[] {
  const scanned = ({ lines }: Plan) =>
    new Set(lines.flatMap((line) => /\bSeq Scan on ([^\s:(,]+)/.exec(line)?.[1] ?? []));
  const before = scanned(base);
  return [...scanned(head)].filter((table) => !before.has(table));
}

function initPlans({ lines }: Plan): number {
  return lines.filter((line) => /\bInitPlan\b/.test(line)).length;
}

/** Functions that head calls for each row and base did not. */
function newlyCalled(base: Plan, head: Plan): string[] {
  const called = ({ lines }: Plan) =>
    new Set(
      lines
        // A condition of an index is asked for once a scan.
        .filter((line) => /\bFilter: /.test(line))
        .flatMap((line) => [...line.matchAll(/\b([a-z_][\w.]*)\(/g)].map(([, name = ""]) => `${name}()`)),
    );
  const before = called(base);
  return [...called(head)].filter((name) => !before.has(name));
}

/** Functions that the second one calls more often; none where it calls no more of them all together: one replaced another. */
function moreCalled(first: Work, second: Work): (readonly [name: string, first: number, second: number])[] {
  if (sumOf(Object.values(second.calls)) <= sumOf(Object.values(first.calls))) return [];
  return Object.entries(second.calls)
    .map(([name, count]) => [name, first.calls[name] ?? 0, count] as const)
    .filter(([, was, is]) => is - was > was * mostRatio);
}

/** "never", "once", "twice", "2,580 times". */
export function times(count: number): string {
  return ["never", "once", "twice"][count] ?? `${number.format(count)} times`;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
