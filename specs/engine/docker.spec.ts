import { createHash } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dockerEngine } from "../../harness/engine/docker.ts";
import { readGateway } from "../../harness/engine/docker-host.ts";
import { type FakeEngine, listenAs, machineWith, makeFolder, pong } from "./fake-docker.ts";

const hang: RequestListener = () => {};
const say = () => {};

let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

function probe(env: Record<string, string>, home = folder.path) {
  return dockerEngine(machineWith(env, home)).probe({});
}

describe("the docker engine", () => {
  it.each(["tcp", "socket"])("is available where a %s address answers a ping", async (kind) => {
    await using engine = await listenAs(kind === "tcp" ? kind : join(folder.path, "good"), pong);
    expect(await probe({ DOCKER_HOST: engine.uri })).toMatchObject({
      available: true,
      pgaudit: true,
      majors: [15, 16, 17, 18],
      detail: expect.stringContaining(engine.uri),
    });
    expect(engine.asked).toEqual(["GET /_ping"]);
  });

  it.each([
    ["hangs", hang, /did not answer within 250 ms/, /Restart/],
    [
      "stops in the middle of an answer",
      (_, response) => response.write("HT"),
      /no Docker engine/,
      /Correct/,
    ],
    ["answers 500", (_, response) => response.writeHead(500).end(), /HTTP status 500/, /log/],
    [
      "is some other server",
      (_, response) => response.writeHead(200).end("OK"),
      /no Docker engine/,
      /DOCKER_HOST/,
    ],
    [
      "drops the connection",
      (request) => request.socket.destroy(),
      /cannot be reached: socket hang up/,
      /DOCKER_HOST/,
    ],
  ] satisfies [string, RequestListener, RegExp, RegExp][])(
    "is not available where what listens %s, and says so soon",
    async (_, answer, why, hint) => {
      await using engine = await listenAs("tcp", answer);
      const begin = performance.now();
      expect(await probe({ DOCKER_HOST: engine.uri })).toEqual({
        available: false,
        why: expect.stringMatching(why),
        hint: expect.stringMatching(hint),
      });
      // The limit is 250 ms; the rest is for a busy machine.
      expect(performance.now() - begin).toBeLessThan(1_500);
    },
  );

  it.each([
    ["tcp://127.0.0.1:1", /Nobody listens/],
    [
      "unix:///no/such/socket",
      /There is no Docker engine at unix:\/\/\/no\/such\/socket \(from DOCKER_HOST\)/,
    ],
    ["tcp://no-such-host.invalid:2375", /cannot be reached|did not answer/],
    ["/var/run/docker.sock", /no address of a Docker engine/],
    ["ssh://somebody@somewhere", /no address of a Docker engine/],
    ["tcp://", /no address of a Docker engine/],
    ["what?", /no address of a Docker engine/],
  ])("takes DOCKER_HOST=%s as said, though another engine listens at the usual place", async (uri, why) => {
    await using usual = await listenAs(join(folder.path, "docker.sock"), pong);
    expect(await probe({ DOCKER_HOST: uri })).toMatchObject({
      available: false,
      why: expect.stringMatching(why),
    });
    expect(usual.asked).toEqual([]);
    // The sockets of this machine's own Docker come first; where there is none, the usual place of this spec is found.
    expect(await probe({})).toMatchObject({ available: true });
  });

  it("says how to get the right to use a socket that this user may not open", async () => {
    const locked = join(folder.path, "locked");
    await using engine = await listenAs(locked, pong);
    await chmod(folder.path, 0o755);
    await chmod(locked, 0o600);
    const answer = await asPlainUser(() => probe({ DOCKER_HOST: engine.uri }));
    expect(answer).toMatchObject({
      available: false,
      why: expect.stringContaining("This user may not use the Docker engine"),
      hint: expect.stringContaining("group"),
    });
  });

  it("does not start where it is not available, and gives the same reason", async () => {
    await using engine = await listenAs("tcp", hang);
    await expect(
      dockerEngine(machineWith({ DOCKER_HOST: engine.uri }, folder.path)).start({}, say),
    ).rejects.toMatchObject({
      code: "NO_ENGINE",
      exit: 3,
      message: expect.stringContaining("did not answer within 1000 ms"),
    });
  });
});

describe("a docker context", () => {
  it.each([
    ["config.json chooses", {}, { currentContext: "far" }],
    ["DOCKER_CONTEXT names", { DOCKER_CONTEXT: "far" }, { currentContext: "near" }],
  ])("that %s is where the engine is looked for", async (_, env, config) => {
    await using home = await makeFolder();
    await using engine = await listenAs("tcp", pong);
    await writeContext(home.path, "far", config, engine);
    expect(await probe(env, home.path)).toMatchObject({ available: true });
    expect(engine.asked).toEqual(["GET /_ping"]);
  });

  it("gives way to DOCKER_HOST", async () => {
    await using home = await makeFolder();
    await using near = await listenAs("tcp", pong);
    await using far = await listenAs("tcp", pong);
    await writeContext(home.path, "far", { currentContext: "far" }, far);
    await probe({ DOCKER_HOST: near.uri }, home.path);
    expect([near.asked, far.asked]).toEqual([["GET /_ping"], []]);
  });

  it("that is chosen but not there is named", async () => {
    expect(await probe({ DOCKER_CONTEXT: "gone" })).toMatchObject({
      available: false,
      why: expect.stringContaining('docker context "gone"'),
      hint: expect.stringContaining("docker context use"),
    });
  });

  it("that wants TLS with certificates that cannot be read is named", async () => {
    const env = {
      DOCKER_HOST: "tcp://127.0.0.1:1",
      DOCKER_TLS_VERIFY: "1",
      DOCKER_CERT_PATH: "/no/such/folder",
    };
    expect(await probe(env)).toMatchObject({
      available: false,
      why: expect.stringContaining("/no/such/folder/ca.pem"),
    });
  });
});

describe("the gateway of a container", () => {
  const header = "Iface\tDestination\tGateway\tFlags\n";
  it.each([
    [
      "the default route",
      `${header}eth0\t000011AC\t00000000\t0001\neth0\t00000000\t010011AC\t0003\n`,
      "172.17.0.1",
    ],
    ["no route but the local one", `${header}eth0\t000011AC\t00000000\t0001\n`, undefined],
    ["nothing", "", undefined],
  ])("is read from %s", (_, routes, gateway) => {
    expect(readGateway(routes)).toBe(gateway);
  });
});

async function writeContext(home: string, name: string, config: object, { uri }: FakeEngine): Promise<void> {
  const hash = createHash("sha256").update(name).digest("hex");
  const meta = join(home, ".docker", "contexts", "meta", hash, "meta.json");
  await mkdir(dirname(meta), { recursive: true });
  await writeFile(meta, JSON.stringify({ Name: name, Endpoints: { docker: { Host: uri } } }));
  await writeFile(join(home, ".docker", "config.json"), JSON.stringify(config));
}

/** What `use` answers when root's rights are laid down for it. */
async function asPlainUser<T>(use: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) {
    await chmod(join(folder.path, "locked"), 0o000);
    return use();
  }
  process.seteuid?.(65_534);
  try {
    return await use();
  } finally {
    process.seteuid?.(0);
  }
}
