import { lstat, readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import * as v from "valibot";

const manifestFile = "manifest.json";

const manifestSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    note: v.string(),
    bytes: v.pipe(v.number(), v.minValue(0)),
    /** The size of each file by its path; folders end with a slash and have none. */
    files: v.pipe(v.record(v.string(), v.number()), v.readonly()),
  }),
);

/** What saved data consist of, beside them: a copy that differs from it is not whole. */
export type Manifest = Readonly<v.InferOutput<typeof manifestSchema>>;

/** The manifest of the saved data in `entry`; undefined when there is none that can be read. */
export async function readManifest(entry: string): Promise<Manifest | undefined> {
  const text = await readFile(join(entry, manifestFile), "utf8").catch(() => undefined);
  const parsed = v.safeParse(manifestSchema, text);
  return parsed.success ? parsed.output : undefined;
}

/** `entry` has the manifest. */
export async function writeManifest(entry: string, manifest: Manifest): Promise<void> {
  await writeFile(join(entry, manifestFile), JSON.stringify(manifest));
}

/** All that is in `folder` now. @throws Error when something in it is neither a file nor a folder. */
export async function measure(folder: string): Promise<Pick<Manifest, "bytes" | "files">> {
  const files: Record<string, number> = {};
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path);
    if (entry.isDirectory()) {
      files[`${name}/`] = 0;
    } else if (entry.isFile()) {
      const { size } = await lstat(path);
      files[name] = size;
      bytes += size;
    } else {
      // A tablespace, most likely: a link in pg_tblspc to a folder that is not copied with the others.
      throw new Error(`${name} lies outside of the data directory`);
    }
  }
  return { bytes, files };
}

/** Whether `folder` has exactly what the manifest says. */
export async function isWhole(folder: string, { files }: Manifest): Promise<boolean> {
  const found = (await measure(folder)).files;
  const names = Object.keys(files);
  return names.length === Object.keys(found).length && names.every((name) => files[name] === found[name]);
}
