import type { FileRun, StatementRun } from "../../rehearsal/watch/facts.ts";
import { formatCount, formatDuration, formatMs, nothing } from "../bench/quantity.ts";
import type { Row, Table } from "../bench/table.ts";
import type { RehearsalResult } from "../rehearsal-result.ts";

const mib = 2 ** 20;
const size = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });

/** Bytes as "12.3 MB"; a minus where they became fewer. */
export function formatBytes(bytes: number): string {
  if (Math.abs(bytes) < 1024) return `${bytes} B`;
  return Math.abs(bytes) < mib ? `${size.format(bytes / 1024)} kB` : `${size.format(bytes / mib)} MB`;
}

/** What was rehearsed, what it did, and what others met, in the order of reading; what nobody looked at is left out. */
export function tablesOf(result: RehearsalResult): readonly Table[] {
  const { pending, files = [], traffic, queues = [], data } = result;
  return [
    ...(pending ? [pendingTable(pending.reasons)] : []),
    fileTable(files),
    statementTable(files),
    lockTable(files),
    ...(traffic ? [trafficTable(traffic.summary), waiterTable(traffic.files)] : []),
    queueTable(queues),
    ...(data ? [dataTable(data.changes)] : []),
  ].filter(({ rows }) => rows.length > 0);
}

const columns = (...titles: readonly string[]) => titles.map((title) => ({ title }));
const words = (...titles: readonly string[]) => titles.map((title) => ({ title, text: true }));

function row(id: string, cells: readonly string[], title = id): Row {
  return { id, title, cells, judged: [] };
}

function pendingTable(reasons: NonNullable<RehearsalResult["pending"]>["reasons"]): Table {
  return {
    ...{ caption: "Migrations: which are pending, and how that is known", of: "file" },
    columns: words("", "because"),
    rows: reasons.map(({ file, pending, why }) => row(file, [pending ? "pending" : "applied", why])),
  };
}

function fileTable(files: readonly FileRun[]): Table {
  return {
    ...{ caption: "Files, alone in the database", of: "file" },
    columns: [...words(""), ...columns("took", "statements", "WAL", "disk", "notices")],
    rows: files.map(({ file, outcome, elapsedMs, statements, walBytes, diskBytes, notices, remedied }) =>
      row(file, [
        outcome === "failed" ? "failed" : remedied ? "applied after the remedy" : "applied",
        formatDuration(elapsedMs),
        formatCount(statements.length),
        formatBytes(walBytes),
        formatBytes(diskBytes),
        formatCount(notices.length),
      ]),
    ),
  };
}

/** Those that did anything to what was there before, or took long; a file has hundreds of others. */
const shownMs = 50;

function isTold({ elapsedMs, rewrites, scans, work }: StatementRun): boolean {
  return elapsedMs >= shownMs || rewrites.length > 0 || scans.length > 0 || work.length > 0;
}

function statementTable(files: readonly FileRun[]): Table {
  return {
    ...{ caption: "Statements that took 50 ms or touched tables of the snapshot", of: "statement" },
    columns: [...columns("took", "until commit", "WAL"), ...words("what it did")],
    rows: files.flatMap(({ file, statements }) =>
      statements
        .filter(isTold)
        .map((one) =>
          row(`${file}:${one.line}`, [
            formatMs(one.elapsedMs),
            one.untilCommitMs === undefined ? "by itself" : formatMs(one.untilCommitMs),
            formatBytes(one.walBytes),
            deedOf(one),
          ]),
        ),
    ),
  };
}

const shownDeeds = 3;

