import { type Node, parse } from "libpg-query";
import { type Demand, elementsOf, meet, type Way } from "./demand.ts";
import { callOf, columnOf, columnsIn, constantOf, constantsOf, stringOf } from "./expression.ts";

/**
 * The ways in which a row can satisfy a CHECK, as pg_get_constraintdef writes it. What is not understood demands nothing:
 * the server has the last word. `value` is the column that VALUE of a domain's check stands for.
 */
export async function solveCheck(definition: string, value?: string): Promise<Way[]> {
  const expression = definition
    .replace(/^CHECK\s*/, "")
    .replace(/\s+(NO INHERIT|NOT VALID|NOT ENFORCED)\b.*$/, "");
  const parsed = await parse(`select ${expression}`);
  const select = parsed.stmts?.[0]?.stmt;
  const target = select && "SelectStmt" in select ? select.SelectStmt.targetList?.[0] : undefined;
  const node = target && "ResTarget" in target ? target.ResTarget.val : undefined;
  const ways = node === undefined ? [{}] : solve(node, false);
  if (value === undefined) return ways;
  return ways.map((way) => Object.fromEntries(Object.entries(way).map(([, demand]) => [value, demand])));
}

function solve(node: Node, negated: boolean): Way[] {
  if ("BoolExpr" in node) {
    const { boolop, args = [] } = node.BoolExpr;
    if (boolop === "NOT_EXPR") return solve(args[0] as Node, !negated);
    const parts = args.map((arg) => solve(arg, negated));
    const all = (boolop === "AND_EXPR") !== negated;
    return all ? parts.reduce(both) : parts.flat();
  }
  if ("NullTest" in node) {
    const column = columnOf(node.NullTest.arg);
    const isNull = (node.NullTest.nulltesttype === "IS_NULL") !== negated;
    return column ? [{ [column]: { presence: isNull ? "null" : "value" } }] : [{}];
  }
  if ("BooleanTest" in node) {
    const column = columnOf(node.BooleanTest.arg);
    const isTrue = /^IS_(TRUE|NOT_FALSE)$/.test(node.BooleanTest.booltesttype ?? "") !== negated;
    return column ? [{ [column]: { oneOf: [String(isTrue)] } }] : [{}];
  }
  if ("A_Expr" in node) return solveOperator(node.A_Expr, negated);
  const column = columnOf(node);
  return column ? [{ [column]: { oneOf: [String(!negated)] } }] : [{}];
}

function both(one: Way[], other: Way[]): Way[] {
  const ways = one.flatMap((a) => other.map((b) => meet(a, b))).filter((way) => way !== undefined);
  return ways.length === 0 ? [{}] : ways.slice(0, 24);
}

type Operator = Extract<Node, { A_Expr: unknown }>["A_Expr"];

