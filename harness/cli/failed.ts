import type { Fault } from "../fault/fault.ts";

/** How a result ends that a fault cut short. */
export function failed(fault: Fault) {
  const { code, what, where, hint, exit } = fault;
  return {
    standing: "failed",
    exit,
    fault: { code, what, hint, ...(where !== undefined && { where }) },
  } as const;
}
