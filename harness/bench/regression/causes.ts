import { diffArrays } from "diff";
import type { Picture, PictureObject } from "../../catalog/picture.ts";
import type { Plan } from "../result.ts";
import {
  type Alteration,
  changedFacts,
  explain,
  type Scene,
  type Side,
  type Suspicion,
} from "./suspicions.ts";
import { identityOf, touchedBy } from "./touched.ts";
import { compareWork } from "./work.ts";

export interface CauseRequest {
  /** The query's own text. */
  readonly text: string;
  readonly writes: boolean;
  readonly asker: "member" | "service";
  readonly base: Side;
  readonly head: Side;
}

const most = 8;

/**
 * What changed on the way of a query and may explain why it is slower, faster or planned otherwise; in plain words, the
 * likeliest first, then how the plan changed.
 */
export function causesOf({ text, writes, asker, base, head }: CauseRequest): readonly string[] {
  const touched = new Set(
    [base, head].flatMap(({ picture, plan }) => [
      ...touchedBy(picture, { texts: [...plan.lines, text], writes, guarded: asker === "member" }),
    ]),
  );
  const scene: Scene = { base, head, writes };
  const suspicions = alterations(base.picture, head.picture)
    .filter((one) => touched.has(identityOf(one.is ?? one.was)) || applies(one))
    .flatMap((one) => explain(one, scene) ?? []);
  const sorted = [...suspicions].sort((a, b) => b.weight - a.weight).slice(0, most);
  const said = withEvidence(sorted, compareWork(base, head).more);
  const replanned = base.plan.fingerprint === head.plan.fingerprint ? [] : planChange(base.plan, head.plan);
  return [...said, ...replanned];
}

/** Whether the pictures differ in anything that an execution could depend on. */
export function isChanged(before: Picture, after: Picture): boolean {
  return alterations(before, after).some((one) => changedFacts(one).length > 0);
}

/** Settings of the database hold for everybody. */
function applies({ was, is }: Alteration): boolean {
  return (is ?? was).kind === "setting";
}

function alterations(before: Picture, after: Picture): Alteration[] {
  const [old, now] = [before, after].map(
    (picture) => new Map(picture.map((object) => [identityOf(object), object])),
  ) as [Map<string, PictureObject>, Map<string, PictureObject>];
  const gone = before.filter((object) => !now.has(identityOf(object)));
  const come = after.filter((object) => !old.has(identityOf(object)));
  const renamed = gone.flatMap((was) => {
    const is = come.find((object) => isRenamed(was, object));
    return is === undefined ? [] : [{ was, is }];
  });
  return [
    ...renamed,
    ...gone.filter((was) => !renamed.some((one) => one.was === was)).map((was) => ({ was })),
    ...come.filter((is) => !renamed.some((one) => one.is === is)).map((is) => ({ is })),
    ...after.flatMap((is) => {
      const was = old.get(identityOf(is));
      return was === undefined ? [] : [{ was, is }];
    }),
  ] as Alteration[];
}

/** An index that only its name tells from another one. */
function isRenamed(was: PictureObject, is: PictureObject): boolean {
  const shape = ({ facts }: PictureObject) =>
    String(facts.definition).replace(/^(.*?) INDEX \S+ ON /, "$1 ON ");
  return was.kind === "index" && is.kind === "index" && was.holder === is.holder && shape(was) === shape(is);
}

/** The likeliest one is said with what the server had to do more, if that is not in it yet. */
function withEvidence(suspicions: readonly Suspicion[], more: readonly string[]): string[] {
  const telling = more.find((one) => /^reads /.test(one)) ?? more[0];
  return suspicions.map(({ text }, index) =>
    index > 0 || telling === undefined || /, called /.test(text) ? text : `${text}; the query ${telling}`,
  );
}

function planChange(base: Plan, head: Plan): string[] {
  const trimmed = ({ lines }: Plan) => lines.map((line) => line.trim());
  const parts = diffArrays(trimmed(base), trimmed(head));
  const quoted = (side: "added" | "removed") => {
    const lines = parts.filter((part) => part[side]).flatMap(({ value }) => value);
    return lines.length === 0 ? "nothing" : lines.map((line) => `"${line}"`).join(", ");
  };
  const [gone, come] = [quoted("removed"), quoted("added")];
  if (gone === come) return ["the plan has the same steps, nested otherwise"];
  return [`in the plan, ${gone} became ${come}`];
}
