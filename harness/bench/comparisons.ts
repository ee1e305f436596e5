import type { Query } from "../workload/workload.ts";
import type { Equipment } from "./equipment.ts";
import type { OverheadResult } from "./result.ts";

/** Everything is on. */
export const whole: Equipment = { rls: true, pgaudit: true, triggers: true };
/** Ways to go without some of it. */
export const arms = {
  whole,
  bare: { ...whole, rls: false, pgaudit: false },
  // The same once more: how far two that are equal lie apart.
  "bare again": { ...whole, rls: false, pgaudit: false },
  "policies only": { ...whole, pgaudit: false },
  "pgaudit only": { ...whole, rls: false },
  "no audit triggers": { ...whole, triggers: false },
} as const satisfies Record<string, Equipment>;
export type ArmName = keyof typeof arms;

/** Two arms, and the queries that they are compared by. */
export interface Comparison {
  readonly id: OverheadResult["id"];
  readonly title: string;
  readonly first: ArmName;
  readonly second: ArmName;
  readonly of: (query: Query) => boolean;
  readonly mostRatio?: number;
  /** Whether the server keeps the statements; then a plan for any values may be used on one side and not on the other. */
  readonly prepared: boolean;
}

/** Where the policies are off, only a query that says its tenancy itself asks the same. */
export const comparable = ({ asker, unprotected }: Query) => asker === "member" && unprotected !== undefined;
const writing = ({ writes }: Query) => writes === true;

/** What was said of each guard. */
export const ofReads: readonly Comparison[] = [
  { id: "rls", title: "row level security", second: "policies only", mostRatio: 0.05 },
  { id: "pgaudit", title: "pgAudit", second: "pgaudit only", mostRatio: 0.1 },
  { id: "both", title: "row level security and pgAudit", second: "whole", mostRatio: 0.15 },
].map((one) => ({ ...one, first: "bare", of: comparable, prepared: false }) as Comparison);

/**
 * The same for statements that are kept. A policy keeps the server from using an index on an enum for a plan that fits all
 * values, so it plans anew each time: what that costs is told, and is none of the policy's own work.
 */
export const ofKeptReads: readonly Comparison[] = ofReads.map(({ mostRatio: _, ...one }) => ({
  ...one,
  title: `${one.title}, statements prepared`,
  prepared: true,
}));

/** What nobody has promised a limit of. */
export const ofWrites: readonly Comparison[] = [
  {
    id: "audit triggers",
    title: "the triggers that feed the audit log",
    first: "no audit triggers",
    second: "whole",
    of: writing,
    prepared: false,
  },
];
