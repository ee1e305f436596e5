import { Fault } from "../fault/fault.ts";

/** One fault that tells them all; the first gives its code, place and hint. */
export function mergeFaults(faults: readonly Fault[]): Fault {
  const [first, ...others] = faults;
  if (first === undefined) throw new Fault("BUG", "There is no fault to tell.");
  if (others.length === 0) return first;
  const what = faults
    .map((fault) => (fault.where ? `${fault.where}: ${fault.message}` : fault.message))
    .join("\n");
  return new Fault(first.code, what, { where: first.where, hint: first.hint, cause: first });
}
