import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { Subject } from "../guarantees/ground.ts";
import { openDraw } from "../workload/draw.ts";
import type { Scale } from "../workload/scale.ts";
import type { Workload } from "../workload/workload.ts";

/** Rows of each sheet and place that are looked at; what makes rows otherwise shows in the first. */
const sample = 20;

/**
 * Tells the contents of a filled database from any other: the platform, the migrations, the rows and what makes them.
 * 64 hex digits.
 */
export function fingerprintOf(
  { project, plan, baseline }: Subject,
  workload: Workload,
  scale: Scale,
  seed: number,
): string {
  const hash = createHash("sha256");
  const add = (value: unknown) => hash.update(`${JSON.stringify(value)}\n`);
  add([project.platform, project.privileges, platformFiles(), seed, scale.rows, scale.places.length]);
  for (const { file, text } of [...baseline, ...plan]) add([file, text]);
  add(workload.settings ?? {});
  for (const sheet of workload.sheets) {
    add([sheet.schema, sheet.name, sheet.columns]);
    for (const place of scale.places) {
      const rows = sheet.rowsOf?.(place) ?? place.rows;
      add(rows);
      const draw = openDraw(place.index);
      for (let n = 0; n < Math.min(rows, sample); n += 1) add(sheet.row(place, n, draw));
    }
  }
  return hash.digest("hex");
}

function platformFiles(): readonly string[] {
  const folder = new URL("../platform/", import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".sql"))
    .sort()
    .map((file) => readFileSync(new URL(file, folder), "utf8"));
}
