import { visible } from "../human.ts";
import { type Mark, type Row, symbols, type Table, worstMark } from "./table.ts";

interface Paint {
  readonly dim: (text: string) => string;
  readonly name: (text: string) => string;
  readonly mark: (mark: Mark, text: string) => string;
}

/** The table in columns, numbers to the right, the mark at the end; a group's name has a line of its own. */
export function tableLines(table: Table, paint: Paint): string[] {
  const { columns, rows, grouped = false } = table;
  const nameWidth = grouped ? 0 : widest([table.of, ...rows.map(({ id }) => clean(id))]);
  const widths = columns.map(({ title }, index) =>
    widest([title, ...rows.map(({ cells }) => clean(cells[index] ?? ""))]),
  );
  const line = (name: string, cells: readonly string[]) =>
    [
      ...(grouped ? [" "] : [name.padEnd(nameWidth)]),
      ...columns.map(({ text }, index) => {
        const cell = clean(cells[index] ?? "");
        const width = widths[index] ?? 0;
        return text ? cell.padEnd(width) : cell.padStart(width);
      }),
    ].join("  ");
  const titles = columns.map(({ title }) => title);
  return [
    paint.dim(`  ${line(table.of, titles)}`),
    ...rows.flatMap((row, index) => {
      const opens = grouped && row.id !== rows[index - 1]?.id;
      const cells = `  ${line(clean(row.id), row.cells)}`;
      const mark = worstMark(row);
      const end = mark ? `  ${paint.mark(mark, `${symbols[mark.tone]} ${mark.word}`)}` : "";
      return [...(opens ? [`  ${paint.name(clean(row.id))}  ${paint.dim(headOf(row))}`] : []), cells + end];
    }),
  ];
}

function headOf({ id, title }: Row): string {
  return title === id ? "" : clean(title);
}

function widest(texts: readonly string[]): number {
  return texts.reduce((width, { length }) => Math.max(width, length), 0);
}

/** A cell has one line, whatever a server or a configuration says. */
function clean(text: string): string {
  return visible(text).replaceAll(/\s+/g, " ");
}
