/** What /metrics has, by name: the labels of a series, and the values of those that have a fixed set of them. */
export const METRICS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  tapedeck_queue_jobs: { queue: ['conversions', 'callbacks'], state: ['waiting', 'delayed', 'active'] },
  tapedeck_jobs: { kind: ['tape', 'hls'], status: ['queued', 'processing', 'completed', 'failed', 'canceled'] },
  tapedeck_jobs_finished_total: { kind: ['tape', 'hls'], status: ['completed', 'failed', 'canceled'], code: [] },
  tapedeck_attempts_failed_total: { kind: ['tape', 'hls'], code: [] },
  ...histogram('tapedeck_wait_seconds', { kind: ['tape', 'hls'] }),
  ...histogram('tapedeck_conversion_seconds', { kind: ['tape', 'hls'] }),
  ...histogram('tapedeck_phase_seconds', {
    kind: ['tape', 'hls'],
    phase: ['download', 'extract', 'probe', 'encode', 'verify', 'publish'],
  }),
  ...histogram('tapedeck_encode_speed_ratio', { kind: ['tape', 'hls'] }),
  tapedeck_source_bytes_total: { kind: ['tape', 'hls'] },
  tapedeck_output_bytes_total: { kind: ['tape', 'hls'] },
  tapedeck_storage_bytes: {},
  tapedeck_callback_tries_total: { outcome: ['delivered', 'retried', 'exhausted'] },
  ...histogram('tapedeck_callback_delivery_seconds', {}),
  tapedeck_callbacks_pending: {},
  tapedeck_callbacks_exhausted: {},
  tapedeck_workers: { state: ['alive', 'busy', 'lost'] },
  tapedeck_longest_processing_seconds: {},
  tapedeck_disk_used_ratio: { disk: ['work', 'data'] },
  tapedeck_worker_memory_bytes: { process: ['node', 'ffmpeg'] },
  tapedeck_redis_memory_used_bytes: {},
  tapedeck_redis_memory_max_bytes: {},
  process_cpu_seconds_total: {},
  process_resident_memory_bytes: {},
  nodejs_eventloop_lag_p99_seconds: {},
};

/** What Prometheus itself has of every target, and of every alert. */
const OF_PROMETHEUS: typeof METRICS = { up: {}, ALERTS: { alertname: [], alertstate: [], severity: [] } };
const OF_EVERY_TARGET = ['job', 'instance'];

const OPERATORS = ['and', 'or', 'unless', 'bool', 'offset'];
const GROUPING = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g;

function histogram(name: string, labels: Record<string, string[]>): Record<string, Record<string, string[]>> {
  return { [`${name}_bucket`]: { ...labels, le: [] }, [`${name}_sum`]: labels, [`${name}_count`]: labels };
}

/** Every identifier that is no function, operator or label. @param expr that parses */
export function listMetricNames(expr: string): string[] {
  const bare = expr.replace(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"/g, ' ').replace(GROUPING, ' ');
  const words = bare.match(/(?<![\w.:])[a-zA-Z_:][\w:]*\b(?!\s*\()/g) ?? [];
  return words.filter((word) => !OPERATORS.includes(word));
}

/** Matchers for a label that the metric does not have, or for a value that it never has: such a series is always empty. */
export function listMismatches(expr: string): string[] {
  const known = { ...METRICS, ...OF_PROMETHEUS };
  return [...expr.matchAll(/([\w:]+)\{([^}]*)\}/g)].flatMap(([, name, matchers]) => {
    const labels = known[name!] ?? {};
    return [...matchers!.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"/g)]
      .filter(([, label, value]) => !OF_EVERY_TARGET.includes(label!) && !isPossible(labels[label!], value!))
      .map(([matcher]) => `${name}{${matcher}}`);
  });
}

function isPossible(values: readonly string[] | undefined, value: string): boolean {
  return values !== undefined && (values.length === 0 || value.split('|').every((one) => values.includes(one)));
}

/** @param recorded names of recording rules */
export function listUnknownMetrics(expr: string, recorded: readonly string[] = []): string[] {
  const known = [...Object.keys(METRICS), ...Object.keys(OF_PROMETHEUS), ...recorded];
  return listMetricNames(expr).filter((name) => !known.includes(name));
}
