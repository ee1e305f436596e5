import { describe, expect, it } from "vitest";
import { existingEngine } from "../../harness/engine/existing.ts";
import { localEngine } from "../../harness/engine/local.ts";
import { thisMachine } from "../../harness/engine/machine.ts";
import { addSettings, writeSettings } from "../../harness/engine/settings.ts";
import { ask } from "./ask.ts";
import { freePort } from "./free-port.ts";

describe("settings that a request wants", () => {
  it("come besides ours or instead of them, whatever their case", () => {
    const settings = addSettings(
      { jit: "off", fsync: "off" },
      { JIT: "on", "auto_explain.log_format": "json" },
    );
    expect(settings).toEqual({ jit: "on", fsync: "off", "auto_explain.log_format": "json" });
    expect(writeSettings(settings)).toBe("jit = 'on'\nfsync = 'off'\nauto_explain.log_format = 'json'\n");
  });

  it.each([
    ["the engine sets itself", { Port: "1" }, "port is set by the engine itself"],
    ["is no name", { "a b": "1" }, "a b is no name of a setting"],
    ["would end the line", { jit: "on\nport = 1" }, "the value of jit holds a backslash or a line break"],
    ["would end the text", { jit: "\\'" }, "the value of jit holds a backslash or a line break"],
  ])("are refused when one %s", (_, wanted, why) => {
    expect(() => addSettings({}, wanted as Record<string, string>)).toThrow(why);
  });

  it("are all named when several are refused", () => {
    expect(() => addSettings({}, { port: "1", hba_file: "/nowhere" })).toThrow(/port .*; hba_file /);
  });
});

describe("a server", () => {
  it("of ours has them; one that is not ours keeps its own, and that is said", async () => {
    const port = await freePort();
    const settings = { work_mem: "5MB", autovacuum: "on" };
    await using ours = await localEngine(thisMachine()).start({ port, settings }, () => {});
    const show = "select current_setting('work_mem') as memory, current_setting('autovacuum') as autovacuum";
    expect(await ask(ours.superuser, show)).toEqual([{ memory: "5MB", autovacuum: "on" }]);
    const said: string[] = [];
    const url = `postgres://${ours.superuser.user}:${ours.superuser.password}@127.0.0.1:${port}/postgres`;
    const request = { url, disposable: true, settings: { work_mem: "6MB" } };
    await using other = await existingEngine(thisMachine()).start(request, (line) => said.push(line));
    expect(said).toEqual([`The server at 127.0.0.1:${port} keeps its own settings of work_mem`]);
    expect(await ask(other.superuser, show)).toEqual([{ memory: "5MB", autovacuum: "on" }]);
  });
});
