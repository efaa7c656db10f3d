// scripts/up --local, but for the installing and building: other tests use what is built meanwhile.
import { runLocalFleet } from '../../../../../scripts/lib/fleet/local-fleet.mjs';
import { parseUpArguments } from '../../../../../scripts/lib/fleet/up-arguments.mjs';

const { servers, clients } = parseUpArguments(process.argv.slice(2)).size;
process.exitCode = await runLocalFleet({ servers, clients, hasRedis: true });
