import { setTimeout as sleep } from "node:timers/promises";
import { openDirect, openSessions } from "../session/session.ts";
import { applyAll, type Manner } from "./apply-pending.ts";
import { judgeTraffic } from "./checks/traffic.ts";
import { toldMs } from "./checks/words.ts";
import { check, hasAuthenticator, type RehearsalRequest } from "./request.ts";
import { openStage } from "./stage.ts";
import { Traffic } from "./traffic/drive.ts";
import { configuredMix, keyedMix } from "./traffic/mix.ts";
import { summarize } from "./traffic/summary.ts";

/** How long the application is watched before the first file and after the last. */
const calmMs = 3_000;

/** The pending files once more, on another copy, with the application's requests beside them. */
export async function trafficPass(
  request: RehearsalRequest,
  manner: Manner,
  say: (line: string) => void,
): Promise<void> {
  const { theatre, project, findings, rate, seed, maxStallMs } = request;
  await using stage = await openStage(theatre, theatre.pristine);
  const configured = project.rehearsal?.traffic ?? [];
  const asked = (await hasAuthenticator(stage.superuser)) ? configured : [];
  const told = await configuredMix(stage.superuser, asked, project.tenancy);
  const mix = told.requests.length > 0 ? told : { ...(await keyedMix(stage.superuser)), left: told.left };
  await using sessions = openSessions(stage.database.address("authenticator"), {
    size: 40,
    forgetful: false,
  });
  await using direct = openDirect(stage.database.address(theatre.deployer), { size: 40 });
  await check(request, "traffic", async (proof) => {
    await using traffic = Traffic.start({ requests: mix.requests, sessions, direct, rate, seed });
    await sleep(calmMs);
    const from = performance.now();
    const files = await applyAll(stage, theatre.plan, manner);
    const to = performance.now();
    await sleep(calmMs);
    await traffic.stop();
    const summary = summarize(
      traffic.answered,
      { from, to },
      { rate, dropped: traffic.dropped, asked: mix.requests.map(({ id }) => id), left: mix.left },
    );
    findings.traffic = { summary, files };
    const [, during] = summary.phases;
    say(
      `${during?.requests ?? 0} requests while ${files.length} files ran, the longest ${toldMs(during?.longest ?? 0)}`,
    );
    judgeTraffic(findings.traffic, maxStallMs, proof);
    const stuck = files.find(({ outcome }) => outcome === "failed");
    if (stuck?.error)
      proof.broke(`with traffic beside it ${stuck.file} fails: ${stuck.error.what}`, `-- ${stuck.file}`);
  });
}
