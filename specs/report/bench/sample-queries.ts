import type { CellResult, Judgement, QueryResult } from "../../../harness/bench/result.ts";
import type { Draw } from "../../../harness/workload/draw.ts";
import { latencyOf, planOf, sortPlanOf, workOf } from "./sample-numbers.ts";

interface Subject {
  readonly id: string;
  readonly title: string;
  readonly asker?: "service";
  readonly targetMs: number;
  readonly table: string;
  readonly index: string;
  readonly p50: number;
  readonly returned: number;
}

const subjects: readonly Subject[] = [
  {
    ...{ id: "contacts-recent", title: "the 50 contacts last updated", targetMs: 10, p50: 0.62 },
    ...{ table: "contacts", index: "idx_contacts_org_updated", returned: 50 },
  },
  {
    ...{ id: "contacts-by-status", title: "the 50 last updated of one lead status", targetMs: 10, p50: 0.71 },
    ...{ table: "contacts", index: "idx_contacts_org_new_updated", returned: 50 },
  },
  {
    ...{ id: "appointments-week", title: "one week's appointments, in order", targetMs: 10, p50: 0.83 },
    ...{ table: "appointments", index: "idx_appointments_org_scheduled", returned: 100 },
  },
  {
    ...{ id: "appointments-upcoming", title: "the upcoming appointments", targetMs: 10, p50: 1.2 },
    ...{ table: "appointments", index: "idx_appointments_org_upcoming", returned: 100 },
  },
  {
    ...{ id: "notifications-unread-count", title: "how many are unread", targetMs: 5, p50: 0.48 },
    ...{ table: "notifications", index: "idx_notifications_user_unread", returned: 1 },
  },
  {
    ...{ id: "webhook-lookup", title: "whether an event was seen before", targetMs: 5, p50: 0.21 },
    ...{ table: "processed_webhook_events", index: "uq_events_org_event", returned: 1, asker: "service" },
  },
];

/** What a sample's queries are made to look like, from worse to better. */
export type Condition = "filtered" | "floored" | "fine";

/** Each query in its four cells; where "filtered", one reads a tenant's rows and throws most away. */
export function sampleQueries(draw: Draw, condition: Condition): readonly QueryResult[] {
  return subjects.map((subject) => {
    const { id, title, asker = "member", targetMs, table, index } = subject;
    const cells = (["median", "largest"] as const).flatMap((place) =>
      (["prepared", "unprepared"] as const).map((way) => cellOf(draw, subject, place, way, condition)),
    );
    return {
      ...{ id, title, asker, targetMs, cells },
      ...(id === "contacts-recent" && {
        otherPlan: {
          ...({ place: "largest", planKind: "generic", work: workOf(4210, 50, 99_950) } as const),
          plan: sortPlanOf(table, index, "org_id = $0"),
        },
      }),
    };
  });
}

function cellOf(
  draw: Draw,
  subject: Subject,
  place: CellResult["place"],
  way: CellResult["way"],
  condition: Condition,
): CellResult {
  const { id, table, index, returned, targetMs } = subject;
  const slow = condition === "filtered" && id === "contacts-by-status" && place === "largest";
  const p50 = slow ? 18 : subject.p50 * (place === "largest" ? 1.15 : 1) * (way === "prepared" ? 1 : 1.35);
  const latency = latencyOf(draw, p50, condition === "floored" ? 0.55 : 0.22);
  const work = slow
    ? workOf(9120, 50, 24_950)
    : workOf(returned > 1 ? Math.ceil(returned / 8) + 4 : 4, returned);
  return {
    ...{ place, way, placeRows: place === "median" ? 3127 : 100_000, latency, work },
    planKind: way === "prepared" ? "generic" : "custom",
    plan: (slow ? sortPlanOf : planOf)(table, index, "org_id = $0"),
    workJudgement: slow
      ? { outcome: "fail", why: "reads 25,000 rows to return 50" }
      : { outcome: "pass", why: "reads what it returns" },
    timeJudgement: timed(latency.p99.estimate, targetMs, condition),
  };
}

function timed(p99: number, targetMs: number, condition: Condition): Judgement {
  const ms = `p99 ${p99.toFixed(2)} ms`;
  if (condition === "floored")
    return { outcome: "inconclusive", why: `the floor's own p99 is 11.8 ms; ${ms}, target ${targetMs} ms` };
  return p99 < targetMs
    ? { outcome: "pass", why: `${ms}, 3 of 2,000 above ${targetMs} ms` }
    : { outcome: "fail", why: `${ms}, 1,991 of 2,000 above ${targetMs} ms` };
}
