// Run as a program of its own, to be killed: saves the data of a server with all its files in the folder given, and waits.
import { localEngine } from "../../harness/engine/local.ts";
import { furnishedMachineIn } from "./machines.ts";

const [, , folder = "", data = ""] = process.argv;
const cluster = await localEngine(await furnishedMachineIn(folder)).start({ data }, () => {});
console.log("started");
await cluster.save?.();
console.log("saved");
setInterval(() => {}, 60_000);
