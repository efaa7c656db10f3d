import type { JSX } from 'preact';
import type { GroupModel } from '../model/group-model.js';
import { MirrorStatus } from './mirror-status.js';
import type { ActivitySamples } from '../model/activity-samples.js';
import { Sparkline } from './sparkline.js';

/** The numbers of the group: size, commands, free seats, mirror. */
export function StatusPanel({ model: { roster, pulse } }: { readonly model: GroupModel }): JSX.Element {
  const size = roster.members.length;
  return (
    <section class="status-panel" aria-label="Status of the group">
      <MembersSparkline size={size} pulse={pulse} />
      <CommandsSparkline pulse={pulse} />
      <dl class="facts">
        <Fact name="waitlist">{pulse === undefined ? '–' : waitlistInWords(pulse)}</Fact>
        <Fact name="mirror">{pulse === undefined ? '–' : <MirrorStatus mirror={pulse.mirror} />}</Fact>
        <Fact name="view">
          <span title={`epoch ${roster.epoch}`}>{roster.view.toLocaleString('en')}</span>
        </Fact>
        {pulse?.state === 'draining' ? <Fact name="server">draining</Fact> : null}
      </dl>
    </section>
  );
}

function MembersSparkline({
  size,
  pulse,
}: {
  readonly size: number;
  readonly pulse: ActivitySamples | undefined;
}): JSX.Element {
  const sizes = pulse?.samples.map(sample => sample.size) ?? [];
  const most = Math.max(size, ...sizes);
  return (
    <Sparkline
      title="members"
      now={size.toLocaleString('en')}
      values={sizes}
      topMin={5}
      description={`Members over the last five minutes: now ${size}, at most ${most}`}
      note={pulse === undefined ? '' : <Capacity size={size} membersMax={pulse.membersMax} />}
    />
  );
}

function Capacity({ size, membersMax }: { readonly size: number; readonly membersMax: number }): JSX.Element {
  const isFull = size >= membersMax;
  return (
    <>
      of {membersMax.toLocaleString('en')}
      <span
        class={isFull ? 'capacity full' : 'capacity'}
        role="meter"
        aria-label="capacity"
        aria-valuemin={0}
        aria-valuemax={membersMax}
        aria-valuenow={size}
        aria-valuetext={`${size} of ${membersMax} members`}
      >
        <span style={{ width: `${Math.min(100, (100 * size) / membersMax)}%` }} />
      </span>
      {isFull ? 'full' : ''}
    </>
  );
}

function CommandsSparkline({ pulse }: { readonly pulse: ActivitySamples | undefined }): JSX.Element {
  const perSecond = (count: number): number => count / ((pulse?.everyMs ?? 1000) / 1000);
  const accepted = pulse?.samples.map(({ commands }) => perSecond(commands)) ?? [];
  const refused = pulse?.samples.map(sample => perSecond(sample.refused)) ?? [];
  const now = accepted.at(-1) ?? 0;
  const refusedInAll = pulse?.samples.reduce((sum, sample) => sum + sample.refused, 0) ?? 0;
  return (
    <Sparkline
      title="commands a second"
      now={now.toLocaleString('en', { maximumFractionDigits: now < 10 ? 1 : 0 })}
      values={accepted}
      others={refused}
      description={`Commands a second over the last five minutes: now ${now}, at most ${Math.max(0, ...accepted)}`}
      note={
        refusedInAll === 0 ? '' : <span class="refusals">{refusedInAll.toLocaleString('en')} refused in 5 min</span>
      }
    />
  );
}

function Fact({
  name,
  children,
}: {
  readonly name: string;
  readonly children: JSX.Element | string | (JSX.Element | string)[];
}): JSX.Element {
  return (
    <div>
      <dt class="label">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function waitlistInWords({ waiting, waitlistMax }: ActivitySamples): string {
  return waitlistMax === 0
    ? 'none'
    : `${waiting.toLocaleString('en')} waiting, at most ${waitlistMax.toLocaleString('en')}`;
}
