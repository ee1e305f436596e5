import type { DataChange } from "../data/compare.ts";

const number = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });

/** "12 ms", "1.25 s". */
export function toldMs(ms: number): string {
  return ms < 1000 ? `${number.format(ms)} ms` : `${number.format(ms / 1000)} s`;
}

/** "3 rows", "1 row", "about 1,200 rows". */
export function toldRows(rows: number, about = false): string {
  return `${about ? "about " : ""}${rows.toLocaleString("en-US")} ${rows === 1 ? "row" : "rows"}`;
}

/** What became of a table's rows, in one clause; undefined where nothing was lost or changed. */
export function toldChange(change: DataChange): string | undefined {
  const { table, before, after, removed, changed, added, estimated, columns, droppedColumns, examples } =
    change;
  if (after === undefined) return `${table} is gone, with ${toldRows(before)}`;
  const parts = [
    ...(removed > 0 ? [`${toldRows(removed, estimated)} ${removed === 1 ? "is" : "are"} gone`] : []),
    ...(changed > 0
      ? [
          `${toldRows(changed, estimated)} ${changed === 1 ? "has" : "have"} other values${columns.length > 0 ? ` in ${columns.join(", ")}` : ""}`,
        ]
      : []),
    ...(droppedColumns.length > 0 ? [`the values of ${droppedColumns.join(", ")} are gone`] : []),
    ...(added > 0 && (removed > 0 || changed > 0) ? [`${toldRows(added, estimated)} came`] : []),
  ];
  if (parts.length === 0) return undefined;
  const named = examples.length > 0 ? `; such as ${examples.join(", ")}` : "";
  return `of ${table}, ${parts.join(" and ")}${named}`;
}
