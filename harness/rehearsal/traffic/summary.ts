import { quantileSorted } from "simple-statistics";
import type { Answered } from "./drive.ts";

/** What requests met in one phase. */
export interface PhaseTraffic {
  readonly phase: "before" | "during" | "after";
  readonly seconds: number;
  readonly requests: number;
  /** Milliseconds; zeros where there were none. */
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  /** How often each SQLSTATE came. */
  readonly errors: Readonly<Record<string, number>>;
}

/** A kind of request that ended in errors which it had not met before. */
export interface NewError {
  readonly id: string;
  readonly sqlstate: string;
  readonly times: number;
  readonly phase: "during" | "after";
  /** Whether it is the application's own, and not a guess at what an application asks. */
  readonly configured: boolean;
}

export interface TrafficSummary {
  readonly rate: number;
  readonly phases: readonly PhaseTraffic[];
  /** Of requests that were due while the migrations ran, the one that took longest; absent where there was none. */
  readonly longestStall?: { readonly id: string; readonly ms: number };
  readonly dropped: number;
  readonly newErrors: readonly NewError[];
  /** What was asked. */
  readonly asked: readonly string[];
  /** What could not be asked, and why. */
  readonly left: readonly string[];
}

/** The moments, by performance.now(), between which the migrations ran. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export function summarize(
  answered: readonly Answered[],
  { from, to }: Window,
  about: Pick<TrafficSummary, "rate" | "dropped" | "asked" | "left">,
): TrafficSummary {
  const first = Math.min(from, ...answered.map(({ dueAt }) => dueAt));
  const last = Math.max(to, ...answered.map(({ dueAt }) => dueAt));
  const split = {
    before: answered.filter(({ dueAt }) => dueAt < from),
    during: answered.filter(({ dueAt }) => dueAt >= from && dueAt < to),
    after: answered.filter(({ dueAt }) => dueAt >= to),
  };
  const [longest] = [...split.during].sort((a, b) => b.latencyMs - a.latencyMs);
  const known = new Set(split.before.flatMap(({ id, error }) => (error ? [`${id} ${error}`] : [])));
  return {
    ...about,
    phases: [
      phaseOf("before", split.before, from - first),
      phaseOf("during", split.during, to - from),
      phaseOf("after", split.after, last - to),
    ],
    ...(longest && { longestStall: { id: longest.id, ms: longest.latencyMs } }),
    newErrors: (["during", "after"] as const).flatMap((phase) => newErrorsOf(phase, split[phase], known)),
  };
}

function phaseOf(
  phase: PhaseTraffic["phase"],
  answered: readonly Answered[],
  durationMs: number,
): PhaseTraffic {
  const sorted = answered.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
  const at = (part: number) => (sorted.length === 0 ? 0 : quantileSorted(sorted, part));
  const errors: Record<string, number> = {};
  for (const { error } of answered) if (error !== undefined) errors[error] = (errors[error] ?? 0) + 1;
  return {
    ...{ phase, seconds: durationMs / 1000, requests: sorted.length, errors },
    ...{ p50: at(0.5), p99: at(0.99), longest: sorted.at(-1) ?? 0 },
  };
}

function newErrorsOf(
  phase: NewError["phase"],
  answered: readonly Answered[],
  known: ReadonlySet<string>,
): NewError[] {
  const counts = new Map<string, NewError>();
  for (const { id, error, configured } of answered) {
    if (error === undefined || known.has(`${id} ${error}`)) continue;
    const name = `${id} ${error}`;
    const times = (counts.get(name)?.times ?? 0) + 1;
    counts.set(name, { id, sqlstate: error, phase, times, configured });
  }
  return [...counts.values()];
}
