import type { HttpResult, Judgement } from "../result.ts";
import type { Sightings } from "./inspector.ts";
import type { Leftovers } from "./leftovers.ts";

/** All that is known after the last answer. */
export interface Evidence {
  readonly sightings: Sightings;
  readonly leftovers: Leftovers;
  readonly loads: readonly Pick<HttpResult["closed"], "requests" | "failed">[];
  /** Clients that hung up before they were answered. */
  readonly hungUp: number;
  readonly tenants: number;
  /** The strangers who were to come. */
  readonly strangers: readonly string[];
}

/** More requests that fail than this say that something else is wrong. */
const mostFailed = 0.01;

/** Whether every answer was for those only who asked; what did not happen has shown nothing. */
export function judge(evidence: Evidence): Judgement {
  const broken = breachesOf(evidence);
  if (broken.length > 0) return { outcome: "fail", why: broken.join("; ") };
  const doubts = doubtsOf(evidence);
  if (doubts.length > 0) return { outcome: "inconclusive", why: doubts.join("; ") };
  const { rows, responses, strangers } = evidence.sightings;
  return {
    outcome: "pass",
    why: `${amount(rows)} rows in ${amount(responses)} answers, all of who asked; ${amount(strangers)} strangers were given none`,
  };
}

function breachesOf({ sightings, leftovers }: Evidence): string[] {
  const { foreignRows, strangers, strangersServed, findings } = sightings;
  const { found, connections } = leftovers;
  const kinds = [...new Set(found)].slice(0, 3).join(", ");
  return [
    ...(foreignRows > 0 ? [`${amount(foreignRows)} rows of others`] : []),
    ...(strangersServed > 0
      ? [`${amount(strangersServed)} of ${amount(strangers)} strangers were served`]
      : []),
    ...findings,
    ...(found.length > 0 ? [`left on ${connections} connections: ${kinds}`] : []),
  ];
}

function doubtsOf({ sightings, leftovers, loads, hungUp, tenants, strangers }: Evidence): string[] {
  const { rows, strangersByName, failed, cancelled, unreadable } = sightings;
  const unseen = strangers.filter((name) => !strangersByName.has(name));
  const requests = loads.reduce((sum, load) => sum + load.requests, 0);
  const failures = loads.reduce((sum, load) => sum + load.failed, 0);
  const doubts: readonly (readonly [doubtful: boolean, why: string])[] = [
    [tenants < 2, "there are no two tenants"],
    [rows === 0, "no answer had a row that says whose it is"],
    [strangers.length === 0 || unseen.length > 0, `nobody was answered ${unseen[0] ?? "who is a stranger"}`],
    [failed === 0, "no query failed that was to fail"],
    [cancelled === 0, "no query was cancelled"],
    [hungUp === 0, "nobody hung up"],
    [leftovers.connections === 0, "no connection was looked at afterwards"],
    [unreadable > 0, `${amount(unreadable)} answers could not be read`],
    [failures > requests * mostFailed, `${amount(failures)} of ${amount(requests)} requests failed`],
  ];
  return doubts.flatMap(([doubtful, why]) => (doubtful ? [why] : []));
}

function amount(count: number): string {
  return count.toLocaleString("en");
}
