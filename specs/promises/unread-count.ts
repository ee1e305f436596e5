import { sql } from "../../harness/guarantees/sql.ts";
import type { Trial } from "../../harness/guarantees/trial.ts";

interface PlanNode {
  readonly "Node Type": string;
  readonly "Heap Fetches"?: number;
  readonly Plans?: readonly PlanNode[];
}

/** For each of three people: enough that reading the table costs more than reading an index. */
const rowsEach = 3_000;

/** The member's unread count is answered by an index-only scan that fetches nothing from the vacuumed table. */
export async function provesIndexOnlyCount(trial: Trial): Promise<void> {
  // The rows alone are wanted: what triggers and foreign keys make of each is promised elsewhere.
  await trial.maintains("set session_replication_role = replica");
  await trial.maintains(`insert into public.notifications (org_id, user_id, type, title, message, status)
      select org, person, 'voicemail', 'title', repeat('message ', 10),
        (array['unread', 'read', 'archived'])[1 + n % 3]::public.notification_status
      from (values ('${trial.tenant}'::uuid, '${trial.memberId}'::uuid), ('${trial.tenant}', '${trial.colleagueId}'),
          ('${trial.otherTenant}', '${trial.outsiderId}')) as people (org, person),
        generate_series(1, ${rowsEach}) n`);
  await trial.maintains("vacuum (analyze) public.notifications");
  const outcome = await trial.does(
    trial.member,
    sql`explain (analyze, format json) select count(*) from public.notifications where status = 'unread'`,
  );
  if (!outcome.ok) {
    trial.proof.broke(`the unread count fails: ${outcome.message}`, outcome);
    return;
  }
  const [row] = outcome.rows as { "QUERY PLAN": [{ Plan: PlanNode }] }[];
  const scans = row ? scansOf(row["QUERY PLAN"][0].Plan) : [];
  const names = scans.map((scan) => scan["Node Type"]).join(", ");
  trial.proof.weigh(
    scans.length > 0 && scans.every((scan) => scan["Node Type"] === "Index Only Scan"),
    `the unread count is answered by ${names || "no scan at all"}, not by an index-only scan`,
    outcome,
  );
  const fetches = scans.reduce((sum, scan) => sum + (scan["Heap Fetches"] ?? 0), 0);
  trial.proof.weigh(fetches === 0, `the unread count fetched ${fetches} rows from the table`, outcome);
}

function scansOf(node: PlanNode): PlanNode[] {
  const here = node["Node Type"].includes("Scan") ? [node] : [];
  return [...here, ...(node.Plans ?? []).flatMap(scansOf)];
}
