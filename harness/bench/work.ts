import type { Query } from "../workload/workload.ts";
import type { Judgement, Work } from "./result.ts";

/** Pages that an index costs before its first row is found, and those of a request's own. */
const pagesOfLookUp = 12;
/** Pages for a row: its own, and a part of an index page. */
const pagesOfRow = 1.2;
/** A claim is asked for once or a few times a statement, never once a row. */
const mostCallsOfRead = 8;

/** Whether the query reads what it returns and no more, by counting. */
export function judgeWork(work: Work, { writes = false, mayPassOver = 0 }: Query): Judgement {
  const faults: string[] = [];
  const passedOver = work.rowsRead - work.rowsReturned;
  if (passedOver > mayPassOver)
    faults.push(`it reads ${count(work.rowsRead)} rows for ${count(work.rowsReturned)} that it needs`);
  if (work.spilled > 0) faults.push(`it writes ${count(work.spilled)} pages to temporary files`);
  const most = Math.ceil((work.rowsReturned + mayPassOver) * pagesOfRow) + pagesOfLookUp;
  // A write has a page of every index to go to.
  if (!writes && work.buffers > most)
    faults.push(`it looks at ${count(work.buffers)} pages for ${count(work.rowsReturned)} rows`);
  for (const [name, calls] of Object.entries(work.calls))
    if (!writes && calls > mostCallsOfRead) faults.push(`it calls ${name}() ${count(calls)} times`);
  if (faults.length > 0) return { outcome: "fail", why: faults.join("; ") };
  if (!writes && work.rowsReturned === 0)
    return { outcome: "inconclusive", why: "it returns nothing, which shows little; measure more --rows" };
  const told = `${count(work.rowsRead)} rows read for ${count(work.rowsReturned)}, ${count(work.buffers)} pages`;
  return { outcome: "pass", why: writes ? `${told}, ${count(work.walBytes)} bytes of WAL` : told };
}

const number = new Intl.NumberFormat("en-US");

function count(value: number): string {
  return number.format(value);
}
