import { quoteIdentifier } from "../sql/identifier.ts";
import { asSuperuser, type Bed } from "./bed.ts";
import type { SizeResult } from "./result.ts";

/** P4: what 1,000 rows of each table take, just after they were stored; beside what was said. */
export function measureSizes(bed: Bed): Promise<readonly SizeResult[]> {
  return asSuperuser(bed, async (connection) => {
    const results: SizeResult[] = [];
    for (const { schema, name, saidKb, mostKb } of bed.workload.sizes) {
      const table = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
      const { rows: found } = await connection.query<Record<"rows" | "heap" | "indexes", string>>(
        `select (select count(*) from ${table}) as rows, pg_table_size($1::regclass) as heap,
          pg_indexes_size($1::regclass) as indexes`,
        [table],
      );
      const [rows, heap, indexes] = (["rows", "heap", "indexes"] as const).map((key) =>
        Number(found[0]?.[key]),
      );
      results.push(judge({ table: `${schema}.${name}`, rows, heap, indexes, saidKb, mostKb }));
    }
    return results;
  });
}

function judge({
  table,
  rows = 0,
  heap = 0,
  indexes = 0,
  saidKb,
  mostKb,
}: {
  readonly table: string;
  readonly rows: number | undefined;
  readonly heap: number | undefined;
  readonly indexes: number | undefined;
  readonly saidKb: number | undefined;
  readonly mostKb: number;
}): SizeResult {
  const of = (bytes: number) => (rows === 0 ? 0 : bytes / rows);
  const sizes = {
    table,
    rows,
    totalKb: of(heap + indexes),
    heapKb: of(heap),
    indexesKb: of(indexes),
    mostKb,
  };
  const said = saidKb === undefined ? "" : `, said to be ${saidKb} KB`;
  const why = `${sizes.totalKb.toFixed(0)} KB for 1,000 rows, ${sizes.indexesKb.toFixed(0)} of them indexes${said}`;
  const outcome = rows === 0 ? "inconclusive" : sizes.totalKb <= mostKb ? "pass" : "fail";
  return {
    ...sizes,
    ...(saidKb !== undefined && { saidKb }),
    judgement: {
      outcome,
      why:
        outcome === "inconclusive"
          ? "it has no rows"
          : outcome === "fail"
            ? `${why}; ${mostKb} at most`
            : why,
    },
  };
}
