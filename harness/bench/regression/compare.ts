// Regression: what a change of the schema costs its queries. Base and head are asked side by side in one run, on the same
//   server with the same rows; what the server has to do is compared first, and then how long it takes.
// Twin: a second copy of head, which nothing tells from it.

import { difference } from "../../catalog/difference.ts";
import type { Picture } from "../../catalog/picture.ts";
import type { Fault } from "../../fault/fault.ts";
import { type Bed, type BedPlan, openBed } from "../bed.ts";
import { pairedOfAll } from "../paired.ts";
import type { RegressionQuery, RegressionResult } from "../result.ts";
import { armOf, type Cell } from "./arms.ts";
import { causesOf, isChanged } from "./causes.ts";
import { controlsOf, misbehaviourOf } from "./controls.ts";
import { examine, timeTriggers } from "./examine.ts";
import { armNames, type RaceRequest, race, type Timed } from "./race.ts";
import { decide } from "./verdict.ts";
import { compareWork, type Examined } from "./work.ts";

/** A schema with the rows of the workload in it. */
export interface Contestant {
  /** For people: a commit or a folder. */
  readonly name: string;
  /** A database that nobody is in: frozen, vacuumed and analyzed. It is copied, and stays as it is. */
  readonly template: string;
  readonly picture: Picture;
}

export interface CompareRequest
  extends Omit<BedPlan, "template">,
    Pick<RaceRequest, "cells" | "rounds" | "samples" | "warmUps" | "say" | "signal"> {
  readonly base: Contestant;
  readonly head: Contestant;
}

/**
 * Every cell's verdict, with why and what changed. Roles and their settings belong to the server: both sides have those of
 * whichever migrations ran last. @throws Fault WORKLOAD_REFUSED when head refuses a query; ENGINE_LOST.
 */
export async function compareSchemas(request: CompareRequest): Promise<RegressionResult> {
  const { base, head, seed, say } = request;
  say("copies of both databases");
  // All three are copies, so that none has more of its pages in memory than another.
  await using before = await openBed({ ...request, template: base.template });
  await using after = await openBed({ ...request, template: head.template });
  await using second = await openBed({ ...request, template: head.template });
  say("what the server has to do");
  const refused = new Map<string, RegressionResult["incomparable"][number]>();
  const onRefused = ({ query: { id, title } }: Cell, { what }: Fault) =>
    refused.set(id, { id, title, why: what });
  const was = await examine(before, request.cells, { ...request, onRefused });
  const cells = [...was.keys()];
  const is = await examine(after, cells, request);
  await examine(second, cells, request);
  const timed = await raceAll({ ...request, cells }, before, after, second);
  const equal = timed.map(({ equalPairs }) => equalPairs);
  const controls = timed.length === 0 ? [] : controlsOf(timed, pairedOfAll(equal, seed));
  const common = {
    timingMisbehaved: misbehaviourOf(controls),
    schemaChanged: isChanged(base.picture, head.picture),
  };
  const queries: RegressionQuery[] = [];
  for (const { cell, time, paired } of timed) {
    const sides = [was.get(cell), is.get(cell)] as [Examined, Examined];
    const decision = decide({ ...common, work: compareWork(...sides), time });
    const [from, to] = sides;
    const asked = decision.verdict !== "same" || from.plan.fingerprint !== to.plan.fingerprint;
    const { id, title } = cell.query;
    const causes = asked ? await findCauses(request, cell, sides, after) : [];
    queries.push({ id, title, place: cell.at, ...decision, paired, base: from, head: to, causes });
  }
  const changes = difference(base.picture, head.picture).map(({ line }) => line);
  const incomparable = [...refused.values()];
  return { base: base.name, head: head.name, controls, queries, incomparable, changes };
}

async function raceAll(
  request: CompareRequest,
  before: Bed,
  after: Bed,
  second: Bed,
): Promise<readonly Timed[]> {
  const { base, head, twin, slowed } = armNames;
  const arms = [armOf(base, before), armOf(head, after), armOf(twin, second)];
  const slow: RaceRequest["slow"] = (delays) => armOf(slowed, after, delays);
  const run = (writes: boolean) =>
    race({
      ...request,
      arms,
      slow,
      cells: request.cells.filter((cell) => (cell.writes ?? false) === writes),
    });
  // What is written must not be in the way of what is read.
  const reads = await run(false);
  return [...reads, ...(await run(true))];
}

async function findCauses(
  { base, head, seed }: CompareRequest,
  cell: Cell,
  [was, is]: readonly [Examined, Examined],
  after: Bed,
): Promise<readonly string[]> {
  const { text, asker, writes = false } = cell.query;
  const timed = writes ? await timeTriggers(after, cell, seed) : undefined;
  return causesOf({
    ...{ text, writes, asker },
    base: { ...was, picture: base.picture },
    head: { ...is, picture: head.picture, timed },
  });
}
