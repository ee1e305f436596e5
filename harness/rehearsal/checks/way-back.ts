import type { Proof } from "../../guarantees/proof.ts";
import { confessedIn } from "../../migrations/header.ts";
import type { Plan } from "../../migrations/migration.ts";
import type { NewRows, WayBack } from "../back/way-back.ts";
import { isOfColumns } from "./data.ts";
import { toldChange, toldRows } from "./words.ts";

/** After the way back everything is as it was, and rows that came meanwhile are kept, or it refuses. */
export function judgeWayBack(back: WayBack, plan: Plan, proof: Proof): void {
  const said = plan.flatMap(({ text }) => confessedIn(text, "changes data"));
  const { untried, leftovers, reordered, changes, different, failed, withRows } = back;
  if (untried !== undefined) {
    proof.doubted(untried);
    return;
  }
  if (failed) proof.broke(`the way back fails: ${failed.what}`, `-- ${failed.where ?? ""}`);
  else {
    proof.held();
    for (const line of leftovers)
      proof.broke(`after the way back the catalog is not as it was: ${line}`, `-- ${line}`);
    for (const line of different)
      proof.broke(`applied a second time, the catalog is another one: ${line}`, `-- ${line}`);
    for (const line of reordered)
      proof.measured(`after the way back columns stand in another order: ${line}`);
    for (const change of changes) {
      const told = toldChange(change);
      if (told === undefined && change.added === 0) continue;
      if (isOfColumns(change, said)) {
        proof.measured(`the way back does not undo what was meant: ${told}`);
        continue;
      }
      proof.broke(
        `after the way back ${told ?? `${toldRows(change.added, change.estimated)} of ${change.table} are there that were not`}`,
        `select count(*) from ${change.table};`,
      );
    }
  }
  if (withRows) judgeNewRows(withRows, said, proof);
}

function judgeNewRows(rows: NewRows, said: readonly string[], proof: Proof): void {
  const { untried, made, refusal, changedByRefusal, lost, changes, goesThrough } = rows;
  if (untried !== undefined) {
    proof.doubted(`the way back with new rows: ${untried}`);
    return;
  }
  proof.held(Object.keys(made).length);
  for (const { table, rows: gone, how } of lost)
    proof.broke(
      `the way back loses ${toldRows(gone)} of ${table} that came after the deploy (${how}), ${refusal ? "although it refuses" : "without refusing"}`,
      `select count(*) from ${table};`,
    );
  if (refusal) {
    proof.measured(`with new rows the way back refuses: ${refusal.what}`);
    for (const line of changedByRefusal)
      proof.broke(`a way back that was refused changed something: ${line}`, `-- ${line}`);
    if (!goesThrough)
      proof.broke(
        "the way back is refused also where the loss is allowed",
        `-- ${refusal.where ?? ""}: ${refusal.what}`,
      );
  }
  for (const change of changes) {
    const told = toldChange(change);
    if (told && !isOfColumns(change, said))
      proof.broke(
        `after the way back with new rows ${told}: they were there before the deploy`,
        `select count(*) from ${change.table};`,
      );
  }
}
