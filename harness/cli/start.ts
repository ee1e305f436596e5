import { openCluster } from "../engine/choose.ts";
import type { Cluster, EngineRequest } from "../engine/cluster.ts";
import { allEngines } from "../engine/engines.ts";
import type { Progress } from "./progress.ts";
import type { EngineChoice } from "./settings.ts";

/** The server that was asked for. One that is given up while it starts is removed as soon as it is there. @throws as `openCluster`. */
export async function startCluster(
  { choice, request }: { readonly choice: EngineChoice; readonly request: EngineRequest },
  progress: Progress,
): Promise<Cluster> {
  let starting: Promise<Cluster> | undefined;
  try {
    return await progress.stage("engine", async (say) => {
      let chosen: string | undefined;
      starting = openCluster(choice, request, allEngines(), (line) => {
        chosen ??= line;
        say(line);
      });
      const cluster = await starting;
      // What stays on the screen is what was chosen and why, not the last step on the way.
      if (chosen !== undefined) say(chosen);
      return cluster;
    });
  } catch (thrown) {
    starting?.then((cluster) => cluster[Symbol.asyncDispose]()).catch(() => {});
    throw thrown;
  }
}
