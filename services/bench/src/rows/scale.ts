/** The size of the work. */
export interface Scale {
  /** The number of receivers of a fan-out. */
  readonly members: number;
  readonly many: number;
  readonly few: number;
  /** The number of members that answer a command. */
  readonly answering: number;
  readonly senders: number;
  /** The number of members in churn, in a storm, and in the roster of promotions. */
  readonly crowd: number;
  readonly smallCrowd: number;
  readonly warmS: number;
  readonly measureS: number;
  readonly trips: number;
  readonly elections: number;
  readonly kills: number;
  readonly leases: number;
  readonly promotions: number;
}

/** The sizes of a full run. The targets are set for them. */
export const fullScale: Scale = {
  members: 1000,
  many: 5000,
  few: 10,
  answering: 100,
  senders: 10,
  crowd: 10_000,
  smallCrowd: 1000,
  warmS: 1,
  measureS: 1.5,
  trips: 400,
  elections: 500,
  kills: 30,
  leases: 2,
  promotions: 300,
};

/** The sizes of a quick run. They show only that the benchmark works. */
export const quickScale: Scale = {
  members: 100,
  many: 200,
  few: 10,
  answering: 50,
  senders: 10,
  crowd: 500,
  smallCrowd: 100,
  warmS: 0.1,
  measureS: 0.2,
  trips: 30,
  elections: 30,
  kills: 3,
  leases: 1,
  promotions: 10,
};
