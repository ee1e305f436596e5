// Controls: a pair that is equal and must come out the same, and one that is not and must be found.

import type { Control, Paired } from "../result.ts";
import type { Timed } from "./race.ts";
import { judgeTime } from "./time.ts";

/**
 * What the controls of a race found. One that misbehaved, or that there was nothing for, is a reason to believe no times.
 * `all` are the equal pairs of all cells together.
 */
export function controlsOf(timed: readonly Timed[], all: Paired): readonly Control[] {
  return [equalOf(timed, all), ...slowedOf(timed)];
}

/** Why times are not to be believed; undefined where they are. */
export function misbehaviourOf(controls: readonly Control[]): string | undefined {
  const bad = controls.filter(({ behaved }) => !behaved).map(({ name, why }) => `${name}: ${why}`);
  if (bad.length > 0) return bad.join("; ");
  return controls.length < 2 ? "no query reads, so none could be made slower on purpose" : undefined;
}

function equalOf(timed: readonly Timed[], all: Paired): Control {
  const name = "two copies of the same database";
  // Without what the same pair says of noise: that would excuse itself.
  const wrong = timed
    .map(({ cell, equal }) => ({ id: cell.id, found: judgeTime(equal, 0) }))
    .filter(({ found }) => found.verdict === "slower" || found.verdict === "faster");
  const why = wrong.map(({ id, found }) => `${id} came out ${found.verdict}, ${found.why}`).join("; ");
  if (wrong.length > 0) return { name, paired: all, behaved: false, why };
  return { name, paired: all, behaved: true, why: `none of ${timed.length} queries came out different` };
}

function slowedOf(timed: readonly Timed[]): Control[] {
  return timed.flatMap(({ cell, slowed, noiseMs }) => {
    if (slowed === undefined) return [];
    const { verdict, why } = judgeTime(slowed, noiseMs);
    const behaved = verdict === "slower";
    const said = behaved ? `found: ${why}` : `${cell.id} came out ${verdict}, ${why}`;
    return [{ name: "a delay added on purpose", paired: slowed, behaved, why: said }];
  });
}
