import type { Interval } from "../../bench/result.ts";

const plain = new Intl.NumberFormat("en-US");
const rounded = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });
const threeDigits = new Intl.NumberFormat("en-US", {
  minimumSignificantDigits: 3,
  maximumSignificantDigits: 3,
});
const tenth = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1, minimumFractionDigits: 1 });
const signedTenth = new Intl.NumberFormat("en-US", {
  ...{ maximumFractionDigits: 1, minimumFractionDigits: 1, signDisplay: "exceptZero" },
});

/** What stands for a number that there is none of. */
export const nothing = "–";

interface Unit {
  readonly name: string;
  readonly perMs: number;
}

/** The unit in which `ms` is read most easily: microseconds below 1 ms, seconds from 10 s. */
function unitOf(ms: number): Unit {
  const size = Math.abs(ms);
  if (size > 0 && size < 1) return { name: "µs", perMs: 1000 };
  return size < 10_000 ? { name: "ms", perMs: 1 } : { name: "s", perMs: 0.001 };
}

/** Three digits that count, and no more than tenths of a microsecond. */
function inUnit(ms: number, { name, perMs }: Unit): string {
  const value = ms * perMs;
  return name === "µs" && Math.abs(value) < 10 ? tenth.format(value) : threeDigits.format(value);
}

/** A measured time: "212 µs", "3.14 ms", "12.0 s". */
export function formatMs(ms: number): string {
  if (!Number.isFinite(ms)) return nothing;
  if (ms === 0) return "0";
  const unit = unitOf(ms);
  return `${inUnit(ms, unit)} ${unit.name}`;
}

/** A time that somebody set: "10 ms". */
export function formatLimit(ms: number): string {
  if (!Number.isFinite(ms)) return nothing;
  const unit = unitOf(ms);
  return `${rounded.format(ms * unit.perMs)} ${unit.name}`;
}

/** The same with its sign: "+27 µs". */
export function formatEffect(ms: number): string {
  return ms > 0 ? `+${formatMs(ms)}` : formatMs(ms);
}

/** Both ends in one unit: "2.9 to 3.4 ms". */
export function formatBounds({ low, high }: Interval): string {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return nothing;
  const unit = unitOf(Math.max(Math.abs(low), Math.abs(high)));
  return `${inUnit(low, unit)} to ${inUnit(high, unit)} ${unit.name}`;
}

/** "1,000,000". */
export function formatCount(count: number): string {
  return Number.isFinite(count) ? plain.format(count) : nothing;
}

/** A part of one as a signed percentage: 0.049 is "+4.9%". */
export function formatRatio(ratio: number): string {
  return Number.isFinite(ratio) ? `${signedTenth.format(ratio * 100)}%` : nothing;
}

/** "+1.2% to +5.0%". */
export function formatRatioBounds({ low, high }: Interval): string {
  return `${formatRatio(low)} to ${formatRatio(high)}`;
}

/** A slope, or another number near one: "0.02". */
export function formatSlope(slope: number): string {
  return Number.isFinite(slope) ? slope.toFixed(2) : nothing;
}

/** Kilobytes with one decimal: "123.4". */
export function formatKb(kb: number): string {
  return Number.isFinite(kb) ? tenth.format(kb) : nothing;
}

/** How long a run or a stage took: "850 ms", "42.1 s", "12 min 4 s". */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return nothing;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${tenth.format(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  return `${plain.format(Math.floor(seconds / 60))} min ${seconds % 60} s`;
}

/** "2025-01-10 08:30 UTC"; what is no time stays as it is. */
export function formatMoment(iso: string): string {
  const moment = new Date(iso);
  if (Number.isNaN(moment.getTime())) return iso;
  return `${moment.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
