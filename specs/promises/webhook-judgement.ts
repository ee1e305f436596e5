import type { Proof } from "../../harness/guarantees/proof.ts";
import type { Aftermath, Orphan } from "./webhook-aftermath.ts";
import type { Fate, Part, Reason } from "./webhook-model.ts";

type Fates = ReadonlyMap<string, Fate>;

/** Whether the migration ended at all; when not, nothing else of it can be judged. */
export function judgesApplied(proof: Proof, { fault, legacy, repeat }: Aftermath): boolean {
  proof.weigh(
    fault === undefined,
    `${legacy.shape.called}: the migration ${fault ? `fails: ${fault.what}` : "applies"}`,
    repeat(),
  );
  return fault === undefined;
}

/** Every event that has a call of one organization has that organization. */
export function judgesBackfill(proof: Proof, { legacy, after, repeat }: Aftermath, fates: Fates): void {
  const orgs = new Map(after.map(({ event, org }) => [event, org]));
  for (const [event, fate] of fates) {
    if (fate.to !== "organization") continue;
    const org = orgs.get(event);
    proof.weigh(
      org === fate.id,
      `${legacy.shape.called}: event ${event}, of organization ${fate.id} by part ${fate.part}, ${endOf(org)}`,
      repeat(event),
    );
  }
}

/** How messages speak of each part, when not by its number; call_logs are no calls, and neither is vapi_call_id. */
const partNames: Readonly<Record<Part, (said: string) => boolean>> = {
  1: (said) => /call[ _-]?logs?/i.test(said),
  2: (said) => /\bcalls?\b|call_id/i.test(said.replaceAll(/call[ _-]?logs?(_id)?|vapi\w*/gi, "")),
  3: (said) => /vapi/i.test(said),
};

/** How many events each part fills. */
export function countParts(fates: Fates): Readonly<Record<Part, number>> {
  const count = (part: Part) =>
    [...fates.values()].filter((fate) => fate.to === "organization" && fate.part === part).length;
  return { 1: count(1), 2: count(2), 3: count(3) };
}

/** Each part says how many rows it filled, in the order of the parts. */
export function judgesReport(proof: Proof, { legacy, notices, repeat }: Aftermath, fates: Fates): void {
  const lines = notices.flatMap(({ message }) => message.split("\n"));
  const places = ([1, 2, 3] as const).map((part) => {
    const count = countParts(fates)[part];
    const place = lines.findIndex(
      (line) =>
        (partNames[part](line) || new RegExp(`\\b(part|step) ?${part}\\b`, "i").test(line)) &&
        new RegExp(`(?<!\\d[.,]?)${count}(?![.,]?\\d)`).test(line),
    );
    proof.weigh(
      place >= 0,
      `${legacy.shape.called}: nothing says that part ${part} filled ${count} rows; said was: ${lines.join("; ") || "nothing"}`,
      repeat(),
    );
    return place;
  });
  const [first = -1, second = -1, third = -1] = places;
  if (Math.min(...places) >= 0)
    proof.weigh(
      first <= second && second <= third,
      `${legacy.shape.called}: the parts do not report in their order: ${lines.join("; ")}`,
      repeat(),
    );
}

/** Every event that has none, or may be of several, is among the orphans, and no other is. */
export function judgesOrphans(proof: Proof, aftermath: Aftermath, fates: Fates): void {
  const { legacy, after, orphans, repeat } = aftermath;
  const told = new Map(orphans.map((orphan) => [orphan.event, orphan]));
  const kept = new Map(after.map(({ event, org }) => [event, org]));
  const reasons = new Map<Reason, readonly Orphan[]>();
  for (const [event, fate] of fates) {
    const orphan = told.get(event);
    if (fate.to === "organization") {
      proof.weigh(
        orphan === undefined,
        `${legacy.shape.called}: event ${event}, of organization ${fate.id}, is an orphan: ${orphan?.reasons}`,
        repeat(event),
      );
      continue;
    }
    proof.weigh(
      orphan !== undefined && !kept.has(event),
      `${legacy.shape.called}: event ${event}, an orphan for ${fate.reason}, ${kept.has(event) ? endOf(kept.get(event)) : "is not kept as one"}`,
      repeat(event),
    );
    if (orphan) reasons.set(fate.reason, [...(reasons.get(fate.reason) ?? []), orphan]);
  }
  for (const orphan of orphans)
    proof.weigh(
      orphan.timely && orphan.reasons.some((reason) => reason.trim() !== ""),
      `${legacy.shape.called}: orphan ${orphan.event} has ${orphan.timely ? "no reason" : "no time that is within the migration"}`,
      repeat(orphan.event),
    );
  const said = (reason: Reason) => (reasons.get(reason) ?? []).map((orphan) => orphan.reasons.join(" "));
  const several = new Set(said("several organizations"));
  const both = said("no call").filter((text) => several.has(text));
  proof.weigh(
    both.length === 0,
    `${legacy.shape.called}: an event without a call and one with calls of several tenants have one reason: ${both[0]}`,
    repeat(),
  );
}

/** Not a row is lost, doubled or changed, of the events or of the calls. */
export function judgesConservation(proof: Proof, aftermath: Aftermath): void {
  const { legacy, before, after, orphans, calls, repeat } = aftermath;
  proof.weigh(
    before.length === after.length + orphans.length,
    `${legacy.shape.called}: of ${before.length} events ${after.length} stay and ${orphans.length} are orphans`,
    repeat(),
  );
  const unmatched = new Map<string, number>();
  for (const { old } of [...after, ...orphans]) unmatched.set(old, (unmatched.get(old) ?? 0) + 1);
  for (const { event, old } of before) {
    const times = unmatched.get(old) ?? 0;
    unmatched.set(old, times - 1);
    proof.weigh(
      times > 0,
      `${legacy.shape.called}: event ${event} is lost or no longer ${old}`,
      repeat(event),
    );
  }
  proof.weigh(calls[0] === calls[1], `${legacy.shape.called}: the calls are changed`, repeat());
}

function endOf(org: string | null | undefined): string {
  if (org === undefined) return "is not among the events";
  return org === null ? "has none" : `has organization ${org}`;
}
