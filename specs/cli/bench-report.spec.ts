import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { readBenchResult } from "../../harness/cli/bench-file.ts";
import { benchReportCommand } from "../../harness/cli/bench-report.ts";
import { sampleFailure, sampleHistory, sampleNothing, sampleResult } from "../report/bench/sample.ts";

const folder = mkdtempSync(join(tmpdir(), "tenantproof-bench-report-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const read = (value: unknown) => () => readBenchResult(JSON.stringify(value), "bench.json");
const whole = sampleResult("filtered");

describe("a result of a bench", () => {
  it.each([whole, sampleResult("floored"), sampleFailure(), sampleNothing()])(
    "is read as it was written",
    (result) => {
      expect(read(result)()).toEqual(result);
    },
  );

  it("is read where a number was infinite, which JSON cannot say", () => {
    const { floor } = read({ ...whole, floor: { ...whole.floor, max: Number.POSITIVE_INFINITY } })();
    expect(floor?.max).toBeNaN();
  });

  it.each<[string, () => unknown, RegExp]>([
    ["no JSON", () => readBenchResult("{", "bench.json"), /^this is no JSON: /],
    ["no object", read(null), /names no format/],
    ["a result of another command", read({ tool: "tenantproof", promises: [] }), /names no format/],
    ["another format", read({ ...whole, format: 2 }), /^its format is 2, and only 1 is read here$/],
    ["a field of another kind", read({ ...whole, rows: "many" }), /^this is no result of a bench:\nrows: /],
    ["nothing but a format", read({ format: 1 }), /\nand \d+ more$/],
  ])("is refused when it is %s", (_, refused, what) => {
    expect(refused).toThrow(
      expect.objectContaining({ code: "USAGE", where: "bench.json", message: expect.stringMatching(what) }),
    );
  });
});

describe("tenantproof bench report", () => {
  const run = (...args: string[]) => benchReportCommand().parseAsync(args, { from: "user" });
  const files = sampleHistory().map((result, index) => {
    const file = join(folder, `${index}.json`);
    writeFileSync(file, JSON.stringify(result));
    return file;
  });

  it("writes one page of all results and says where", async () => {
    const said = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    const page = join(folder, "history.html");
    await run(...files, "--html", page);
    expect(said).toHaveBeenCalledWith(`${page}\n`);
    said.mockRestore();
    expect(readFileSync(page, "utf8")).toContain("History of 8 runs");
  });

  it.each([
    ["a file that is not there", ["none.json"], /^the file cannot be read: ENOENT/],
    [
      "a place where nobody may write",
      [...files, "--html", join(folder, "no", "such.html")],
      /^--html .*ENOENT/,
    ],
  ])("refuses %s", async (_, args, what) => {
    await expect(run(...args)).rejects.toMatchObject({
      ...{ code: "USAGE", exit: 2, message: expect.stringMatching(what) },
    });
  });
});
