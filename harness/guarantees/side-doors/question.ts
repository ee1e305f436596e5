import type { Actor } from "../../session/actor.ts";
import type { Outcome } from "../../session/outcome.ts";
import type { Proof } from "../proof.ts";
import type { Site } from "../site.ts";
import { mentions } from "./mention.ts";
import type { Prey } from "./prey.ts";

/** One statement whose answer must hold nothing of somebody else's rows, and not depend on whether they are there. */
export interface Question {
  readonly actor: Actor;
  readonly sql: string;
  /** What it goes through, completing "learns of another tenant's rows from ...". */
  readonly door: string;
  /** Whether only the way it ended is compared; default false: all that came back is. */
  readonly endingOnly?: boolean;
}

/** Asks every question, twice, and again after `remove` has taken the prey's rows away. Nothing that is asked stays. */
export async function proveNothingTold(
  proof: Proof,
  site: Site,
  questions: readonly Question[],
  prey: Prey,
  remove: () => Promise<void>,
): Promise<void> {
  const ask = () => site.sessions.attempt(questions);
  const [first, second] = [await ask(), await ask()];
  await remove();
  const after = await ask();
  questions.forEach((question, index) => {
    const [there, again, gone] = [first[index], second[index], after[index]];
    if (!there || !again || !gone) return;
    const { actor, door } = question;
    const marker = markerIn(there, question, prey);
    proof.weigh(
      marker === undefined,
      `${actor.name} learns of another tenant's rows from ${door}: ${marker} came back`,
      there.repeat,
    );
    // What differs by itself, by time or chance, cannot be compared.
    if (answerOf(question, there) !== answerOf(question, again)) return;
    proof.weigh(
      marker !== undefined || answerOf(question, there) === answerOf(question, gone),
      `${actor.name} learns from ${door} whether another tenant's rows exist: ${told(question, there)}, and ${told(question, gone)} once they are gone`,
      there.repeat,
    );
  });
}

/** A value of the prey's that came back; what was handed in may. */
export function markerIn(
  outcome: Outcome,
  { sql }: Pick<Question, "sql">,
  { markers }: Prey,
): string | undefined {
  const told = outcome.ok ? JSON.stringify(outcome.rows) : outcome.message;
  return markers.find((value) => mentions(told, value) && !mentions(sql, value));
}

function answerOf({ endingOnly = false }: Question, outcome: Outcome): string {
  if (!outcome.ok) return `${outcome.sqlstate} ${outcome.message}`;
  return endingOnly ? `${outcome.count}` : JSON.stringify(outcome.rows);
}

/** The answer for people, cut short. */
function told(question: Question, outcome: Outcome): string {
  const answer = answerOf(question, outcome);
  return outcome.ok && question.endingOnly ? `${answer} rows` : answer.slice(0, 100);
}
