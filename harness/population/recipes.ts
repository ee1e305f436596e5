/** Whom a row belongs to: an id in the table of people, and the tenant. */
export interface Person {
  readonly id: string;
  readonly tenant: string;
}

export interface RecipeContext {
  /** Absent for rows that no tenant owns. */
  readonly tenant: string | undefined;
  readonly person: Person | undefined;
  /** Another number for each value: what it is built into is distinct. */
  readonly n: number;
  readonly seed: number;
}

/** Makes a column's value in PostgreSQL's text form, or null. */
export type Recipe = (context: RecipeContext) => string | null;

/** `schema.table` -> column -> how the project wants its values made. */
export type Recipes = Readonly<Record<string, Readonly<Record<string, Recipe>>>>;
