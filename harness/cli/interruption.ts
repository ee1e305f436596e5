import { Fault } from "../fault/fault.ts";
import { exits } from "../fault/faults.ts";

interface Interruption {
  /** Rejects with Fault INTERRUPTED at the first signal; a second one ends the process at once. */
  readonly promise: Promise<never>;
  /** Signals do again what they did before. */
  release(): void;
}

/** Ctrl-C and polite requests to end become a Fault with this hint, so that everything is closed on the way out. */
export function listenForInterruption(hint?: string): Interruption {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  let listener: (signal: NodeJS.Signals) => void = () => {};
  const promise = new Promise<never>((_, reject) => {
    let asked = false;
    listener = (signal) => {
      if (asked) process.exit(exits.interrupted);
      asked = true;
      reject(new Fault("INTERRUPTED", `stopped by ${signal}`, { hint }));
    };
  });
  // Nobody may be waiting any more when the signal comes.
  promise.catch(() => {});
  for (const signal of signals) process.on(signal, listener);
  return {
    promise,
    release: () => {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}
