import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A built coordinator of its own, on free ports: { child, port, httpPort } once it listens. */
export async function launchServer(settings) {
  const main = fileURLToPath(new URL('../../../services/server/dist/main.js', import.meta.url));
  const env = { ...process.env, RANKD_PORT: '0', RANKD_HTTP_PORT: '0', LOG_FORMAT: 'json', ...settings };
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const listening = await new Promise((resolve, reject) => {
    child.once('exit', code => reject(new Error(`the coordinator ended with ${code}`)));
    lines.on('line', line => {
      const event = JSON.parse(line);
      if (event.event === 'listening') resolve(event);
    });
  });
  return { child, port: listening.port, httpPort: listening.httpPort };
}
