// Plan tree: what EXPLAIN (FORMAT JSON) answers. https://www.postgresql.org/docs/current/sql-explain.html

import { createHash } from "node:crypto";
import type { Plan, Work } from "./result.ts";

/** One node, as far as it is looked at. Rows are of one loop. */
export interface PlanNode {
  readonly "Node Type": string;
  readonly "Parent Relationship"?: string;
  readonly "Relation Name"?: string;
  readonly Schema?: string;
  readonly "Index Name"?: string;
  readonly "Join Type"?: string;
  readonly "Subplan Name"?: string;
  readonly "Scan Direction"?: string;
  readonly Operation?: string;
  readonly "Actual Rows"?: number;
  readonly "Actual Loops"?: number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Rows Removed by Index Recheck"?: number;
  readonly "Shared Hit Blocks"?: number;
  readonly "Shared Read Blocks"?: number;
  readonly "Temp Written Blocks"?: number;
  readonly "WAL Bytes"?: number;
  readonly Plans?: readonly PlanNode[];
  readonly [key: string]: unknown;
}

export interface TriggerRun {
  readonly "Trigger Name": string;
  readonly "Constraint Name"?: string;
  readonly Relation?: string;
  /** Milliseconds, where timing was on. */
  readonly Time?: number;
  readonly Calls: number;
}

/** What EXPLAIN says of one execution. */
export interface Explained {
  readonly Plan: PlanNode;
  readonly Triggers?: readonly TriggerRun[];
  /** Milliseconds, without planning. */
  readonly "Execution Time"?: number;
}

/** The conditions that a reader of a plan looks for, in this order. */
const conditions = [
  "Index Cond",
  "Recheck Cond",
  "Hash Cond",
  "Merge Cond",
  "Filter",
  "Join Filter",
  "Sort Key",
];

/** The trigger's name, or of a foreign key's, whose own is a number, the constraint's. */
export function nameOf(trigger: TriggerRun): string {
  return trigger["Constraint Name"] ?? trigger["Trigger Name"];
}

/** What the plan is, apart from what it met: the same for every execution of it. */
export function readPlan({ Plan: root, Triggers = [] }: Explained): Plan {
  const lines = [...linesOf(root, 0), ...Triggers.map((trigger) => `trigger ${nameOf(trigger)}`).sort()];
  const fingerprint = createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 16);
  return { fingerprint, lines };
}

function linesOf(node: PlanNode, depth: number): string[] {
  const indent = "  ".repeat(depth);
  const parts = [
    node["Subplan Name"] === undefined ? "" : `${node["Subplan Name"]}: `,
    node.Operation === undefined ? node["Node Type"] : node.Operation,
    node["Scan Direction"] === "Backward" ? " backward" : "",
    node["Index Name"] === undefined ? "" : ` using ${node["Index Name"]}`,
    node["Relation Name"] === undefined
      ? ""
      : ` on ${node.Schema ? `${node.Schema}.` : ""}${node["Relation Name"]}`,
  ];
  const told = conditions.flatMap((name) => {
    const value = node[name];
    if (value === undefined) return [];
    return [`${indent}  ${name}: ${withoutValues(Array.isArray(value) ? value.join(", ") : String(value))}`];
  });
  return [
    `${indent}${parts.join("")}`,
    ...told,
    ...(node.Plans ?? []).flatMap((child) => linesOf(child, depth + 1)),
  ];
}

/** A custom plan has its values in it, which differ from one execution to the next; a generic one has $1. */
function withoutValues(condition: string): string {
  return condition.replace(/'(?:[^']|'')*'|\$\d+\b(?!\.)/g, (found) =>
    found.startsWith("$") ? found : "'…'",
  );
}

/** What one execution did. `calls` are those of functions, which EXPLAIN does not count. */
export function readWork({ Plan: root }: Explained, calls: Work["calls"]): Work {
  const nodes = [...nodesOf(root)];
  const scans = nodes.filter(readsRows);
  const sum = (some: readonly PlanNode[], count: (node: PlanNode) => number) =>
    Math.round(some.reduce((all, node) => all + count(node) * (node["Actual Loops"] ?? 1), 0));
  const removed = sum(
    scans,
    (node) => (node["Rows Removed by Filter"] ?? 0) + (node["Rows Removed by Index Recheck"] ?? 0),
  );
  return {
    buffers: (root["Shared Hit Blocks"] ?? 0) + (root["Shared Read Blocks"] ?? 0),
    rowsReturned: returnedBy(root),
    rowsRead: sum(scans, (node) => node["Actual Rows"] ?? 0) + removed,
    rowsRemoved: removed,
    walBytes: root["WAL Bytes"] ?? 0,
    spilled: root["Temp Written Blocks"] ?? 0,
    calls,
  };
}

function* nodesOf(node: PlanNode): Generator<PlanNode> {
  yield node;
  for (const child of node.Plans ?? []) yield* nodesOf(child);
}

/** Whether it reads a table or an index itself; a bitmap of an index is counted where its rows are fetched. */
function readsRows(node: PlanNode): boolean {
  return node["Relation Name"] !== undefined && /Scan$/.test(node["Node Type"]);
}

/** Rows that are made into JSON or counted; where nothing is, rows that are stored or come out at the top. */
function returnedBy(root: PlanNode): number {
  for (const node of nodesOf(root)) {
    if (node["Node Type"] !== "Aggregate" || node["Group Key"] !== undefined) continue;
    const input = node.Plans?.find(isOuter);
    if (input) return Math.round((input["Actual Rows"] ?? 0) * (input["Actual Loops"] ?? 1));
  }
  // Without RETURNING nothing comes out of a write.
  const stored = root["Node Type"] === "ModifyTable" ? root.Plans?.find(isOuter) : undefined;
  const top = stored ?? root;
  return Math.round((top["Actual Rows"] ?? 0) * (top["Actual Loops"] ?? 1));
}

function isOuter(node: PlanNode): boolean {
  return node["Parent Relationship"] === "Outer";
}
