import { openDraw } from "../../workload/draw.ts";

const steps = 1_000_000;

/**
 * The times at which something is due within `seconds`, in milliseconds from the beginning: a Poisson process of `rate` a
 * second, the same for the same seed. Intervals are exponential, as among people who know nothing of each other.
 */
export function* arrivals(rate: number, seconds: number, seed: number): Generator<number> {
  const draw = openDraw(seed);
  const interval = () => (-Math.log(draw.between(1, steps) / steps) * 1000) / rate;
  for (let at = interval(); at < seconds * 1000; at += interval()) yield at;
}
