#!/usr/bin/env node
// Plain JavaScript, so that an old Node answers with a sentence instead of a syntax error.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`tenantproof needs Node 20.19 or newer; this is ${process.version}`);
  process.exit(2);
}
// What is compiled is kept in the folder for temporary files, as is much that a run makes.
const { accessSync, constants } = await import("node:fs");
const { tmpdir } = await import("node:os");
try {
  accessSync(tmpdir(), constants.W_OK | constants.X_OK);
} catch (cause) {
  console.error(`USAGE  The folder for temporary files cannot be used: ${cause.message}
  where   TMPDIR
  next    Set TMPDIR to a folder that this user may write to.`);
  process.exit(2);
}
const { register } = await import("tsx/esm/api");
register();
// A configuration in a package that does not say "type": "module" is CommonJS to Node, and so is what it imports.
const { register: registerCommonJs } = await import("tsx/cjs/api");
registerCommonJs();
const { main } = await import("./main.ts");
await main(process.argv.slice(2));