function deedOf({ rewrites, scans, work }: StatementRun): string {
  const all = [
    ...rewrites.map((table) => `rewrites ${table}`),
    ...scans
      .filter(({ table }) => !rewrites.includes(table))
      .map(({ table, rows }) => `reads ${formatCount(rows)} rows of ${table}`),
    ...work.map(({ table, inserted, updated, deleted }) => {
      const deeds = [
        ...(inserted > 0 ? [`adds ${formatCount(inserted)}`] : []),
        ...(updated > 0 ? [`changes ${formatCount(updated)}`] : []),
        ...(deleted > 0 ? [`removes ${formatCount(deleted)}`] : []),
      ];
      return `${deeds.join(", ")} of ${table}`;
    }),
  ];
  const more = all.length - shownDeeds;
  return `${all.slice(0, shownDeeds).join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}

const strong = /AccessExclusive|Exclusive|Share(RowExclusive)?Lock$/;

function lockTable(files: readonly FileRun[]): Table {
  const held = files.flatMap(({ file, statements }) =>
    statements.flatMap(({ line, locks }) =>
      locks
        .filter(({ mode }) => strong.test(mode) && !/^(Row|ShareUpdate|AccessShare)/.test(mode))
        .map((lock) => ({ file, line, ...lock })),
    ),
  );
  return {
    ...{
      caption: "Locks on tables of the snapshot that hold others up, from the grant to the commit",
      of: "statement",
    },
    columns: [...words("table", "lock"), ...columns("held", "waited for")],
    rows: held.map(({ file, line, table, index, mode, heldMs, waitedMs }) =>
      row(`${file}:${line}`, [
        index === undefined ? table : `${table}, index ${index}`,
        mode.replace(/Lock$/, ""),
        formatMs(heldMs),
        waitedMs > 0 ? formatMs(waitedMs) : nothing,
      ]),
    ),
  };
}

function trafficTable({ phases, rate, dropped }: NonNullable<RehearsalResult["traffic"]>["summary"]): Table {
  return {
    caption: `Traffic, ${formatCount(rate)} requests a second, timed from when each was due${dropped > 0 ? `; ${formatCount(dropped)} dropped` : ""}`,
    of: "phase",
    columns: [...columns("seconds", "requests", "p50", "p99", "longest"), ...words("errors")],
    rows: phases.map(({ phase, seconds, requests, p50, p99, longest, errors }) =>
      row(phase, [
        seconds.toFixed(1),
        formatCount(requests),
        formatMs(p50),
        formatMs(p99),
        formatMs(longest),
        Object.entries(errors)
          .map(([sqlstate, times]) => `${formatCount(times)} of ${sqlstate}`)
          .join(", ") || "none",
      ]),
    ),
  };
}

function waiterTable(files: readonly FileRun[]): Table {
  const groups = new Map<
    string,
    { id: string; table: string; mode: string; count: number; longest: number }
  >();
  for (const { file, waiters } of files)
    for (const { table, mode, waitedMs, line } of waiters) {
      const id = `${file}:${line ?? 1}`;
      const key = `${id} ${table} ${mode}`;
      const known = groups.get(key) ?? { id, table, mode, count: 0, longest: 0 };
      groups.set(key, { ...known, count: known.count + 1, longest: Math.max(known.longest, waitedMs) });
    }
  return {
    ...{ caption: "Who waited behind the migration", of: "statement" },
    columns: [...words("for", "lock"), ...columns("waits seen", "longest")],
    rows: [...groups.values()].map(({ id, table, mode, count, longest }) =>
      row(id, [table, mode.replace(/Lock$/, ""), formatCount(count), formatMs(longest)]),
    ),
  };
}

function queueTable(queues: NonNullable<RehearsalResult["queues"]>): Table {
  return {
    ...{ caption: "With somebody in front of the migration", of: "file" },
    columns: [
      ...words("table", "lock", "in front"),
      ...columns("the migration waited", "others waited"),
      ...words(""),
    ],
    rows: queues.map(({ file, table, mode, bystander, waitedMs, stallMs, gaveUp }) =>
      row(file, [
        table,
        mode,
        bystander,
        waitedMs > 0 ? formatMs(waitedMs) : "did not",
        stallMs > 0 ? formatMs(stallMs) : "did not",
        gaveUp ? `gave up (${gaveUp})` : "",
      ]),
    ),
  };
}

function dataTable(changes: NonNullable<RehearsalResult["data"]>["changes"]): Table {
  return {
    ...{ caption: "Tables of the snapshot whose rows are others now", of: "table" },
    columns: [...columns("before", "after", "gone", "changed", "new"), ...words("columns")],
    rows: changes.map(
      ({ table, before, after, removed, changed, added, estimated, columns: names, droppedColumns }) => {
        const about = estimated ? "about " : "";
        return row(table, [
          formatCount(before),
          after === undefined ? "no table" : formatCount(after),
          `${about}${formatCount(removed)}`,
          `${about}${formatCount(changed)}`,
          `${about}${formatCount(added)}`,
          [...names, ...droppedColumns.map((name) => `${name} (gone)`)].join(", "),
        ]);
      },
    ),
  };
}
