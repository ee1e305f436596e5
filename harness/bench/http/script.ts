// Script: who asks what, one call after the other, the same for the same seed.
// Ordinary: what an application asks; only these are timed. An echo asks what somebody of another tenant has just asked,
// and says it wants that tenant's rows. Failing and cancelled calls are there for what they may leave on a connection.

import { openDraw } from "../../workload/draw.ts";
import type { Query } from "../../workload/workload.ts";
import type { Cast, Member, Stranger } from "./cast.ts";
import type { Route } from "./door.ts";
import { numberHeader } from "./gateway.ts";

export type Kind = "ordinary" | "echo" | "stranger" | "failing" | "cancelled" | "abandoned";

export interface Call {
  /** Unique in a run, from 0. */
  readonly number: number;
  readonly kind: Kind;
  /** The query's id. */
  readonly query: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whose rows the answer may show; absent: it may be anybody's, or is nobody's. */
  readonly member?: Member;
  readonly stranger?: Stranger;
}

export interface Script {
  /** The names of those strangers for whom there is something to ask. */
  readonly strangers: readonly string[];
  next(): Call;
  /** A call whose client does not wait for its answer. */
  abandoned(): Call;
}

type Trouble = "failing" | "cancelled" | "abandoned";

/** They read nothing and keep a connection busy for milliseconds, so that few of them change no timing. */
const troubles: Readonly<Record<Trouble, Route & { readonly given: readonly string[] }>> = {
  failing: { ...routeOf("bench-failing", "select $1::int", 1), given: ["no number"] },
  cancelled: { ...routeOf("bench-cancelled", "select pg_catalog.pg_sleep(0.2)", 0), timeoutMs: 5, given: [] },
  abandoned: { ...routeOf("bench-abandoned", "select pg_catalog.pg_sleep(0.03)", 0), given: [] },
};

function routeOf(id: string, text: string, takes: number): Route {
  return { id, text, asker: "member", writes: false, takes };
}

/** A route for each query, and for what makes trouble. */
export function routesOf(queries: readonly Query[], { members }: Cast, seed: number): Route[] {
  const [someone] = members;
  const own = queries.map(({ id, text, asker, writes = false, values }) => {
    const takes = someone === undefined ? 0 : values(someone.place, openDraw(seed)).length;
    return { id, text, asker, writes, takes };
  });
  return [...own, ...Object.values(troubles)];
}

/** The script of this seed. `column` is the name by which a request would ask for a tenant. */
export function openScript(cast: Cast, queries: readonly Query[], column: string, seed: number): Script {
  const draw = openDraw(seed);
  const reads = queries.filter(({ writes }) => !writes);
  const asked = (asker: Query["asker"]) => reads.filter((query) => query.asker === asker);
  const strangersWithAQuestion = cast.strangers.filter(({ asks }) => asked(asks).length > 0);
  const numbers = { calls: 0, turns: 0, strangers: 0 };
  let last: { readonly query: Query; readonly member: Member; readonly path: string } | undefined;

  const call = (kind: Kind, query: Pick<Query, "id" | "writes">, path: string, token?: string) => ({
    number: numbers.calls++,
    kind,
    query: query.id,
    method: query.writes ? ("POST" as const) : ("GET" as const),
    path,
    headers: {
      [numberHeader]: String(numbers.calls - 1),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
  });
  const ordinary = (): Call => {
    const query = draw.oneOf(queries);
    const member = draw.oneOf(cast.members);
    const path = pathOf(query.id, query.values(member.place, draw));
    if (query.asker === "service") return call("ordinary", query, path, cast.serviceToken);
    if (!query.writes) last = { query, member, path };
    return { ...call("ordinary", query, path, member.token), member };
  };
  const echo = (): Call => {
    const others = cast.members.filter(({ tenant }) => tenant !== last?.member.tenant);
    if (last === undefined || others.length === 0) return ordinary();
    const member = draw.oneOf(others);
    const wanted = `&${encodeURIComponent(column)}=${encodeURIComponent(last.member.tenant)}`;
    return { ...call("echo", last.query, last.path + wanted, member.token), member };
  };
  const stranger = (): Call => {
    const one = strangersWithAQuestion[numbers.strangers % strangersWithAQuestion.length];
    if (one === undefined) return ordinary();
    // Each round another question, of the tenant whose member they pretend to be.
    const round = Math.floor(numbers.strangers / strangersWithAQuestion.length);
    const questions = asked(one.asks);
    const query = questions[round % questions.length] as Query;
    const path = pathOf(query.id, query.values(one.place, draw));
    numbers.strangers += 1;
    return { ...call("stranger", query, path, one.token), stranger: one };
  };
  const trouble = (kind: Trouble, draws = draw): Call => {
    const { id, given } = troubles[kind];
    return call(kind, { id }, pathOf(id, given), draws.oneOf(cast.members).token);
  };
  // They come at their own times, and must not change what the others draw.
  const apart = openDraw(seed + 1);
  return {
    strangers: strangersWithAQuestion.map(({ name }) => name),
    next() {
      // In turn rather than by chance, so that a short run has all of them.
      const turn = numbers.turns++;
      if (turn % 8 === 3) return stranger();
      if (turn % 8 === 5) return echo();
      if (turn % 100 === 7) return trouble("failing");
      if (turn % 200 === 15) return trouble("cancelled");
      return ordinary();
    },
    abandoned: () => trouble("abandoned", apart),
  };
}

function pathOf(id: string, values: readonly (string | null)[]): string {
  return `/q/${encodeURIComponent(id)}?values=${encodeURIComponent(JSON.stringify(values))}`;
}
