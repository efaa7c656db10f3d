/** What a program uses besides its environment: commands as shell lines, HTTP, the state file and the seat file. */

import type { JoinOptions, Membership } from '@rankd/client';
import { systemEnvironment } from '@rankd/client/internal';
import { SeatFile } from '../files/seat-file.js';
import { StateFile, type StateReport } from '../files/state-file.js';
import { readMemberFields } from '../line/member-fields.js';
import { type ProgramLine, programEnvironment, type Variables } from '../line/program-line.js';
import { LocalHttp } from '../local-http/local-http.js';
import { exitCodes, ProgramEnd } from '../program-end.js';
import type { ProgramLog } from '../program-log.js';
import type { AccessOptions } from '../program-options.js';
import type { ProgramRunner } from '../program-runner.js';
import { readSelf, type ReportedMember } from '../self-report.js';
import { startHeldBy } from '../shell-commands/held-process.js';
import { ShellCommands } from '../shell-commands/shell-commands.js';
import type { GuardKeeper } from '../process/guard-keeper.js';
import type { Ending } from './ending.js';

/** The settings of a ProgramAccess. */
export interface AccessSettings {
  readonly options: AccessOptions;
  readonly line: ProgramLine;
  /** The group that the member joins. */
  readonly group: string;
  readonly log: ProgramLog;
}

/** A member and its program. */
export interface AccessedProgram {
  readonly me: Membership;
  readonly runner: ProgramRunner;
  readonly guards: GuardKeeper;
  /** Whether `GET /leads` is 200 at this moment. */
  readonly leads: () => boolean;
}

/** The parts that this rankctl has. */
interface AccessParts {
  readonly seatFile: SeatFile | undefined;
  readonly http: LocalHttp | undefined;
  readonly stateFile: StateFile | undefined;
}

/** What the state file has of a member. */
type StateSource = ReportedMember & Pick<Membership, 'leaseEndsAt'>;

/** A member that has not joined. */
const outside: StateSource = {
  ...{ member: undefined, name: undefined, rank: undefined, size: undefined, slot: undefined },
  ...{ leader: undefined, fence: undefined, view: undefined, leaseEndsAt: undefined },
};

/** What a program uses besides its environment. */
export class ProgramAccess {
  readonly #settings: AccessSettings;
  readonly #parts: AccessParts;
  readonly #member: { me: StateSource };
  #commands: ShellCommands | undefined;
  /** When the program may start at the earliest, by the clock of the library. */
  #startAtMs = -Infinity;
  #isRemoved = false;

  private constructor(settings: AccessSettings, parts: AccessParts, member: { me: StateSource }) {
    this.#settings = settings;
    this.#parts = parts;
    this.#member = member;
  }

  /**
   * Opens the files and the port, before the member joins.
   * @throws ProgramEnd 78 if one of them cannot be used. Nothing was started then
   */
  static async open(settings: AccessSettings): Promise<ProgramAccess> {
    const { options, group, log } = settings;
    const { seatFile: seatPath, stateFile: statePath, http: address } = options;
    const member = { me: outside };
    const read = (): StateReport => readState(member.me, group);
    const onFailure = ({ message }: Error): void => log.error('state-file', message);
    const seatFile = seatPath === undefined ? undefined : await SeatFile.open(seatPath, group);
    const http = address === undefined ? undefined : await LocalHttp.listen(address);
    if (http !== undefined) log.info('http', `the program can ask at ${http.url}`, { url: http.url });
    const stateFile = statePath === undefined ? undefined : await StateFile.open(statePath, { read, onFailure });
    return new ProgramAccess(settings, { seatFile, http, stateFile }, member);
  }

  /** The options of `join` with which the member takes its seat back, and keeps it. */
  get joinOptions(): Pick<JoinOptions, 'resume' | 'keepClaim'> {
    const { seatFile } = this.#parts;
    if (seatFile === undefined) return {};
    return { resume: seatFile.claim, keepClaim: async claim => seatFile.keepClaim(claim) };
  }

