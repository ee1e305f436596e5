import type { Node } from "libpg-query";

/** The column that `node` is, casts taken away; VALUE of a domain is called `value`. */
export function columnOf(node: Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  if ("TypeCast" in node) return columnOf(node.TypeCast.arg);
  if ("CollateClause" in node) return columnOf(node.CollateClause.arg);
  if ("ColumnRef" in node) return stringOf(node.ColumnRef.fields?.at(-1));
  return undefined;
}

/** The function that `node` calls on columns, with those columns. */
export function callOf(node: Node | undefined): { name: string; columns: string[] } | undefined {
  if (node === undefined) return undefined;
  if ("TypeCast" in node) return callOf(node.TypeCast.arg);
  if ("CoalesceExpr" in node) return { name: "coalesce", columns: columnsIn(node) };
  if (!("FuncCall" in node)) return undefined;
  const columns = (node.FuncCall.args ?? []).flatMap(columnsIn);
  return columns.length === 0 ? undefined : { name: stringOf(node.FuncCall.funcname?.at(-1)) ?? "", columns };
}

/** Every column that `node` reads. */
export function columnsIn(node: Node | undefined): string[] {
  if (node === undefined) return [];
  const column = columnOf(node);
  if (column !== undefined) return [column];
  if ("TypeCast" in node) return columnsIn(node.TypeCast.arg);
  if ("FuncCall" in node) return (node.FuncCall.args ?? []).flatMap(columnsIn);
  if ("CoalesceExpr" in node) return (node.CoalesceExpr.args ?? []).flatMap(columnsIn);
  if ("A_Expr" in node) return [...columnsIn(node.A_Expr.lexpr), ...columnsIn(node.A_Expr.rexpr)];
  return [];
}

/** The constants of an array, or undefined when it holds anything else. */
export function constantsOf(node: Node | undefined): string[] | undefined {
  if (node === undefined) return undefined;
  if ("TypeCast" in node) return constantsOf(node.TypeCast.arg);
  if (!("A_ArrayExpr" in node)) return undefined;
  const constants = (node.A_ArrayExpr.elements ?? []).map(constantOf);
  return constants.every((constant) => constant !== undefined) ? constants : undefined;
}

/** The constant that `node` is, as text; `now` for the present. */
export function constantOf(node: Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  if ("TypeCast" in node) return constantOf(node.TypeCast.arg);
  if ("A_Const" in node) {
    const constant = node.A_Const;
    if (constant.sval) return constant.sval.sval ?? "";
    if (constant.fval) return constant.fval.fval ?? "0";
    if (constant.boolval) return String(constant.boolval.boolval ?? false);
    return constant.ival ? String(constant.ival.ival ?? 0) : undefined;
  }
  // The present, as a bound that stays on the safe side of it, is for the generator to read.
  if ("SQLValueFunction" in node) return "now";
  if (
    "FuncCall" in node &&
    /^(now|transaction_timestamp|clock_timestamp)$/.test(stringOf(node.FuncCall.funcname?.at(-1)) ?? "")
  ) {
    return "now";
  }
  return undefined;
}

/** The text of a name in the tree. */
export function stringOf(node: Node | undefined): string | undefined {
  return node && "String" in node ? node.String.sval : undefined;
}