const opposites: Record<string, string> = {
  "=": "<>",
  "<>": "=",
  "<": ">=",
  ">=": "<",
  ">": "<=",
  "<=": ">",
  "~": "!~",
  "!~": "~",
};
const mirrors: Record<string, string> = { "<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "<>": "<>" };

function solveOperator({ kind, name, lexpr, rexpr }: Operator, negated: boolean): Way[] {
  const written = stringOf(name?.at(-1)) ?? "";
  const operator = negated ? (opposites[written] ?? "") : written;
  const list = kind === "AEXPR_OP_ANY" || kind === "AEXPR_OP_ALL" ? constantsOf(rexpr) : undefined;
  if (list) {
    const column = columnOf(lexpr);
    if (!column) return [{}];
    if (written === "=" || written === "<>") {
      return [{ [column]: (written === "=") !== negated ? { oneOf: list } : { noneOf: list } }];
    }
    return list.flatMap((constant) => compare(operator, lexpr, constant));
  }
  const among = written === "<@" && !negated ? constantsOf(rexpr) : undefined;
  if (among) return [{ [elementsOf(columnOf(lexpr) ?? "")]: { oneOf: among } }];
  const [left, right] = [constantOf(lexpr), constantOf(rexpr)];
  if (right !== undefined) return compare(operator, lexpr, right);
  if (left !== undefined) return compare(mirrors[operator] ?? "", rexpr, left);
  return relate(operator, lexpr, rexpr);
}

/** Column, or a function of one, against a constant. */
function compare(operator: string, node: Node | undefined, constant: string): Way[] {
  const column = columnOf(node);
  if (column) return [{ [column]: demandOf(operator, constant) }];
  const call = callOf(node);
  if (call === undefined) return [{}];
  const inner = call.columns[0] ?? "";
  if (
    /^(char_length|character_length|length|octet_length|cardinality|array_length|jsonb_array_length|json_array_length)$/.test(
      call.name,
    )
  ) {
    const ofJson = call.name.startsWith("json") ? { jsonType: "array" } : {};
    return [{ [inner]: { ...lengthDemand(operator, Number(constant)), ...ofJson } }];
  }
  if (/^jsonb?_typeof$/.test(call.name) && operator === "=") return [{ [inner]: { jsonType: constant } }];
  if (/^(btrim|ltrim|rtrim|trim|lower|upper|coalesce)$/.test(call.name)) {
    return [{ [inner]: { ...demandOf(operator, constant), presence: "value" } }];
  }
  if (call.name === "num_nonnulls" && (operator === "=" || operator === ">="))
    return choose(call.columns, Number(constant));
  if (call.name === "num_nulls" && operator === "=")
    return choose(call.columns, call.columns.length - Number(constant));
  return [{}];
}

/** The ways to give exactly `count` of `columns` a value. */
function choose(columns: readonly string[], count: number): Way[] {
  return columns.map((_, start) =>
    Object.fromEntries(
      columns.map((column, place) => {
        const given = (place - start + columns.length) % columns.length < count;
        return [column, { presence: given ? "value" : "null" } as Demand];
      }),
    ),
  );
}

function demandOf(operator: string, constant: string): Demand {
  switch (operator) {
    case "=":
      return { oneOf: [constant] };
    case "<>":
      return { noneOf: [constant] };
    case ">":
      return { min: { at: constant, strict: true } };
    case ">=":
      return { min: { at: constant, strict: false } };
    case "<":
      return { max: { at: constant, strict: true } };
    case "<=":
      return { max: { at: constant, strict: false } };
    case "~":
      return { patterns: [constant] };
    case "~*":
      return { patterns: [constant] };
    case "~~":
    case "~~*":
      return { patterns: [likeToRegex(constant)] };
    case "?":
      return { jsonKeys: [constant] };
    default:
      return {};
  }
}

function lengthDemand(operator: string, length: number): Demand {
  switch (operator) {
    case "=":
      return { minLength: length, maxLength: length };
    case ">":
      return { minLength: length + 1 };
    case ">=":
      return { minLength: length };
    case "<":
      return { maxLength: length - 1 };
    case "<=":
      return { maxLength: length };
    case "<>":
      return length === 0 ? { minLength: 1 } : {};
    default:
      return {};
  }
}

/** Two columns against each other, or one against a function of itself. */
function relate(operator: string, lexpr: Node | undefined, rexpr: Node | undefined): Way[] {
  const tests = [lexpr, rexpr].map((node) =>
    node && "NullTest" in node ? solve(node, false)[0] : undefined,
  );
  const [a, b] = tests;
  if (a && b) {
    const not = (way: Way): Way =>
      Object.fromEntries(
        Object.entries(way).map(([name, { presence }]) => [
          name,
          { presence: presence === "null" ? "value" : "null" },
        ]),
      );
    const pairs =
      operator === "="
        ? [
            [a, b],
            [not(a), not(b)],
          ]
        : [
            [a, not(b)],
            [not(a), b],
          ];
    return pairs.map(([one, other]) => meet(one as Way, other as Way)).filter((way) => way !== undefined);
  }
  const [left, right] = [columnsIn(lexpr), columnsIn(rexpr)];
  const [one, other] = [left[0], right[0]];
  if (one === undefined || other === undefined) return [{}];
  if (one === other) {
    const call = callOf(lexpr) ?? callOf(rexpr);
    return call?.name === "lower" || call?.name === "upper" ? [{ [one]: { case: call.name } }] : [{}];
  }
  if (operator === "=") return [{ [other]: { sameAs: one } }];
  if (operator === ">" || operator === ">=") return [{ [one]: { above: 1 } }];
  return /^(<|<=|<>)$/.test(operator) ? [{ [other]: { above: 1 } }] : [{}];
}

function likeToRegex(pattern: string): string {
  const escaped = pattern.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return `^${escaped.replaceAll("%", "[a-z]{1,5}").replaceAll("_", "[a-z]")}$`;
}
