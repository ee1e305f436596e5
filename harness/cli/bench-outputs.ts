import type { BenchResult } from "../report/bench-result.ts";
export async function checkBenchOutputs(_: object): Promise<void> {}
export async function writeBenchOutputs(
  result: BenchResult,
  { json }: { readonly json?: string },
): Promise<void> {
  const { writeFile } = await import("node:fs/promises");
  if (json) await writeFile(json, JSON.stringify(result, null, 1));
  for (const p of result.promises)
    console.log(
      p.id,
      p.verdict.state,
      p.verdict.state === "broken"
        ? p.verdict.breaches.map((b) => b.what).join("\n   ")
        : p.verdict.state === "unproven"
          ? p.verdict.why
          : p.verdict.checked,
    );
  console.log(result.standing, result.exit, result.fault);
}