  /**
   * How long a leader must still wait before it starts its program, ms. A program that an earlier rankctl started under the same seat may
   * still run.
   */
  get startHoldMs(): number {
    return Math.max(0, this.#startAtMs - systemEnvironment.clock.nowMs());
  }

  /** Returns the variables for a program that starts. */
  variablesForStart(): Variables {
    return this.#parts.http?.variablesForStart() ?? noHttp;
  }

  /** Serves the member from now on. Call it before the first connection. */
  attach(program: AccessedProgram): void {
    const { me, leads } = program;
    const { log, group } = this.#settings;
    const { http, seatFile } = this.#parts;
    this.#member.me = me;
    me.on('listenerError', ({ source, error }) => log.error('listener-error', `${source}: ${messageOf(error)}`));
    http?.answerFor({ membership: me, group, leads, resign: async () => me.resign() });
    if (seatFile !== undefined) this.#keepSeat(program, seatFile);
    this.#keepState(me);
    this.#executeCommands(program);
  }

  /**
   * Records that the program is about to start. Await it before each start. If the file cannot be written, it is removed: a later rankctl
   * must not read that no program runs.
   * @throws ProgramEnd 78 if it cannot be removed either; 1 if another process has the seat
   */
  async recordStart(): Promise<void> {
    const { seatFile } = this.#parts;
    try {
      await seatFile?.recordProgram('running');
    } catch (error) {
      if (!(error instanceof ProgramEnd) || error.code !== exitCodes.configuration) throw error;
      this.#settings.log.error('seat-file', error.message);
      await seatFile?.remove();
    }
  }

  /**
   * Ends the membership: with a goodbye, or without if a later rankctl is to take the seat back. Call it after the program has ended.
   * @param ending why rankctl ends
   */
  async leave(me: Membership, ending: Ending): Promise<void> {
    await this.#commands?.close();
    const { seatFile } = this.#parts;
    if (seatFile !== undefined && ending.isBySignal && !this.#settings.options.leavesOnSignal) {
      await this.#recordEnd(seatFile);
      await me.close();
      return;
    }
    const isSeatLost = !me.isClosed || this.#isRemoved;
    await me.leave();
    // After any other error the file stays: the server may still hold the seat, or another process may have it.
    if (isSeatLost) await this.#attempt(async () => seatFile?.remove());
  }

  /** Closes the port and removes the state file. */
  async close(): Promise<void> {
    await this.#parts.http?.close();
    await this.#parts.stateFile?.close();
  }

  #keepSeat({ me, runner }: AccessedProgram, seatFile: SeatFile): void {
    me.once('joined', ({ resumed }) => {
      const { suspendMs = 0 } = me.server ?? {};
      if (resumed && seatFile.program === 'running') this.#startAtMs = systemEnvironment.clock.nowMs() + suspendMs;
    });
    me.on('closed', ({ error }) => (this.#isRemoved = error?.code === 'REMOVED'));
    runner.on('ended', () => void this.#recordEnd(seatFile));
  }

  /** Records that no program runs. Until the start hold is over, a program of an earlier rankctl may still run. */
  async #recordEnd(seatFile: SeatFile): Promise<void> {
    if (this.startHoldMs === 0) await this.#attempt(async () => seatFile.recordProgram('ended'));
  }

  #keepState(me: Membership): void {
    const { stateFile } = this.#parts;
    if (stateFile === undefined) return;
    const events = ['joined', 'rank', 'size', 'lease', 'suspended', 'acting', 'disconnected', 'closed'] as const;
    for (const event of events) me.on(event, () => stateFile.update());
  }

  #executeCommands({ me, runner, guards }: AccessedProgram): void {
    const { options, line } = this.#settings;
    const { http } = this.#parts;
    if (options.commands === undefined) return;
    this.#commands = new ShellCommands(options.commands, {
      startHeld: startHeldBy(guards),
      environment: () => programEnvironment(line, readMemberFields(me), process.env, http?.variables ?? noHttp),
      signalProgram: signal => runner.signal(signal),
    });
    this.#commands.addHandlers(me);
  }

  /** Reports an error. The membership continues without the file. */
  async #attempt(act: () => Promise<void> | undefined): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#settings.log.error('seat-file', messageOf(error));
    }
  }
}

/** Removes the variables of an outer rankctl, whose key is for its own program. */
const noHttp: Variables = { RANKD_HTTP: undefined, RANKD_HTTP_KEY: undefined };

function readState(me: StateSource, group: string): StateReport {
  const self = readSelf(me, group);
  const { leaseEndsAt } = me;
  const isValid = self.rank !== null && leaseEndsAt !== undefined;
  return {
    ...self,
    validUntil: isValid ? Math.round(Date.now() + leaseEndsAt - systemEnvironment.clock.nowMs()) : null,
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
