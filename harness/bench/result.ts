// Cell: one query, of one place, run in one way. Judgement: what is said of it, and why in a few words.
// Work: what the server did for one execution, counted and not timed: the same on every machine.
// Floor: the latency of a request that asks for nothing; no target below it can be met.
// Paired: two ways to do the same, one after the other in one run; effects are of the second against the first.
//
// All times are milliseconds unless their name says otherwise; all of it is plain data.

import type { Verdict } from "../guarantees/verdict.ts";

export type Outcome = "pass" | "fail" | "inconclusive";

export interface Judgement {
  readonly outcome: Outcome;
  /** One clause: "p99 3.1 ms, 1 of 1,000 above 10 ms". */
  readonly why: string;
  /** Of an inconclusive one: that the clock alone left it open, and a quieter machine could tell. */
  readonly byClock?: true;
}

/** An estimate with its 95% interval. */
export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** How latencies are spread. */
export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: Interval;
  readonly max: number;
  /** Pairs of a percentile, 0 to 100, and the latency there, rising: for a curve. */
  readonly curve: readonly (readonly [percentile: number, ms: number])[];
}

export interface Work {
  /** Pages of 8 KiB, from memory or not, planning left out. */
  readonly buffers: number;
  readonly rowsReturned: number;
  /** Entries of tables and indexes that were looked at. */
  readonly rowsRead: number;
  /** Of these, the ones that a filter threw away. */
  readonly rowsRemoved: number;
  readonly walBytes: number;
  /** Pages written to temporary files. */
  readonly spilled: number;
  /** Calls of each function that is no built-in one, by its name. */
  readonly calls: Readonly<Record<string, number>>;
}

export interface Plan {
  /** Tells two plans apart: nodes, indexes, conditions; no costs and no numbers of rows. */
  readonly fingerprint: string;
  /** A line for each node, indented; with names, without values. */
  readonly lines: readonly string[];
}

export interface CellResult {
  readonly place: "median" | "largest";
  /** Rows of that tenant in a table of the workload. */
  readonly placeRows: number;
  readonly way: "prepared" | "unprepared";
  /** Of a prepared one: which plan the server chose after having tried both. */
  readonly planKind: "custom" | "generic";
  readonly plan: Plan;
  readonly work: Work;
  /** A psql script that shows plan and work to anybody. */
  readonly repeat?: string;
  readonly workJudgement: Judgement;
  readonly latency: Latency;
  /** Of the target; absent where there is none. */
  readonly timeJudgement?: Judgement;
}

export interface QueryResult {
  readonly id: string;
  readonly title: string;
  readonly asker: "member" | "service";
  readonly targetMs?: number;
  readonly cells: readonly CellResult[];
  /** What the plan that was not chosen would do, for information: only where it differs. */
  readonly otherPlan?: {
    readonly place: "median" | "largest";
    readonly planKind: "custom" | "generic";
    readonly plan: Plan;
    readonly work: Work;
  };
}

export interface Paired {
  /** Of the medians; milliseconds. */
  readonly effect: Interval;
  /** The effect as a part of the first one's median: 0.05 is 5% slower. */
  readonly ratio: Interval;
  readonly firstMedian: number;
  readonly secondMedian: number;
  /** The effect of each round, in its order; milliseconds. */
  readonly rounds: readonly number[];
}

export interface OverheadResult {
  readonly id: "rls" | "pgaudit" | "both" | "audit triggers";
  /** "row level security"; one id may be measured in more than one way. */
  readonly title: string;
  /** Of all queries together, weighted alike. */
  readonly all: Paired;
  readonly queries: readonly { readonly id: string; readonly paired: Paired }[];
  /** 0.05; absent where nobody has promised any. */
  readonly mostRatio?: number;
  readonly judgement: Judgement;
}

export interface GrowthResult {
  readonly id: string;
  readonly title: string;
  readonly points: readonly {
    readonly rows: number;
    readonly buffers: number;
    readonly latency: Latency;
  }[];
  /** Log-log, a decade of rows: 0 is flat, 1 is proportional. */
  readonly slopeOfBuffers: number;
  readonly slopeOfLatency: Interval;
  readonly judgement: Judgement;
}

