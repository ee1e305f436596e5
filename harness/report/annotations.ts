import type { GateResult } from "./result.ts";

/**
 * GitHub Actions' workflow commands, one a line, for every promise that does not hold and for a fault.
 * Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export function renderAnnotations(result: GateResult): string[] {
  const lines = result.promises.flatMap(({ id, title, verdict, remedy }) => {
    if (verdict.state === "holds") return [];
    if (verdict.state === "unproven")
      return [command("warning", `${id} is unproven`, `${title}\n${verdict.why}`)];
    const { what, sql } = verdict.breaches[0];
    return [command("error", `${id} is broken`, `${title}\n${what}\nremedy: ${remedy}\n\n${sql}`)];
  });
  return result.fault
    ? [...lines, command("error", result.fault.code, `${result.fault.what}\n${result.fault.hint}`)]
    : lines;
}

function command(level: "error" | "warning", title: string, message: string): string {
  const property = data(title).replaceAll(":", "%3A").replaceAll(",", "%2C");
  return `::${level} title=${property}::${data(message)}`;
}

function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
