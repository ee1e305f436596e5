import { isDeepStrictEqual } from "node:util";
import { Fault } from "../fault/fault.ts";
import { type Actor, anon, service, signedIn } from "../session/actor.ts";
import type { Outcome } from "../session/outcome.ts";
import type { Ground } from "./ground.ts";
import type { Guarantee } from "./guarantee.ts";
import { targetsOf } from "./isolation/isolation.ts";
import type { Target } from "./isolation/target.ts";
import type { Proof } from "./proof.ts";
import type { Site } from "./site.ts";
import type { Statement } from "./sql.ts";
import type { Person } from "./tenancy.ts";
import { plant, variantsOf } from "./variants.ts";

/** What refuses an experiment: one of these SQLSTATEs, and a message like this. */
interface Refusal {
  readonly sqlstate: string | readonly string[];
  readonly message?: RegExp;
}

/** One statement, or several in one transaction of which the last is judged and the others must succeed. */
type Steps = Statement | readonly Statement[];

interface TrialPromise extends Omit<Guarantee, "experiment"> {
  /** Whether all of it is rolled back: it then shares a clone with others like it. Default false. */
  readonly leavesNothing?: boolean;
  /** Runs on a clone with two tenants in it, its own unless it leaves nothing behind. */
  experiment(trial: Trial): Promise<void>;
}

/** A guarantee whose experiments are sentences about a member, a colleague, an outsider and the service. */
export function promise({ experiment, leavesNothing = false, ...rest }: TrialPromise): Guarantee {
  return {
    ...rest,
    async experiment(arena, proof) {
      if (leavesNothing) return experiment(new Trial(arena, await arena.share(), proof, false));
      await using site = await arena.open("populated");
      await experiment(new Trial(arena, site, proof));
    },
  };
}

/** Experiments on one clone, told as sentences: who, what, and how it must end. */
export class Trial {
  readonly tenant: string;
  readonly otherTenant: string;
  readonly memberId: string;
  readonly colleagueId: string;
  readonly outsiderId: string;
  readonly member: Actor;
  readonly colleague: Actor;
  readonly outsider: Actor;
  readonly service = service;
  readonly anon = anon;
  readonly seed: number;
  private uuids = 0;

  constructor(
    readonly ground: Ground,
    readonly site: Site,
    readonly proof: Proof,
    private readonly mayCommit = true,
  ) {
    const { member, colleague, outsider } = ground.society;
    this.tenant = member.tenant;
    this.otherTenant = outsider.tenant;
    this.memberId = member.id;
    this.colleagueId = colleague.id;
    this.outsiderId = outsider.id;
    this.member = this.as(member, "a member");
    this.colleague = this.as(colleague, "a colleague");
    this.outsider = this.as(outsider, "an outsider");
    this.seed = ground.seed;
  }

  /** `person`, signed in. */
  as(person: Person, called: string): Actor {
    return signedIn(called, this.ground.tenancy.claims(person));
  }

  /** An id that no row has yet. */
  uuid(): string {
    this.uuids += 1;
    return `f0000000-0000-4000-8000-${String(this.uuids).padStart(12, "0")}`;
  }

  /** `actor` may do it; nothing of it stays. */
  async may(actor: Actor, fact: string, steps: Steps): Promise<void> {
    const outcome = await this.attempt(actor, steps);
    this.proof.weigh(outcome.ok, `${actor.name} ${fact}: ${endOf(outcome)}`, outcome);
  }

  /** `actor` is refused, and in this way; nothing of it stays. */
  async mayNot(actor: Actor, fact: string, steps: Steps, refusal: Refusal): Promise<void> {
    const outcome = await this.attempt(actor, steps);
    const states = [refusal.sqlstate].flat();
    const asPromised =
      !outcome.ok &&
      states.includes(outcome.sqlstate) &&
      (refusal.message === undefined || refusal.message.test(outcome.message));
    const expected = `${states.join(" or ")}${refusal.message ? ` with ${refusal.message}` : ""}`;
    this.proof.weigh(
      asPromised,
      `${actor.name} ${fact}: ${endOf(outcome)}, where ${expected} is promised`,
      outcome,
    );
  }

  /** The last statement answers exactly these rows to `actor`; nothing of it stays. */
  async sees(
    actor: Actor,
    fact: string,
    steps: Steps,
    rows: readonly Readonly<Record<string, unknown>>[],
  ): Promise<void> {
    const outcome = await this.attempt(actor, steps);
    this.compare(fact, outcome, rows);
  }

  /** The statement changes exactly so many rows for `actor`; nothing of it stays. */
  async changes(actor: Actor, fact: string, statement: Statement, count: number): Promise<void> {
    const outcome = await this.attempt(actor, statement);
    this.proof.weigh(
      outcome.ok && outcome.count === count,
      `${actor.name} ${fact}: ${endOf(outcome)}, where ${count} rows are promised`,
      outcome,
    );
  }

