/** One object in an answer that says whose it is: of which tenant, or whose id, or both. */
interface Owned {
  readonly tenant?: string;
  readonly person?: string;
}

/** The columns that say whose a row is. */
export interface Owners {
  readonly tenant: string;
  readonly person?: string | undefined;
}

/**
 * Every object in the body of an answer that says whose it is, wherever it is nested: functions and PostgREST
 * return whole results as one value, as JSON or as the text of it. @throws SyntaxError when the body is no JSON.
 */
export function ownedIn(body: string, owners: Owners): Owned[] {
  const found: Owned[] = [];
  const visit = (value: unknown, depth: number): void => {
    if (typeof value !== "object" || value === null) {
      // Texts further inside are what somebody wrote, and may say anything.
      if (typeof value === "string" && depth <= 2) visitText(value);
      return;
    }
    if (!Array.isArray(value)) {
      const row = value as Readonly<Record<string, unknown>>;
      const tenant = nameIn(row, owners.tenant);
      const person = nameIn(row, owners.person);
      if (tenant ?? person) found.push({ ...(tenant && { tenant }), ...(person && { person }) });
    }
    for (const inside of Object.values(value)) visit(inside, depth + 1);
  };
  const visitText = (text: string): void => {
    if (!/^\s*[[{]/.test(text)) return;
    try {
      visit(JSON.parse(text), 3);
    } catch {
      // It only began like JSON.
    }
  };
  visit(JSON.parse(body), 0);
  return found;
}

/**
 * Whether there is anything in the body but nulls, zeros, falsehoods and empty lists: what an aggregate answers where it
 * sees no row.
 */
export function saysSomething(body: string): boolean {
  const something = (value: unknown): boolean => {
    if (typeof value === "object" && value !== null) return Object.values(value).some(something);
    if (typeof value !== "string") return Boolean(value);
    if (!/^\s*[[{]/.test(value)) return !/^[0.]*$/.test(value);
    try {
      return something(JSON.parse(value));
    } catch {
      return true;
    }
  };
  return something(JSON.parse(body));
}

function nameIn(row: Readonly<Record<string, unknown>>, column: string | undefined): string | undefined {
  const value = column === undefined ? undefined : row[column];
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}
