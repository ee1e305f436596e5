import type { BenchResult } from "../bench-result.ts";
import { growthTable, overheadTable, sizeTable } from "./cost-tables.ts";
import { queryTable } from "./query-tables.ts";
import { regressionTables } from "./regression-tables.ts";
import type { Table } from "./table.ts";
import { choreTable, httpTables, removalTable } from "./upkeep-tables.ts";

export interface Section {
  readonly id: "queries" | "overheads" | "growth" | "sizes" | "chores" | "removals" | "http" | "regression";
  readonly title: string;
  readonly tables: readonly Table[];
}

/** All that was measured, in the order of reading; what nobody measured is left out. */
export function sectionsOf(result: BenchResult): readonly Section[] {
  const { floor, queries = [], overheads = [], growth = [], sizes = [] } = result;
  const { chores = [], removals = [], http, regression } = result;
  const sections: readonly Section[] = [
    { id: "queries", title: "Queries", tables: [queryTable(queries, floor)] },
    { id: "overheads", title: "Overheads", tables: [overheadTable(overheads)] },
    { id: "growth", title: "Growth", tables: [growthTable(growth)] },
    { id: "sizes", title: "Sizes", tables: [sizeTable(sizes)] },
    { id: "chores", title: "Chores", tables: [choreTable(chores)] },
    { id: "removals", title: "Removals", tables: [removalTable(removals)] },
    { id: "http", title: "HTTP", tables: http ? httpTables(http) : [] },
    { id: "regression", title: "Regression", tables: regression ? regressionTables(regression) : [] },
  ];
  return sections
    .map((section) => ({ ...section, tables: section.tables.filter(({ rows }) => rows.length > 0) }))
    .filter(({ id, tables }) => tables.length > 0 || (id === "regression" && regression !== undefined));
}
