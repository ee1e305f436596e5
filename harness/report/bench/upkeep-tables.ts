import type { ChoreResult, HttpResult, LoadResult, RemovalResult } from "../../bench/result.ts";
import { formatBounds, formatCount, formatDuration, formatLimit, formatMs, nothing } from "./quantity.ts";
import { judged, type Row, type Table } from "./table.ts";

/** What is run beside others' work, and how long they waited. */
export function choreTable(chores: readonly ChoreResult[]): Table {
  return {
    caption: "Chores, with readers and writers beside them",
    of: "chore",
    columns: ["took", "longest wait", "at most", "reads", "writes"].map((title) => ({ title })),
    rows: chores.map(({ id, title, tookMs, longestWaitMs, mostWaitMs, reads, writes, judgement }) => ({
      ...{ id, title, judged: [judged(judgement)] },
      cells: [
        formatDuration(tookMs),
        longestWaitMs === 0 ? "none logged" : formatMs(longestWaitMs),
        formatLimit(mostWaitMs),
        formatCount(reads),
        formatCount(writes),
      ],
    })),
  };
}

/** How long deletes take that take others' rows with them. */
export function removalTable(removals: readonly RemovalResult[]): Table {
  return {
    caption: "Deletes and what goes with them, rolled back each time",
    of: "removal",
    columns: ["rows", "times", "p50", "p99", "95% interval", "longest", "target"].map((title) => ({ title })),
    rows: removals.map(({ id, title, targetMs, rows, latency, judgement }) => ({
      ...{ id, title, judged: [judged(judgement)] },
      cells: [
        formatCount(rows),
        formatCount(latency.count),
        formatMs(latency.p50),
        formatMs(latency.p99.estimate),
        formatBounds(latency.p99),
        formatMs(latency.max),
        formatLimit(targetMs),
      ],
      bar: { ...latency.p99, target: targetMs, missed: judgement.outcome === "fail" },
    })),
  };
}

/** Both runs over HTTP, and what they showed of others' rows. */
export function httpTables({ closed, open, isolation, judgement }: HttpResult): readonly Table[] {
  return [
    {
      caption: "Requests over HTTP",
      of: "load",
      columns: [
        ...["requests", "failed", "connections", "a second", "p50", "p99", "at the gateway, p99"],
        ...["lag, p99", "dropped"],
      ].map((title) => ({ title })),
      rows: [loadRow("closed", closed), { ...loadRow("open", open), judged: [judged(judgement)] }],
    },
    {
      caption: "Whose rows the responses held",
      of: "asked",
      columns: ["answers", "rows", "that must not be"].map((title) => ({ title })),
      rows: [
        countRow("members", isolation.responses, isolation.rows, [isolation.foreignRows, "rows of others"]),
        countRow("strangers", isolation.strangers, undefined, [isolation.strangersServed, "served"]),
        countRow("connections", undefined, undefined, [isolation.leftBehind, "claims left behind"]),
      ],
    },
  ];
}

function loadRow(id: "closed" | "open", load: LoadResult): Row {
  const title =
    load.rate === undefined
      ? "closed: asks again once answered"
      : `open: ${formatCount(load.rate)} a second, at random intervals`;
  return {
    ...{ id, title, judged: [] },
    cells: [
      ...[load.requests, load.failed, load.connections, Math.round(load.perSecond)].map(formatCount),
      ...[load.client.p50, load.client.p99.estimate, load.server.p99.estimate].map(formatMs),
      load.lag ? formatMs(load.lag.p99.estimate) : nothing,
      load.dropped === undefined ? nothing : formatCount(load.dropped),
    ],
  };
}

function countRow(
  id: string,
  answers: number | undefined,
  rows: number | undefined,
  [count, what]: readonly [count: number, what: string],
): Row {
  const text = (value: number | undefined) => (value === undefined ? nothing : formatCount(value));
  const outcome = count === 0 ? "pass" : "fail";
  const why = `${formatCount(count)} ${what}`;
  return {
    id,
    title: id,
    cells: [text(answers), text(rows), formatCount(count)],
    judged: [judged({ outcome, why })],
  };
}
