import type { RegressionQuery } from "../result.ts";
import type { TimeFinding } from "./time.ts";
import type { WorkFinding } from "./work.ts";

export interface Evidence {
  readonly work: WorkFinding;
  readonly time: TimeFinding;
  /** Why times are not to be believed in this run; undefined where they are. */
  readonly timingMisbehaved: string | undefined;
  /** Whether base and head differ in anything but comments; where not, no migration made work differ. */
  readonly schemaChanged: boolean;
}

type Decision = Pick<RegressionQuery, "verdict" | "why">;

/**
 * Work first, since it is counted: more of it is slower, unless times that can be believed say faster. Less of it is
 * faster where they say so, or where they are undecided and do not lean the other way. Otherwise the times decide.
 */
export function decide({ work, time, timingMisbehaved, schemaChanged }: Evidence): Decision {
  const timed = timingMisbehaved === undefined ? time.verdict : "unknown";
  const timedWhy = timingMisbehaved === undefined ? time.why : `times tell nothing: ${timingMisbehaved}`;
  const { more, less } = schemaChanged ? work : { more: [], less: [] };
  const [moreSaid, lessSaid] = [more.join("; "), less.join("; ")];
  const and = (said: string) => (said === "" ? timedWhy : `${said}; ${timedWhy}`);

  if (!schemaChanged && work.more.length + work.less.length > 0) {
    const sampled = "the schemas are equal, so another plan comes of the statistics, which are a sample";
    return { verdict: timed, why: and(sampled) };
  }
  if (more.length > 0 && less.length > 0) return { verdict: timed, why: and(`${moreSaid}, but ${lessSaid}`) };
  if (more.length > 0) return { verdict: timed === "faster" ? "faster" : "slower", why: and(moreSaid) };
  if (less.length > 0 && timed === "unknown" && !leansSlower(time, timingMisbehaved))
    return { verdict: "faster", why: and(lessSaid) };
  return { verdict: timed, why: and(lessSaid) };
}

/** Whether undecided times speak against less work. Where none are believed, nothing does. */
function leansSlower(time: TimeFinding, timingMisbehaved: string | undefined): boolean {
  return timingMisbehaved === undefined && time.leaning > 0;
}
