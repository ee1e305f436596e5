import type { Guarantee } from "../../harness/guarantees/guarantee.ts";
import { webhookBackfill } from "./webhook-backfill.ts";

/** W. Webhook idempotency. */
export const webhooks: readonly Guarantee[] = [...webhookBackfill];
