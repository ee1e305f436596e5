#!/usr/bin/env node
// Plain JavaScript, so that an old Node answers with a sentence instead of a syntax error.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`tenantproof needs Node 20.19 or newer; this is ${process.version}`);
  process.exit(2);
}
const { register } = await import("tsx/esm/api");
register();
// A configuration in a package that does not say "type": "module" is CommonJS to Node, and so is what it imports.
const { register: registerCommonJs } = await import("tsx/cjs/api");
registerCommonJs();
const { main } = await import("./main.ts");
await main(process.argv.slice(2));
