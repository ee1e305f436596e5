// Starts a server, telling its steps, says how to reach it, and holds it until it is killed. With "keep", it lets go of it and keeps it.
import { dockerEngine } from "../../harness/engine/docker.ts";
import { request } from "./request.ts";

const cluster = await dockerEngine().start(request, (line) => process.stdout.write(`${line}\n`));
if (process.argv[2] === "keep") {
  cluster.keep();
  await cluster[Symbol.asyncDispose]();
}
process.stdout.write(`${JSON.stringify(cluster.superuser)}\n`);
setInterval(() => {}, 1_000);
