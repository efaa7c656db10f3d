import { expect, it } from '@jest/globals';
import { connectInMemory, type InMemorySocket, ManualTime, VirtualClock } from '@rankd/testkit';

const READ_BYTES_MAX = 65_536;

function connected(): { near: InMemorySocket; far: InMemorySocket; time: ManualTime } {
  const clock = new VirtualClock();
  const [near, far] = connectInMemory(clock, { delayMs: () => 0, windowBytes: READ_BYTES_MAX, reading: 'whole' });
  return { near, far, time: new ManualTime(clock) };
}

it.each([READ_BYTES_MAX, READ_BYTES_MAX + 1, 3 * READ_BYTES_MAX])(
  'a reader receives a write of %d bytes in reads of at most 64 KiB',
  async bytes => {
    const { near, far, time } = connected();
    const sizes: number[] = [];
    far.on('data', (read: Buffer) => sizes.push(read.length));
    near.write(Buffer.alloc(bytes));
    await time.pass(1);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(bytes);
    expect(Math.max(...sizes)).toBe(READ_BYTES_MAX);
  },
);

it('a reader that pauses after each read receives one read each time it resumes', async () => {
  const { near, far, time } = connected();
  const sizes: number[] = [];
  far.on('data', (read: Buffer) => {
    sizes.push(read.length);
    far.pause();
  });
  near.write(Buffer.alloc(3 * READ_BYTES_MAX));
  for (let reads = 1; reads <= 3; reads += 1) {
    await time.pass(1);
    expect(sizes).toHaveLength(reads);
    far.resume();
  }
});
