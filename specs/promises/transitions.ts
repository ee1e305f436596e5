import fc from "fast-check";
import { name, type Statement, sql } from "../../harness/guarantees/sql.ts";
import { endOf, type Trial } from "../../harness/guarantees/trial.ts";

/** A state machine as a promise states it: the model that the database is compared with. */
interface Machine {
  readonly table: string;
  readonly column: string;
  readonly states: readonly string[];
  /** From each state to those it may move to; staying is always allowed. */
  readonly moves: Readonly<Record<string, readonly string[]>>;
  /** A row with this id in this state, for the tenant of the trial. */
  readonly insert: (id: string, state: string) => Statement;
  /** Assignments to other columns, which change a row made by \`insert\`. */
  readonly besides: string;
}

const walks = 20;

/** Tries every pair of states, as a member, the service and the deployer, then walks drawn at random, step by step. */
export async function provesTransitions(trial: Trial, machine: Machine): Promise<void> {
  const { table, column, states, moves, insert, besides } = machine;
  const { proof, site } = trial;
  const allowed = (from: string, next: string) => from === next || moves[from]?.includes(next) === true;
  const move = (id: string, state: string) =>
    sql`update ${name(`public.${table}`)} set ${name(column)} = ${state} where id = ${id}`;

  const pairs: { from: string; next: string; id: string }[] = [];
  for (const from of states) {
    const id = trial.uuid();
    await trial.given(insert(id, from));
    pairs.push(...states.map((next) => ({ from, next, id })));
  }
  const statement = ({ id, next }: (typeof pairs)[number], also = "") =>
    `update public.${table} set ${column} = '${next}'${also} where id = '${id}'`;
  const asked = await Promise.all([
    ...[trial.member, trial.service].map(async (actor) => ({
      who: actor.name,
      outcomes: await site.sessions.attempt(pairs.map((pair) => ({ actor, sql: statement(pair) }))),
    })),
    // Whoever changes more of the row at once gets no further.
    ...[trial.member, trial.service].map(async (actor) => ({
      who: `${actor.name}, with other columns,`,
      outcomes: await site.sessions.attempt(
        pairs.map((pair) => ({ actor, sql: statement(pair, `, ${besides}`) })),
      ),
    })),
    (async () => ({
      who: "the deployer",
      outcomes: await Promise.all(pairs.map((pair) => site.deployer.tries(statement(pair)))),
    }))(),
  ]);
  for (const { who, outcomes } of asked)
    pairs.forEach(({ from, next }, index) => {
      const outcome = outcomes[index];
      if (!outcome) return;
      const refused =
        !outcome.ok &&
        outcome.sqlstate === "23514" &&
        new RegExp(`\\b${from}\\b.*\\b${next}\\b`, "s").test(outcome.message);
      proof.weigh(
        allowed(from, next) ? outcome.ok && outcome.count === 1 : refused,
        `${who} moves ${column} from ${from} to ${next}: ${endOf(outcome)}, where ${allowed(from, next) ? "it is allowed" : "23514 with both states is promised"}`,
        outcome,
      );
    });

  const walk = fc.tuple(fc.constantFrom(...states), fc.array(fc.constantFrom(...states), { maxLength: 12 }));
  for (const [start, proposals] of fc.sample(walk, { numRuns: walks, seed: trial.seed })) {
    const id = trial.uuid();
    await trial.given(insert(id, start));
    let state = start;
    for (const proposal of proposals) {
      const outcome = await trial.does(trial.member, move(id, proposal));
      trial.proof.weigh(
        outcome.ok === allowed(state, proposal),
        `after ${start}, in state ${state}: ${proposal} was ${outcome.ok ? "accepted" : "refused"}`,
        outcome,
      );
      if (allowed(state, proposal)) state = proposal;
    }
    await trial.sees(
      trial.member,
      `a walk from ${start} over ${proposals.join(", ")} ends where the model ends`,
      sql`select ${name(column)}::text as state from ${name(`public.${table}`)} where id = ${id}`,
      [{ state }],
    );
  }
}
