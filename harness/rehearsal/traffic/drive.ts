// Open loop: requests begin when they are due, at random moments, whether or not those before have been answered; each is
// timed from when it was due. So whoever is held up is counted with all who would have come meanwhile.

import { setImmediate as breathe, setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../../fault/fault.ts";
import type { Direct, Sessions } from "../../session/session.ts";
import { type Draw, openDraw } from "../../workload/draw.ts";
import type { Request } from "./mix.ts";

/** One request as it went. */
export interface Answered {
  readonly id: string;
  readonly configured: boolean;
  /** By performance.now(). */
  readonly dueAt: number;
  readonly latencyMs: number;
  /** SQLSTATE; absent where it was answered. */
  readonly error?: string;
}

export interface DriveOptions {
  readonly requests: readonly Request[];
  /** Requests through the platform's authenticator, and as the deployer. */
  readonly sessions: Sessions;
  readonly direct: Direct;
  /** A second. */
  readonly rate: number;
  readonly seed: number;
}

/** Requests under way at a time; more would only wait for a connection, and are counted as dropped. */
const mostUnderWay = 2_000;

/** Traffic that goes on until it is stopped. */
export class Traffic implements AsyncDisposable {
  readonly answered: Answered[] = [];
  dropped = 0;
  private readonly stopping = new AbortController();
  private readonly underWay = new Set<Promise<void>>();
  private readonly loop: Promise<void>;
  private lost: unknown;

  private constructor(private readonly options: DriveOptions) {
    this.loop = this.run();
    this.loop.catch(() => {});
  }

  static start(options: DriveOptions): Traffic {
    return new Traffic(options);
  }

  /** No request begins any more, and all have been answered. @throws Fault ENGINE_LOST. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
    await Promise.all(this.underWay);
    if (this.lost !== undefined) throw this.lost;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopping.abort();
    await this.loop.catch(() => {});
    await Promise.allSettled(this.underWay);
  }

  private async run(): Promise<void> {
    const { requests, rate, seed } = this.options;
    const draw = openDraw(seed);
    const turns = requests.flatMap((request) => Array.from({ length: request.weight }, () => request));
    if (turns.length === 0) return;
    let due = performance.now();
    while (!this.stopping.signal.aborted && this.lost === undefined) {
      due += exponential(draw, rate);
      await this.until(due);
      if (this.stopping.signal.aborted) return;
      if (this.underWay.size >= mostUnderWay) {
        this.dropped += 1;
        continue;
      }
      const asking = this.ask(draw.oneOf(turns), draw, due);
      this.underWay.add(asking);
      asking.finally(() => this.underWay.delete(asking));
    }
  }

  private async ask({ id, configured, text, samples }: Request, draw: Draw, dueAt: number): Promise<void> {
    const { sessions, direct } = this.options;
    const { actor, values } = draw.oneOf(samples);
    try {
      const speaker = actor === undefined ? direct : sessions.as(actor);
      const outcome = await speaker.does(text, ...values);
      const latencyMs = performance.now() - dueAt;
      this.answered.push({
        id,
        configured,
        dueAt,
        latencyMs,
        ...(!outcome.ok && { error: outcome.sqlstate }),
      });
    } catch (thrown) {
      this.lost ??= Fault.from(thrown);
    }
  }

  private async until(due: number): Promise<void> {
    const early = due - performance.now();
    // Timers take whole milliseconds.
    if (early >= 1) await sleep(early, undefined, { signal: this.stopping.signal }).catch(() => {});
    else await breathe();
  }
}

/** Milliseconds until the next of requests that come at random, `rate` a second. */
function exponential(draw: Draw, rate: number): number {
  return (-Math.log((draw.between(0, 999_999) + 0.5) / 1_000_000) * 1000) / rate;
}
