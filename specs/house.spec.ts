import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** A room imports only rooms above it. */
const rooms = [
  ...["fault", "sql", "engine", "platform", "migrations", "session", "catalog", "population"],
  ...["workload", "guarantees", "mutants", "bench", "rehearsal", "report", "cli"],
];
const longestFile = 250;

/** What only the process can say; see each file's own comment. */
const mayTouchProcess: Readonly<Record<string, readonly string[]>> = {
  "harness/engine/machine.ts": ["arch", "env", "geteuid", "platform"],
  "harness/engine/owner.ts": ["kill", "pid", "platform"],
  // They signal processes by number, which has no other way.
  "harness/engine/remains.ts": ["kill"],
  "harness/engine/supervisor.ts": ["kill"],
  // Whose files and sockets these are.
  "harness/engine/cache.ts": ["geteuid"],
  "harness/engine/run-directory.ts": ["geteuid"],
  "harness/engine/docker-address.ts": ["geteuid"],
  // A container's name says who made it.
  "harness/engine/docker.ts": ["pid"],
  // testcontainers is told by the environment alone.
  "harness/engine/docker-client.ts": ["env"],
};

/** Files that are longer than they should be, and why. */
const mayBeLonger: Readonly<Record<string, string>> = {
  "harness/bench/result.ts": "the shape of one document",
  "specs/catalog/picture.spec.ts": "one table of DDL",
  "specs/migrations/apply.spec.ts": "one table of ways and failures",
  "specs/population/populate.spec.ts": "one table of schemas",
};

/** Specs that need what an engine, a system or a user may lack. */
const mayBeConditional = [
  ...[
    "specs/cli/interruption.process.spec.ts",
    "specs/cli/keep.process.spec.ts",
    "specs/cli/trouble.process.spec.ts",
  ],
  ...["specs/cli/usage.process.spec.ts", "specs/engine/embedded.spec.ts", "specs/engine/failures.spec.ts"],
  ...["specs/engine/leftovers.process.spec.ts", "specs/engine/owner.spec.ts", "specs/platform/roles.spec.ts"],
  ...["specs/session/repeat.spec.ts", "specs/versions/versions.spec.ts"],
];

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

const text = (file: string) => readFileSync(join(root, file), "utf8");
const code = (file: string) => text(file).replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, "");
const harness = filesIn("harness");
const everything = ["harness", "specs", "bench", "fixtures"].flatMap(filesIn);

interface Import {
  readonly file: string;
  readonly target: string;
  readonly typesOnly: boolean;
}

const imports: readonly Import[] = harness.flatMap((file) =>
  [...text(file).matchAll(/(?:^(import|export) ([^;]*?)from |import\()"([^"]+)"/gm)].map(
    ([, , clause = "", target = ""]) => ({ file, target, typesOnly: clause.startsWith("type ") }),
  ),
);

const roomOf = (file: string) => file.split("/")[1] ?? "";
const roomOfTarget = ({ file, target }: Import) =>
  target.startsWith(".") ? roomOf(relative(root, join(root, file, "..", target))) : undefined;

describe("the house", () => {
  it("has no rooms but those of its plan", () => {
    const found = readdirSync(join(root, "harness"));
    expect(found.filter((room) => !rooms.includes(room))).toEqual([]);
    expect(imports.length).toBeGreaterThan(300);
  });

  it("lets a room import only rooms above it", () => {
    const downwards = imports.filter((one) => {
      const target = roomOfTarget(one);
      return target !== undefined && rooms.indexOf(target) > rooms.indexOf(roomOf(one.file));
    });
    expect(downwards).toEqual([]);
  });

  it("keeps the harness free of its subject", () => {
    const outside = imports.filter(({ file, target }) => {
      const path = target.startsWith(".") ? relative(root, join(root, file, "..", target)) : "harness/";
      return !path.startsWith("harness/");
    });
    expect(outside).toEqual([]);
  });

  it("lets only engine and session speak to the database driver", () => {
    const others = imports.filter(({ target }) => /^pg(\/|$)/.test(target));
    expect(others.filter(({ file }) => !["engine", "session"].includes(roomOf(file)))).toEqual([]);
  });

  it("lets reports know the types of other rooms, and of their values only the table of exits", () => {
    const values = imports.filter(
      (one) =>
        roomOf(one.file) === "report" && !one.typesOnly && ![undefined, "report"].includes(roomOfTarget(one)),
    );
    expect(values.map(({ file, target }) => [file, target])).toEqual([
      ["harness/report/standing.ts", "../fault/faults.ts"],
    ]);
  });

  it("leaves the process to the command line, but for what only it can say", () => {
    const touches = harness.filter(
      (file) => roomOf(file) !== "cli" && /\bprocess\.|\bconsole\./.test(code(file)),
    );
    expect(touches).toEqual([]);
    const named = [...harness]
      .sort()
      .flatMap((file) =>
        [...text(file).matchAll(/import \{([^}]*)\} from "(?:node:)?process"/g)].map(
          ([, names = ""]) => [file, names.split(",").map((name) => name.trim())] as const,
        ),
      );
    expect(Object.fromEntries(named)).toEqual(mayTouchProcess);
  });
});

describe("a file", () => {
  it(`has at most ${longestFile} lines`, () => {
    const long = everything.filter((file) => text(file).split("\n").length - 1 > longestFile);
    expect(long.filter((file) => !(file in mayBeLonger))).toEqual([]);
  });

  it("has a name that says what it is", () => {
    const names = everything.filter(
      (file) => !/^[a-z0-9]+([-.][a-z0-9]+)*\.(d\.)?(ts|mjs)$/.test(file.split("/").at(-1) ?? ""),
    );
    expect(names).toEqual([]);
    expect(
      everything.filter(
        (file) => /\b(utils?|helpers?|common|index)\.ts$/.test(file) && !file.endsWith(".d.ts"),
      ),
    ).toEqual([]);
  });
});

describe("a spec", () => {
  const specs = filesIn("specs").filter((file) => file !== "specs/house.spec.ts");

  it("is never left out, and never the only one", () => {
    expect(
      specs.filter((file) => /\b(it|test|describe)(\.\w+)*\.(only|skip|todo|fails)\b/.test(code(file))),
    ).toEqual([]);
  });

  it("depends on an engine, a system or a user only where that is listed", () => {
    const conditional = specs.filter((file) => /\.(runIf|skipIf)\b|\bcontext\.skip\b/.test(code(file)));
    const ordinary = conditional.filter((file) => !/^specs\/(docker|kill)\//.test(file));
    expect(ordinary.sort()).toEqual([...mayBeConditional].sort());
  });
});
