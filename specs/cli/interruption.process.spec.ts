import { describe, expect, inject, it } from "vitest";
import { migrationsFolder, tenantproof } from "./command.ts";

const here = inject("shared").engine !== "docker" && process.platform === "linux";

describe.concurrent("a run that somebody interrupts", () => {
  it.runIf(here).each<[string, string[], NodeJS.Signals, string | undefined]>([
    ["while its engine starts", ["--only", "H"], "SIGINT", undefined],
    ["while the platform is built", ["--only", "W"], "SIGINT", "✔ engine"],
    [
      "while a migration runs",
      ["--only", "H", "--migrations", migrationsFolder("broken-endless")],
      "SIGTERM",
      "✔ platform",
    ],
    ["while tenants are made", ["--only", "W"], "SIGINT", "✔ migrations"],
    ["while a promise is proved", ["--only", "W,H,B"], "SIGHUP", "✔ tenants"],
  ])("%s says so and leaves nothing", async (_, args, signal, stage) => {
    const { exit, said, left } = await tenantproof(["gate", ...args], {
      async meanwhile(running) {
        if (stage === undefined) await running.directory();
        else await running.printed(stage);
        running.kill(signal);
      },
    });
    expect(said).toContain(`INTERRUPTED  stopped by ${signal}`);
    expect(said).toContain("Everything that was started has been removed.");
    expect({ exit, left }).toEqual({ exit: 130, left: [] });
  });

  it("leaves another run alone", async () => {
    let interrupt = () => {};
    const begun = new Promise<void>((resolve) => {
      interrupt = resolve;
    });
    const [interrupted, undisturbed] = await Promise.all([
      tenantproof(["gate", "--only", "W"], {
        async meanwhile(running) {
          await begun;
          running.kill("SIGINT");
        },
      }),
      tenantproof(["gate", "--only", "H"], {
        async meanwhile(running) {
          await running.printed("✔ platform");
          interrupt();
        },
      }),
    ]);
    expect(interrupted).toMatchObject({ exit: 130, left: [] });
    expect(undisturbed).toMatchObject({ exit: 0, left: [] });
  });
});