  /** A superuser's query answers exactly these rows. */
  async finds(
    fact: string,
    statement: Statement,
    rows: readonly Readonly<Record<string, unknown>>[],
  ): Promise<void> {
    this.compare(fact, await this.site.superuser.tries(statement.template, ...statement.values), rows);
  }

  /** A superuser's query, for experiments that judge by themselves. */
  async asks<Row>(statement: Statement): Promise<{ readonly rows: readonly Row[]; readonly repeat: string }> {
    const outcome = succeeded(await this.site.superuser.tries(statement.template, ...statement.values));
    return { rows: outcome.rows as readonly Row[], repeat: outcome.repeat };
  }

  /** What an experiment needs is there, written by a superuser and committed. */
  async given(statement: Statement): Promise<void> {
    this.commits();
    succeeded(await this.site.superuser.does(statement.template, ...statement.values));
  }

  /** A superuser's command that no transaction takes, such as VACUUM. */
  async maintains(command: string): Promise<void> {
    this.commits();
    const superuser = await this.site.connection("superuser");
    await superuser.query(command);
  }

  /** The statement as `actor`, committed. */
  does(actor: Actor, statement: Statement): Promise<Outcome> {
    this.commits();
    return this.site.sessions.as(actor).does(statement.template, ...statement.values);
  }

  /** So many committed runs of the statement at the same time, each on a connection of its own, all succeed. */
  async concurrently(count: number, actor: Actor, fact: string, statement: Statement): Promise<void> {
    this.commits();
    await using crowd = this.site.openSessions({ size: count });
    const session = crowd.as(actor);
    const outcomes = await Promise.all(
      Array.from({ length: count }, () => session.does(statement.template, ...statement.values)),
    );
    for (const outcome of outcomes)
      this.proof.weigh(
        outcome.ok,
        `${actor.name} ${fact} ${count} times at once: ${endOf(outcome)}`,
        outcome,
      );
  }

  /** The table as experiments aim at it. @throws Error when the set made none of that name. */
  target(table: string): Target {
    const target = targetsOf(this.ground).find(({ label }) => label === `public.${table}`);
    if (target === undefined) throw new Error(`there is no table public.${table} of tenants`);
    return target;
  }

  /** Rows of the member's tenant in every shape that the columns allow, committed; their ids. */
  async givenShapes(table: string): Promise<readonly string[]> {
    const target = this.target(table);
    const rows = variantsOf(this.ground, target, this.tenant, this.ground.society.member);
    const planted = await plant(this.site, target, rows);
    if (planted.length < rows.length / 2)
      this.proof.doubted(`of ${rows.length} rows for ${target.label} the server took ${planted.length}`);
    return planted.flatMap(({ id }) => (id == null ? [] : [id]));
  }

  /** Each of many statements by the actor, on its own and undone, ends as `isRight` says. */
  async each(
    actor: Actor,
    fact: string,
    statements: readonly string[],
    isRight: (outcome: Outcome) => boolean,
  ): Promise<void> {
    const outcomes = await this.site.sessions.attempt(statements.map((sql) => ({ actor, sql })));
    for (const outcome of outcomes)
      this.proof.weigh(isRight(outcome), `${actor.name} ${fact}: ${endOf(outcome)}`, outcome);
  }

  /** What is committed on a clone that others use would change what they see. */
  private commits(): void {
    if (!this.mayCommit) throw new Fault("BUG", "A promise that leaves nothing behind wants to commit.");
  }

  private async attempt(actor: Actor, steps: Steps): Promise<Outcome> {
    const session = this.site.sessions.as(actor);
    if ("template" in steps) return session.tries(steps.template, ...steps.values);
    const { outcome, at } = await session.triesInTurn(
      steps.map(({ template, values }) => [template, ...values] as const),
    );
    if (!outcome.ok && at < steps.length - 1)
      this.proof.doubted(`${actor.name} could not get as far as the experiment: ${endOf(outcome)}`);
    return outcome;
  }

  private compare(fact: string, outcome: Outcome, rows: readonly Readonly<Record<string, unknown>>[]): void {
    const asPromised = outcome.ok && isDeepStrictEqual(outcome.rows, rows);
    const seen = outcome.ok ? JSON.stringify(outcome.rows) : endOf(outcome);
    this.proof.weigh(asPromised, `not so: ${fact}; seen: ${seen}`, outcome);
  }
}

/** How an outcome ended, for people. */
export function endOf(outcome: Outcome): string {
  return outcome.ok
    ? `accepted, ${outcome.count} rows`
    : `refused with ${outcome.sqlstate} ${outcome.message}`;
}

function succeeded(outcome: Outcome) {
  if (!outcome.ok) throw new Error(`a set-up statement was ${endOf(outcome)}\n${outcome.repeat}`);
  return outcome;
}
