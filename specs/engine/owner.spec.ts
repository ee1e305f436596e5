import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isAlive, readOwner, thisOwner, writeOwner } from "../../harness/engine/owner.ts";

describe("an owner record", () => {
  it("survives being written and read", () => {
    expect(readOwner(writeOwner(thisOwner()))).toEqual(thisOwner());
  });

  it.each(["", "{", "null", "[]", "{}", '{"pid":1}', '{"pid":"1","started":"","realm":"","host":""}'])(
    "is not seen in %j",
    (text) => {
      expect(readOwner(text)).toBeUndefined();
    },
  );
});

describe("an owner", () => {
  it("that is this process is alive", () => {
    expect(isAlive(thisOwner())).toBe(true);
  });

  it("whose pid now belongs to a process started at another time is dead", () => {
    expect(isAlive({ ...thisOwner(), started: "1" })).toBe(false);
  });

  it.runIf(process.platform === "linux")("from before a restart of the machine is dead", () => {
    expect(isAlive({ ...thisOwner(), realm: "another-boot pid:[1]" })).toBe(false);
  });

  it.runIf(process.platform === "linux")("in another container of this machine counts as alive", () => {
    const [boot] = thisOwner().realm.split(" ");
    expect(isAlive({ ...thisOwner(), pid: 999_999_999, realm: `${boot} pid:[1]` })).toBe(true);
  });

  it("on another machine counts as alive", () => {
    expect(isAlive({ ...thisOwner(), host: "elsewhere", pid: 999_999_999 })).toBe(true);
  });

  it("that has ended is dead", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    const owner = { ...thisOwner(), pid: child.pid ?? 0, started: "" };
    expect(isAlive(owner)).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(isAlive(owner)).toBe(false);
  });

  it.runIf(process.platform === "linux")("that is a zombie is dead", async () => {
    // The shell starts a child, and has become a process that never waits for it when the child ends.
    const parent = spawn("sh", ["-c", "sleep 0.2 & echo $!; exec sleep 30"]);
    try {
      const [line] = (await once(parent.stdout, "data")) as [Buffer];
      const pid = Number(line.toString());
      await expect.poll(() => readFileSync(`/proc/${pid}/stat`, "utf8")).toContain(") Z ");
      expect(isAlive({ ...thisOwner(), pid, started: "" })).toBe(false);
    } finally {
      parent.kill("SIGKILL");
    }
  });
});
