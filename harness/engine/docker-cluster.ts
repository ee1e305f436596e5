import { Fault } from "../fault/fault.ts";
import { type Cluster, type Major, majors } from "./cluster.ts";
import { withConnection } from "./connection.ts";
import { ignoreGone, keptPrefix } from "./docker-client.ts";
import { type ContainerPlan, type ServerContainer, startContainer } from "./docker-container.ts";
import { readServerLog } from "./docker-log.ts";

/**
 * A started container as a cluster. Disposed of, the container and its data are gone.
 * @throws Fault ENGINE_START, NO_SPACE, PORT_IN_USE; no container is left then.
 */
export async function startCluster(plan: ContainerPlan): Promise<Cluster> {
  const server = await startContainer(plan);
  const { docker } = plan.client;
  const container = docker.getContainer(server.id);
  const remove = async () => {
    await ignoreGone(container.remove({ force: true, v: true }));
    server.lifeline.destroy();
  };
  try {
    const facts = await readFacts(server, plan);
    let renamed: Promise<unknown> | undefined;
    return {
      engine: "docker",
      description: `docker: PostgreSQL ${facts.version} from image ${plan.image}, ${plan.client.description}, ${facts.pgauditMissing ? "without" : "with"} pgAudit`,
      major: facts.major,
      pgaudit: facts.pgauditMissing === undefined,
      ...(facts.pgauditMissing ? { pgauditMissing: facts.pgauditMissing } : {}),
      superuser: server.superuser,
      readLog: () => readServerLog(docker, server.id, server.superuser),
      get kept() {
        return renamed !== undefined;
      },
      keep() {
        const kept = `${keptPrefix}${server.id.slice(0, 12)}`;
        if (!renamed) {
          server.lifeline.write("keep\n");
          renamed = container.rename({ name: kept });
          renamed.catch(() => {});
        }
        const { host, port, user, password } = server.superuser;
        return `Kept: connect with psql "postgres://${user}:${password}@${host}:${port}/postgres"; remove with docker rm -f ${kept}`;
      },
      async [Symbol.asyncDispose]() {
        if (!renamed) return await remove();
        await ignoreGone(renamed);
        server.lifeline.end();
      },
    };
  } catch (thrown) {
    await remove();
    throw thrown;
  }
}

interface Facts {
  readonly major: Major;
  readonly version: string;
  readonly pgauditMissing?: string;
}

/** @throws Fault ENGINE_START when the image holds another major than was asked for, or one that we do not know. */
async function readFacts(
  { superuser }: ServerContainer,
  { image, major: wanted }: ContainerPlan,
): Promise<Facts> {
  const [row] = await withConnection(superuser, async (connection) => {
    const answer = await connection.query<{ version: string; preload: string; available: boolean }>(`
      select current_setting('server_version') as version, current_setting('shared_preload_libraries') as preload,
             exists (select from pg_catalog.pg_available_extensions where name = 'pgaudit') as available`);
    return answer.rows;
  });
  const { version = "", preload = "", available = false } = row ?? {};
  const major = majors.find((known) => known === Number.parseInt(version, 10));
  if (major === undefined || (wanted !== undefined && major !== wanted)) {
    const expected = wanted ?? `one of ${majors.join(", ")}`;
    throw new Fault("ENGINE_START", `The image holds PostgreSQL ${version}; asked for is ${expected}`, {
      where: image,
      hint: "Name another image with TENANTPROOF_IMAGE, or give the --postgres that it holds.",
    });
  }
  const short = version.split(" ")[0] ?? version;
  if (preload.split(",").includes("pgaudit") && available) return { major, version: short };
  return {
    major,
    version: short,
    pgauditMissing: `the image ${image} has no pgAudit for PostgreSQL ${major}`,
  };
}
