import type { Frame, RawPeer } from '@rankd/testkit';

/** A session with the admin token that watches a group (R-ADMIN-1). */
export class Administrator {
  readonly peer: RawPeer;
  #asks = 0;

  private constructor(peer: RawPeer) {
    this.peer = peer;
  }

  static async of(group: string, peer: RawPeer): Promise<Administrator> {
    peer.send({ type: 'hello', role: 'observer', token: 'admin', group });
    await peer.next('welcome');
    return new Administrator(peer);
  }

  async memberAt(rank: number): Promise<string> {
    this.peer.send({ type: 'roster' });
    const { members } = await this.peer.next('roster');
    return (members as { rank: number; member: string }[]).find(row => row.rank === rank)?.member ?? '';
  }

  /** Asks the server to move the member with rank `from`. Does not wait for the receipt, which arrives when the move is done. */
  async move(from: number, rank: number): Promise<void> {
    this.#ask({ action: 'move', member: await this.memberAt(from), rank });
  }

  async remove(rank: number): Promise<void> {
    this.#ask({ action: 'remove', member: await this.memberAt(rank) });
  }

  leave(): void {
    this.peer.destroy();
  }

  #ask(fields: Omit<Frame, 'type'>): void {
    this.#asks += 1;
    this.peer.send({ type: 'admin', id: `a${this.#asks}`, ...fields });
  }
}
