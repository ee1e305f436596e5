// Run as a program of its own, to be killed: makes a database and a role on the server of the URL given, and waits.
import { withConnection } from "../../harness/engine/connection.ts";
import { createDatabase } from "../../harness/engine/database.ts";
import { existingEngine } from "../../harness/engine/existing.ts";
import { thisMachine } from "../../harness/engine/machine.ts";

const [, , url = ""] = process.argv;
const cluster = await existingEngine(thisMachine()).start({ url, disposable: true }, () => {});
await withConnection(cluster.superuser, (connection) => connection.query("create role left_over login"));
await createDatabase(cluster, { owner: "left_over" });
console.log("made");
setInterval(() => {}, 60_000);
