/** A migration's file name, taken apart: "20250110_create_contacts_table.sql". */
export interface VersionedName {
  /** The digits in front, with dots between parts: "20250110", "1.2"; empty when there are none. */
  readonly version: string;
  /** What follows: "create_contacts_table". */
  readonly name: string;
}

// Flyway writes V1_2__name; everybody else digits and a separator.
const flyway = /^[vV](\d+(?:[._]\d+)*)__(.+)$/;
const numbered = /^(\d+(?:\.\d+)*)[-_. ]*(.*)$/;
const numeric = new Intl.Collator("en", { numeric: true });

/** `file` without `.sql` or `.up.sql`. */
export function stemOf(file: string): string {
  return file.replace(/(\.up)?\.sql$/i, "");
}

/** The version and the name that `file` is made of. */
export function parseVersion(file: string): VersionedName {
  const stem = stemOf(file);
  const [, version = "", name = stem] = flyway.exec(stem) ?? numbered.exec(stem) ?? [];
  return { version: version.replaceAll("_", "."), name };
}

/** Orders file names by version as a number, then by the whole name; those without a version come last. */
export function compareFiles(a: string, b: string): number {
  const [versionA, versionB] = [parseVersion(a).version, parseVersion(b).version];
  if ((versionA === "") !== (versionB === "")) return versionA === "" ? 1 : -1;
  return numeric.compare(versionA, versionB) || compareText(a, b);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
