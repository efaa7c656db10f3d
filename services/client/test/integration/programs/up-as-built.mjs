// Runs scripts/up --local without installing and building, because other tests use the built files at the same time.
import { runLocalFleet } from '../../../../../scripts/lib/fleet/local-fleet.mjs';
import { parseUpArguments } from '../../../../../scripts/lib/fleet/up-arguments.mjs';

const { servers, clients } = parseUpArguments(process.argv.slice(2)).size;
process.exitCode = await runLocalFleet({ servers, clients, hasRedis: true });
