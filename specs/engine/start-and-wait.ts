// Run as a program of its own, to be killed: starts a server with its files in the folder given, and waits.
import { localEngine } from "../../harness/engine/local.ts";
import { thisMachine } from "../../harness/engine/machine.ts";

const [, , folder = ""] = process.argv;
const cluster = await localEngine({ ...thisMachine(), scratch: [folder] }).start({}, () => {});
if (process.argv[3] === "keep") cluster.keep();
console.log("started");
setInterval(() => {}, 60_000);
