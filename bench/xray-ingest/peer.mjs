// The OpenTelemetry Collector with its awsxrayreceiver and the nop exporter, built from Go modules.
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const VERSION = 'v0.145.0';

const MANIFEST = `
dist:
  name: otelcol-xray
  output_path: ./otelcol
exporters:
  - gomod: go.opentelemetry.io/collector/exporter/nopexporter ${VERSION}
receivers:
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/receiver/awsxrayreceiver ${VERSION}
`;

/** Path of the collector's binary; builds it on the first use (minutes). */
export async function buildPeer(log) {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cdk-traced-function-bench', `otelcol-${VERSION}`);
  const binary = join(folder, 'otelcol-xray');
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'manifest.yaml'), MANIFEST);
  log(`building the OpenTelemetry Collector ${VERSION} with awsxrayreceiver (minutes, once)`);
  const options = { cwd: folder, maxBuffer: 1e8, env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-trimpath' } };
  const run = promisify(execFile);
  await run('go', ['run', `go.opentelemetry.io/collector/cmd/builder@${VERSION}`, '--config', 'manifest.yaml'], options);
  renameSync(join(folder, 'otelcol', 'otelcol-xray'), binary);
  return binary;
}

/** Starts the collector; `received` tells how many documents (spans) it has taken, by its own counter. */
export async function startPeer(binary, { udpPort, tcpPort, metricsPort }, folder) {
  const config = join(folder, 'collector.yaml');
  writeFileSync(config, `
receivers:
  awsxray:
    endpoint: 127.0.0.1:${udpPort}
    transport: udp
    proxy_server:
      endpoint: 127.0.0.1:${tcpPort}
      region: us-east-1
      local_mode: true
exporters:
  nop:
service:
  pipelines:
    traces:
      receivers: [awsxray]
      exporters: [nop]
  telemetry:
    logs: { level: error }
    metrics:
      level: normal
      readers:
        - pull: { exporter: { prometheus: { host: 127.0.0.1, port: ${metricsPort} } } }
`);
  const child = spawn(binary, ['--config', config], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' } });
  let errors = '';
  child.stderr.on('data', chunk => { errors += chunk; });
  const exited = new Promise(resolve => child.once('exit', resolve));
  const scrape = async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const ready = await waitFor(() => scrape().then(() => true, () => false));
  if (!ready) {
    child.kill('SIGKILL');
    throw new Error(`the collector does not start: ${errors}`);
  }
  return {
    port: udpPort,
    received: async () => Number(/^otelcol_receiver_accepted_spans(?:_total)?\{[^}]*\} (\S+)/m.exec(await scrape())?.[1] ?? 0),
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

export async function waitFor(check, timeoutMs = 30_000) {
  for (const end = Date.now() + timeoutMs; Date.now() < end;) {
    if (await check()) return true;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  return false;
}
