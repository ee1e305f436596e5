import type { Guarantee } from "../../harness/guarantees/guarantee.ts";
import { provesBackfillInBatches } from "./webhook-batches.ts";
import { provesLimitedWaits } from "./webhook-waits.ts";

/** W8: the webhook table is migrated while the application goes on; S8 sees to its strong locks, as to all. */
export const webhookTraffic: readonly Guarantee[] = [
  {
    id: "W8",
    title: "readers and writers go on while legacy events are backfilled, and its time and WAL are told",
    effect: "Webhooks pile up, and calls go unanswered, for as long as a million rows take.",
    remedy:
      "Fill small batches, each committed, and set lock_timeout before every lock that holds writers up.",
    async experiment(ground, proof) {
      await Promise.all([provesLimitedWaits(ground, proof), provesBackfillInBatches(ground, proof)]);
    },
  },
];
