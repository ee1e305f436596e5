import type { CellResult, Latency, QueryResult } from "../../bench/result.ts";
import { formatBounds, formatCount, formatLimit, formatMs, nothing } from "./quantity.ts";
import { judged, type Row, type Table } from "./table.ts";

/** How fast each query is where, beside its target and the floor, and what the server does for it. */
export function queryTable(queries: readonly QueryResult[], floor: Latency | undefined): Table {
  return {
    caption: "Latency of each query beside its target, and the work of one execution",
    of: "query",
    grouped: true,
    columns: [
      { title: "tenant", text: true, names: true },
      { title: "way", text: true, names: true },
      ...["p50", "p99", "95% interval", "target"].map((title) => ({ title })),
      ...["buffers", "read", "returned", "removed"].map((title) => ({ title })),
    ],
    rows: [
      ...(floor ? [floorRow(floor)] : []),
      ...queries.flatMap((query) => query.cells.map((cell) => cellRow(query, cell, floor))),
    ],
  };
}

function cellRow(query: QueryResult, cell: CellResult, floor: Latency | undefined): Row {
  const { id, title, asker, targetMs } = query;
  const { place, placeRows, way, latency, work, workJudgement, timeJudgement } = cell;
  return {
    ...{ id, title: asker === "service" ? `${title}, as service` : title },
    cells: [
      ...[`${place}, ${formatCount(placeRows)} rows`, way, ...times(latency)],
      targetMs === undefined ? nothing : formatLimit(targetMs),
      ...[work.buffers, work.rowsRead, work.rowsReturned, work.rowsRemoved].map(formatCount),
    ],
    bar:
      targetMs === undefined
        ? undefined
        : {
            ...{ ...latency.p99, target: targetMs, missed: timeJudgement?.outcome === "fail" },
            ...(floor && { floor: floor.p99.estimate }),
          },
    judged: [judged(workJudgement, "work"), ...(timeJudgement ? [judged(timeJudgement, "time")] : [])],
  };
}

function floorRow(floor: Latency): Row {
  const cells = ["", "", ...times(floor), ...Array<string>(5).fill(nothing)];
  return { id: "SELECT 1", title: "SELECT 1: the floor below every latency", cells, judged: [] };
}

function times({ p50, p99 }: Latency): string[] {
  return [formatMs(p50), formatMs(p99.estimate), formatBounds(p99)];
}
