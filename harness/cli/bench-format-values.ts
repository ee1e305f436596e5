import * as v from "valibot";

export const text = v.string();
export const texts = v.array(text);

/** JSON writes null for what is infinite or no number. */
export const number = v.pipe(
  v.nullable(v.number()),
  v.transform((value) => value ?? Number.NaN),
);

export const interval = v.object({ estimate: number, low: number, high: number });
export const judgement = v.object({
  outcome: v.picklist(["pass", "fail", "inconclusive"]),
  ...{ why: text, byClock: v.exactOptional(v.literal(true)) },
});
