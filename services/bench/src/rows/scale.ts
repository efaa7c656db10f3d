/** How many clients and repetitions each measurement uses. */
export interface Scale {
  /** The receivers of a fan-out. */
  readonly members: number;
  /** The receivers of the largest fan-out. */
  readonly many: number;
  /** The receivers of the smallest fan-out. */
  readonly few: number;
  /** The members that answer a command. The smaller group of the row `growth` has as many members. */
  readonly answering: number;
  /** The members that send at once in the row `senders`. */
  readonly senders: number;
  /** The members of the rows `churn`, `storm` and `roster`. */
  readonly crowd: number;
  /** The members of the smaller group in the row `churn`. */
  readonly smallCrowd: number;
  /** How long the load runs before a measurement, s. */
  readonly warmS: number;
  /** How long a fan-out is measured, s. */
  readonly measureS: number;
  /** The commands in the row `trip`, one after another. */
  readonly trips: number;
  /** The departures of rank 0 by a closed socket in the row `elect`. */
  readonly elections: number;
  /** The departures of rank 0 by kill -9 in the row `elect`. */
  readonly kills: number;
  /** The expired leases of etcd in the row `elect`. */
  readonly leases: number;
  /** The departures of rank 0 in the row `roster`. */
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