export interface SizeResult {
  readonly table: string;
  readonly rows: number;
  /** All of 1,000 rows; kilobytes of 1,000 bytes. */
  readonly totalKb: number;
  readonly heapKb: number;
  readonly indexesKb: number;
  readonly saidKb?: number;
  readonly mostKb: number;
  readonly judgement: Judgement;
}

export interface ChoreResult {
  readonly id: string;
  readonly title: string;
  readonly sql: string;
  readonly tookMs: number;
  /** The longest wait for a lock that a reader or writer beside it had; 0 where none was long enough to be logged. */
  readonly longestWaitMs: number;
  readonly mostWaitMs: number;
  readonly reads: number;
  readonly writes: number;
  readonly judgement: Judgement;
}

export interface RemovalResult {
  readonly id: string;
  readonly title: string;
  readonly targetMs: number;
  /** Rows that went with it, in all tables. */
  readonly rows: number;
  readonly latency: Latency;
  readonly judgement: Judgement;
}

/** One run of requests over HTTP. */
export interface LoadResult {
  readonly requests: number;
  readonly failed: number;
  readonly perSecond: number;
  readonly seconds: number;
  /** As the client saw it: from when it was sent, or where `rate` is given, from when it was due. */
  readonly client: Latency;
  /** Inside the gateway, from the request's arrival to its last byte. */
  readonly server: Latency;
  readonly connections: number;
  /** Requests a second, at random intervals; absent: each connection asks again as soon as it is answered. */
  readonly rate?: number;
  /** Requests that were due and never sent, since too many were under way. */
  readonly dropped?: number;
  /** How much later than due requests were sent. */
  readonly lag?: Latency;
}

export interface HttpResult {
  readonly closed: LoadResult;
  readonly open: LoadResult;
  readonly isolation: {
    readonly responses: number;
    readonly rows: number;
    /** Rows of another tenant, or another user's, in any response. */
    readonly foreignRows: number;
    /** Requests without a token, and with one that is not valid, between the others. */
    readonly strangers: number;
    /** Of these, the ones that were given a row. */
    readonly strangersServed: number;
    /** Claims, roles or settings that were found on a connection after its request had ended. */
    readonly leftBehind: number;
  };
  readonly judgement: Judgement;
}

/** What must come out the same, or must be found, for timing to be believed. */
export interface Control {
  readonly name: string;
  readonly paired: Paired;
  readonly behaved: boolean;
  readonly why: string;
}

export interface RegressionQuery {
  readonly id: string;
  readonly title: string;
  readonly place: "median" | "largest";
  readonly verdict: "faster" | "same" | "slower" | "unknown";
  /** Why this verdict, in one clause. */
  readonly why: string;
  readonly paired: Paired;
  readonly base: { readonly work: Work; readonly plan: Plan };
  readonly head: { readonly work: Work; readonly plan: Plan };
  /** What changed that explains it, the likeliest first: "index idx_contacts_org_updated was removed". */
  readonly causes: readonly string[];
}

export interface RegressionResult {
  /** What was compared: a commit's name or a folder. */
  readonly base: string;
  readonly head: string;
  readonly controls: readonly Control[];
  readonly queries: readonly RegressionQuery[];
  /** Queries that base does not know yet: it refuses them. */
  readonly incomparable: readonly { readonly id: string; readonly title: string; readonly why: string }[];
  /** Every difference of the catalog, a line each. */
  readonly changes: readonly string[];
}

export interface BenchPromise {
  /** P1 to P6; "against" where no query may have become slower. */
  readonly id: string;
  readonly title: string;
  readonly verdict: Verdict;
  /** Of an unproven one: whether nothing but a busy machine kept it from being proved. */
  readonly byTimingAlone?: boolean;
  readonly durationMs: number;
}

/** What is found out before a fault ends the run stays in it. */
export interface Findings {
  readonly promises: readonly BenchPromise[];
  readonly floor?: Latency;
  readonly queries?: readonly QueryResult[];
  readonly overheads?: readonly OverheadResult[];
  readonly growth?: readonly GrowthResult[];
  readonly sizes?: readonly SizeResult[];
  readonly chores?: readonly ChoreResult[];
  readonly removals?: readonly RemovalResult[];
  readonly http?: HttpResult;
  readonly regression?: RegressionResult;
}
