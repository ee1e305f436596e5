// A thread starts with plain JavaScript: the loader of TypeScript that the main thread has is not there yet.
import { register } from "tsx/esm/api";

register();
await import("./thread-gateway.ts");
