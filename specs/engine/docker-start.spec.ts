import type { RequestListener, ServerResponse } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { dockerEngine } from "../../harness/engine/docker.ts";
import { thisOwner, writeOwner } from "../../harness/engine/owner.ts";
import { answerJson, type FakeEngine, listenAs, machineWith, makeFolder, pong } from "./fake-docker.ts";

// One engine for the whole file, since testcontainers holds on to the first one that it meets.
let folder: Awaited<ReturnType<typeof makeFolder>>;
let engine: FakeEngine;
let answers: Record<string, (response: ServerResponse) => void>;

const route: RequestListener = (request, response) => {
  const asked = `${request.method} ${request.url?.split("?")[0]}`;
  if (asked === "GET /_ping") return pong(request, response);
  const answer = answers[asked];
  return answer ? answer(response) : answerJson(response, 404, { message: `no ${asked}` });
};

beforeAll(async () => {
  folder = await makeFolder();
  engine = await listenAs(join(folder.path, "docker.sock"), route);
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

beforeEach(() => {
  answers = {
    "GET /info": (response) =>
      answerJson(response, 200, { Name: "fake", OperatingSystem: "Fake", ServerVersion: "1" }),
    "GET /containers/json": (response) => answerJson(response, 200, []),
    "GET /images/json": (response) => answerJson(response, 200, []),
  };
});

function start(env: Record<string, string>, port?: number) {
  const machine = machineWith({ DOCKER_HOST: engine.uri, ...env }, folder.path);
  const docker = dockerEngine(machine);
  return docker.start(port === undefined ? { major: 15 } : { major: 15, port }, () => {});
}

const present = (response: ServerResponse) => answerJson(response, 200, { Id: "sha256:1" });

describe("an image that cannot be pulled", () => {
  it.each([
    [
      "unknown",
      404,
      { message: "manifest unknown" },
      "ENGINE_START",
      /ready:1 cannot be pulled.*manifest unknown/,
    ],
    ["out of reach", 500, { message: "no such host" }, "ENGINE_START", /no such host/],
    ["cut off midway", 200, { error: "unexpected EOF" }, "ENGINE_START", /unexpected EOF/],
    ["too large", 200, { error: "write: no space left on device" }, "NO_SPACE", /no space left/],
    ["gone as soon as it came", 200, { status: "done" }, "ENGINE_START", /was pulled, but is not there/],
  ])("because it is %s is a fault that says so", async (_, status, body, code, message) => {
    answers["POST /images/create"] = (response) =>
      answerJson(response, status, ...(status === 200 ? [{ status: "begin" }] : []), body);
    await expect(start({ TENANTPROOF_IMAGE: "ready:1" })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/TENANTPROOF_IMAGE|docker pull|disk space/),
    });
  });
});

describe("an image that cannot be built", () => {
  it("is a fault with the end of the build's log, and no older image is run in its place", async () => {
    answers["GET /images/base:1/json"] = present;
    answers["POST /build"] = (response) =>
      answerJson(
        response,
        200,
        { stream: "Step 1/8 : ARG BASE\n" },
        { stream: "\u001b[91mE: Unable to locate package postgresql-15-pgaudit\n" },
        { error: "The command '/bin/sh -c set -eu;\n apt-get' returned a non-zero code: 100" },
      );
    await expect(start({ TENANTPROOF_BASE_IMAGE: "base:1" })).rejects.toMatchObject({
      code: "ENGINE_START",
      message:
        "The image could not be built from base:1: a step of the Dockerfile returned a non-zero code: 100\n" +
        "Step 1/8 : ARG BASE\nE: Unable to locate package postgresql-15-pgaudit",
      hint: expect.stringContaining("TENANTPROOF_BASE_IMAGE"),
    });
    expect(engine.asked).not.toContain("POST /containers/create");
  });

  it("because the disk is full is a fault of space", async () => {
    answers["GET /images/base:1/json"] = present;
    answers["POST /build"] = (response) => answerJson(response, 200, { error: "no space left on device" });
    await expect(start({ TENANTPROOF_BASE_IMAGE: "base:1" })).rejects.toMatchObject({
      code: "NO_SPACE",
      exit: 3,
    });
  });

  it("because the engine ended is a fault", async () => {
    answers["GET /images/base:1/json"] = present;
    answers["POST /build"] = (response) => answerJson(response, 200, { stream: "Step 1/8" });
    await expect(start({ TENANTPROOF_BASE_IMAGE: "base:1" })).rejects.toMatchObject({
      code: "ENGINE_START",
      message: expect.stringContaining("broke off"),
    });
  });
});

