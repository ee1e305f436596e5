import { createHash } from "node:crypto";

/** The same version 4 UUID for the same seed and name, another for any other. */
export function seededUuid(seed: number, name: string): string {
  const hex = createHash("sha256").update(`${seed} ${name}`).digest("hex");
  const variant = "89ab"[Number.parseInt(hex.slice(16, 17), 16) % 4];
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}
