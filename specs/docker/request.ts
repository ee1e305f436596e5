import { env } from "node:process";
import type { EngineRequest } from "../../harness/engine/cluster.ts";

/** The major that every base has, a Debian without other sources included; a ready image has its own. */
export const request: EngineRequest = env.TENANTPROOF_IMAGE ? {} : { major: 15 };
