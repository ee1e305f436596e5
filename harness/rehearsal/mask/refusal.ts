// Refusal: what the server says when it does not take what is written. Its words may quote a row; its codes and names do not.

import { Fault } from "../../fault/fault.ts";

interface ServerError extends Error {
  readonly code: string;
  readonly schema?: string;
  readonly table?: string;
  readonly constraint?: string;
}

function isServerError(thrown: unknown): thrown is ServerError {
  return thrown instanceof Error && "severity" in thrown && "code" in thrown;
}

const names: Readonly<Record<string, string>> = {
  "23505": "a unique key",
  "23514": "a check",
  "23P01": "an exclusion",
  "22P02": "the form of a type",
  "22001": "the length of a type",
};

/**
 * The fault that `thrown` is while `where` is masked: with its SQLSTATE and the constraint's name, and nothing of any row.
 * The error itself is not its cause, since that says more. What no server said is passed on as it is.
 */
export function refusal(thrown: unknown, where: string): unknown {
  if (thrown instanceof Fault)
    return thrown.where === undefined && thrown.code === "CONFIG_INVALID"
      ? new Fault(thrown.code, thrown.what, { where, hint: thrown.hint })
      : thrown;
  if (!isServerError(thrown)) return thrown;
  const { code, constraint } = thrown;
  const state = `SQLSTATE ${code}`;
  if (code === "53100")
    return new Fault("NO_SPACE", `masking needs more room on the disk (${state})`, { where });
  const promise = constraint
    ? `${names[code] ?? "a constraint"}, ${constraint},`
    : (names[code] ?? "the server");
  return new Fault("CONFIG_INVALID", `${promise} refuses what a value would be replaced by (${state})`, {
    where,
    hint: "Name the columns that it reads under rehearsal.unmasked in the configuration.",
  });
}
