import { faker } from "@faker-js/faker/locale/en";
import type { Draw } from "../../harness/workload/draw.ts";

/** Made once, when the first row is: a faker for each of millions of rows would take minutes. */
let pool: {
  readonly first: readonly string[];
  readonly last: readonly string[];
  readonly notes: readonly string[];
};

function people(): typeof pool {
  if (pool === undefined) {
    faker.seed(1);
    const many = (make: () => string) => Array.from({ length: 500 }, make);
    pool = {
      first: many(() => faker.person.firstName()),
      last: many(() => faker.person.lastName()),
      notes: many(() => faker.lorem.sentence({ min: 4, max: 20 })),
    };
  }
  return pool;
}

/** First name and surname of somebody. */
export function drawName(draw: Draw): readonly [first: string, last: string] {
  const { first, last } = people();
  return [draw.oneOf(first), draw.oneOf(last)];
}

/** A sentence. */
export function drawNote(draw: Draw): string {
  return draw.oneOf(people().notes);
}
