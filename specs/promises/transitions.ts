import fc from "fast-check";
import { name, type Statement, sql } from "../../harness/guarantees/sql.ts";
import type { Trial } from "../../harness/guarantees/trial.ts";

/** A state machine as a promise states it: the model that the database is compared with. */
interface Machine {
  readonly table: string;
  readonly column: string;
  readonly states: readonly string[];
  /** From each state to those it may move to; staying is always allowed. */
  readonly moves: Readonly<Record<string, readonly string[]>>;
  /** A row with this id in this state, for the tenant of the trial. */
  readonly insert: (id: string, state: string) => Statement;
}

const walks = 20;

/** Tries every pair of states, as a member and as the service, then walks drawn at random, step by step. */
export async function provesTransitions(trial: Trial, machine: Machine): Promise<void> {
  const { table, column, states, moves, insert } = machine;
  const allowed = (from: string, next: string) => from === next || moves[from]?.includes(next) === true;
  const move = (id: string, state: string) =>
    sql`update ${name(`public.${table}`)} set ${name(column)} = ${state} where id = ${id}`;

  for (const actor of [trial.member, trial.service])
    for (const from of states)
      for (const next of states) {
        const id = trial.uuid();
        const steps = [insert(id, from), move(id, next)];
        const fact = `moves ${column} from ${from} to ${next}`;
        if (allowed(from, next)) await trial.may(actor, fact, steps);
        else
          await trial.mayNot(actor, fact, steps, {
            sqlstate: "23514",
            message: new RegExp(`\\b${from}\\b.*\\b${next}\\b`, "s"),
          });
      }

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
        outcome.repeat,
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
