import type { Guarantee } from "../../harness/guarantees/guarantee.ts";
import { webhookBackfill } from "./webhook-backfill.ts";
import { webhookDuplicates } from "./webhook-duplicates.ts";
import { webhookInserts } from "./webhook-inserts.ts";
import { webhookKey } from "./webhook-key.ts";
import { webhookReach } from "./webhook-reach.ts";
import { webhookReplay } from "./webhook-replay.ts";

/** W. Webhook idempotency. */
export const webhooks: readonly Guarantee[] = [
  ...webhookBackfill,
  webhookKey,
  webhookDuplicates,
  webhookReplay,
  webhookReach,
  webhookInserts,
].sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
