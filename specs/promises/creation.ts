import { key } from "../../harness/catalog/schema.ts";
import { sql } from "../../harness/guarantees/sql.ts";
import type { Trial } from "../../harness/guarantees/trial.ts";
import { quoteLiteral } from "../../harness/sql/identifier.ts";

const refusal = {
  sqlstate: ["23503", "23514", "22023", "22004", "42501", "P0001", "P0002"],
  message: /member/i,
};

/** What is handed in is what is written; whoever is no member by app_metadata is refused. */
export async function provesCreation(trial: Trial): Promise<void> {
  const { tenant, otherTenant, memberId, outsiderId, service } = trial;
  const [editor, nobody] = [trial.uuid(), trial.uuid()];
  const profile = JSON.stringify({ org_id: tenant });
  await trial.given(
    sql`insert into auth.users (id, email, raw_app_meta_data, raw_user_meta_data) values
        (${editor}, 'editor@example.invalid', ${JSON.stringify({ org_id: otherTenant })}::jsonb, ${profile}::jsonb),
        (${nobody}, 'nobody@example.invalid', '{}', ${profile}::jsonb)`,
  );
  for (const [fact, org, person] of [
    ["for a member of another tenant", tenant, outsiderId],
    ["in another tenant's name", otherTenant, memberId],
    ["in no tenant's name", null, memberId],
    ["for nobody", tenant, trial.uuid()],
    ["for NULL", tenant, null],
    ["for a user of no tenant who says otherwise in their profile", tenant, nobody],
    ["for a member of another tenant who says otherwise in their profile", tenant, editor],
  ] as const)
    await trial.mayNot(
      service,
      `creates a notification ${fact}`,
      sql`select public.create_notification(${org}, ${person}, 'system_alert', 'title', 'message')`,
      refusal,
    );
  await provesAllArguments(trial);
  await trial.sees(
    service,
    "what create_notification makes expires after 30 days, unless said",
    [
      sql`select public.create_notification(${tenant}, ${memberId}, 'hot_lead', 'expiring', 'message')`,
      sql`select expires_at - created_at between interval '30 days' - interval '1 minute'
            and interval '30 days' + interval '1 minute' as thirty_days
          from public.notifications where title = 'expiring'`,
    ],
    [{ thirty_days: true }],
  );
}

const given: Readonly<Record<string, string>> = {
  type: "voicemail",
  title: "all of it",
  message: "said",
  related_entity_id: "f0000000-0000-4000-8000-aaaaaaaaaaaa",
  related_entity_type: "appointment",
  action_url: "/appointments/1",
  priority: "urgent",
  expires_at: "2031-02-03 04:05:06+00",
};

/** Each argument that is named after a column, with or without p_ before it, ends in that column. */
async function provesAllArguments(trial: Trial): Promise<void> {
  const routine = trial.ground.schema.routines.find((one) => key(one) === "public.create_notification");
  const values: Readonly<Record<string, string>> = {
    org_id: trial.tenant,
    user_id: trial.memberId,
    ...given,
  };
  const columns = (routine?.arguments ?? []).flatMap(({ name }) => {
    const column = (name ?? "").replace(/^p_/, "");
    const value = values[column];
    return value === undefined ? [] : [{ argument: name, column, value: quoteLiteral(value) }];
  });
  const call = columns.map(({ argument, value }) => `${argument} => ${value}`).join(", ");
  const same = columns.map(({ column, value }) => `${column} = ${value}`).join(" and ");
  const outcome = await trial.site.sessions.as(trial.service).transaction(async (run) => {
    await run(`select public.create_notification(${call})`);
    await run(`select 1 from public.notifications where title = 'all of it' and ${same || "false"}`);
  });
  trial.proof.weigh(
    outcome.ok && outcome.count === 1,
    `create_notification(${call}) does not write what it is given`,
    outcome,
  );
}
