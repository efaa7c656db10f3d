/** The documented failover times of other systems. */

/** How long a system takes by default to replace a silent leader, with the source. */
export interface DocumentedDefault {
  readonly system: string;
  readonly seconds: number;
  /** The name of that time in the documentation of the system. */
  readonly what: string;
  readonly source: string;
}

/** These times are not measured: they are what the systems document. */
export const documentedDefaults: readonly DocumentedDefault[] = [
  {
    system: 'etcd',
    seconds: 60,
    what: 'the lease of a session of its Go client (concurrency.NewSession)',
    source: 'https://github.com/etcd-io/etcd/blob/main/client/v3/concurrency/session.go',
  },
  {
    system: 'ZooKeeper with Curator',
    seconds: 60,
    what: 'session timeout; the server caps it at 20 of its ticks',
    source:
      'https://github.com/apache/curator/blob/master/curator-framework/src/main/java/org/apache/curator/framework/CuratorFrameworkFactory.java',
  },
  {
    system: 'Consul',
    seconds: 15,
    what: 'lock-delay; it begins only after the TTL or a health check has ended the session',
    source: 'https://developer.hashicorp.com/consul/docs/dynamic-app-config/sessions',
  },
  {
    system: 'Kubernetes leases',
    seconds: 15,
    what: 'leaseDuration; renewDeadline 10 s, retryPeriod 2 s',
    source: 'https://github.com/kubernetes/client-go/blob/master/tools/leaderelection/leaderelection.go',
  },
];