describe("a container that cannot be started", () => {
  it.each([
    [
      "driver failed: Bind for 127.0.0.1:5999 failed: port is already allocated",
      "PORT_IN_USE",
      /Port 5999 of 127.0.0.1/,
    ],
    ["listen tcp4 127.0.0.1:5999: bind: address already in use", "PORT_IN_USE", /Port 5999 of 127.0.0.1/],
    ["mkdir /var/lib/docker: no space left on device", "NO_SPACE", /no space/],
    [
      "exec: sh: executable file not found",
      "ENGINE_START",
      /could not be started.*executable file not found/,
    ],
  ])("because of %j is a fault, and is removed", async (said, code, message) => {
    let removed = false;
    const answer = answers;
    answer["GET /images/ready:1/json"] = present;
    answer["POST /containers/create"] = (response) => {
      // The engine names the container; whoever removes it by its name must be heard too.
      const name = /[?&]name=([^&]+)/.exec(response.req.url ?? "")?.[1];
      answer[`DELETE /containers/${name}`] = (gone) => {
        removed = true;
        gone.writeHead(204).end();
      };
      answerJson(response, 500, { message: said });
    };
    await expect(start({ TENANTPROOF_IMAGE: "ready:1" }, 5999)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(removed).toBe(true);
  });
});

describe("settings that a request wants", () => {
  it("are given to the server in place of ours", async () => {
    let asked = "";
    answers["GET /images/ready:1/json"] = present;
    answers["POST /containers/create"] = async (response) => {
      asked = (JSON.parse(await text(response.req)) as { Cmd: string[] }).Cmd.join(" ");
      answerJson(response, 500, { message: "enough seen" });
    };
    const machine = machineWith({ DOCKER_HOST: engine.uri, TENANTPROOF_IMAGE: "ready:1" }, folder.path);
    const start = dockerEngine(machine).start({ settings: { shared_buffers: "1GB", jit: "on" } }, () => {});
    await expect(start).rejects.toThrow("enough seen");
    expect(asked).toContain("-c shared_buffers=1GB");
    expect(asked).toContain("-c jit=on");
    expect(asked).not.toContain("-c jit=off");
  });
});

describe("the sweep before a start", () => {
  const dead = { pid: 999_999_999, started: "1", realm: "another-boot pid:[1]" };
  it.each([
    ["removes the container of a dead owner", "tenantproof-1-a", "dead", true],
    ["leaves the container of a dead owner who asked to keep it", "tenantproof-kept-a", "dead", false],
    ["leaves the container of a living owner", "tenantproof-1-a", "alive", false],
    ["leaves a container whose owner cannot be read", "tenantproof-1-a", "unknown", false],
  ])("%s", async (_, name, owner, expected) => {
    const record =
      owner === "unknown" ? "?" : writeOwner(owner === "dead" ? { ...thisOwner(), ...dead } : thisOwner());
    const container = { Id: "c1", Names: [`/${name}`], Labels: { "tenantproof.owner": record } };
    answers["GET /containers/json"] = (response) => answerJson(response, 200, [container]);
    let removed = false;
    answers["DELETE /containers/c1"] = (response) => {
      removed = true;
      response.writeHead(204).end();
    };
    await expect(start({ TENANTPROOF_IMAGE: "ready:1" })).rejects.toMatchObject({ code: "ENGINE_START" });
    expect(removed).toBe(expected);
  });
});
