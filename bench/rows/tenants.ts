import type { Sheet } from "../../harness/workload/workload.ts";
import { minutesAfter } from "./times.ts";

/** One for each place. */
export const organizations: Sheet = {
  schema: "public",
  name: "organizations",
  columns: ["id", "name", "created_at"],
  rowsOf: () => 1,
  row: ({ tenant, index, today }) => [tenant, `clinic ${index}`, minutesAfter(today, -600_000)],
};

export const users: Sheet = {
  schema: "auth",
  name: "users",
  columns: ["id", "aud", "role", "email", "raw_app_meta_data", "raw_user_meta_data", "created_at"],
  rowsOf: ({ people }) => people.length,
  row: ({ tenant, people, index, today }, n) => [
    people[n] as string,
    "authenticated",
    "authenticated",
    `person.${n}@clinic-${index}.example`,
    JSON.stringify({ org_id: tenant }),
    "{}",
    minutesAfter(today, -600_000),
  ],
};
