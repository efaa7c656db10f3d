import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { realTime } from '../time/test-time.js';
import { ChaosLink } from './chaos-link.js';

/** A TCP proxy on loopback with the faults of a network. */
export class ChaosProxy extends ChaosLink {
  readonly #server: Server;
  #targetPort: number;

  private constructor(targetPort: number) {
    super(realTime);
    this.#targetPort = targetPort;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, client => this.#adopt(client));
  }

  /** Accepts connections on a free port and passes them to `targetPort`. */
  static async open(targetPort: number): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(targetPort);
    await new Promise<void>(resolve => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Passes future connections to another port, as if the address had moved to another machine. */
  lead(targetPort: number): void {
    this.#targetPort = targetPort;
  }

  async dispose(): Promise<void> {
    this.destroy();
    await new Promise(resolve => this.#server.close(resolve));
  }

  #adopt(client: Socket): void {
    const server = connect({ port: this.#targetPort, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    this.connect(client, server);
  }
}
