import type { RegressionQuery, RegressionResult } from "../../../harness/bench/result.ts";
import type { Draw } from "../../../harness/workload/draw.ts";
import { pairedOf, planOf, sortPlanOf, workOf } from "./sample-numbers.ts";

/** A comparison of two commits; where `lost`, the second has no index for one query. */
export function sampleRegression(draw: Draw, lost: boolean): RegressionResult {
  return {
    base: "4f1c2aa",
    head: "9b07d31",
    controls: [
      {
        ...{ name: "the same code on both sides", paired: pairedOf(draw, 0.62, 0.001), behaved: true },
        why: "+0.1%, within 5%",
      },
      {
        ...{ name: "a slowdown of 15%, injected", paired: pairedOf(draw, 0.62, 0.151), behaved: true },
        why: "found: +15.1%",
      },
    ],
    queries: [
      query(draw, "contacts-recent", "the 50 contacts last updated", lost),
      query(draw, "appointments-week", "one week's appointments, in order", false),
      query(draw, "notifications-unread-count", "how many are unread", false),
    ],
    incomparable: [],
    changes: lost
      ? ["index public.idx_contacts_org_updated was removed", "column public.contacts.nickname was added"]
      : ["column public.contacts.nickname was added"],
  };
}

function query(draw: Draw, id: string, title: string, lost: boolean): RegressionQuery {
  const before = {
    work: workOf(11, 50),
    plan: planOf("contacts", "idx_contacts_org_updated", "org_id = $0"),
  };
  const after = {
    work: workOf(2210, 50, 24_950),
    plan: sortPlanOf("contacts", "idx_contacts_org", "org_id = $0"),
  };
  return {
    ...{ id, title, place: "largest", base: before, head: lost ? after : before },
    ...(lost
      ? { verdict: "slower", why: "buffers 11 before, 2,210 now; +820% [+818%, +823%]" }
      : { verdict: "same", why: "+0.4% [-0.9%, +1.6%], within 5%" }),
    paired: pairedOf(draw, 0.62, lost ? 8.2 : 0.004, lost ? 0.1 : 0.04),
    causes: lost ? ["index public.idx_contacts_org_updated was removed"] : [],
  } as const;
}
