import { LauncherError } from './launcher-error';

/**
 * Where the parts of the local X-Ray listen. Each port is taken from, in this order:
 * 1. the flag (`--cloud-port`), 2. the environment (`CDK_TRACED_CLOUD_PORT`), 3. the default.
 * 0 picks a free port. Everything listens on the loopback address only.
 */
export interface Settings {
  /** Port of the AWS APIs of the local cloud (TCP). */
  readonly cloudPort: number;
  /** Port of the X-Ray daemon's protocol (UDP; and TCP for sampling). */
  readonly xrayPort: number;
  /** Port of the X-Ray API and of the page (TCP). */
  readonly webPort: number;
  /** Port on which OpenTelemetry's SDKs look for a receiver of OTLP over HTTP (TCP). */
  readonly otlpPort: number;
}

/** The only address anything here listens on: nothing is reachable from another machine. */
export const LOOPBACK = '127.0.0.1';

const PORTS = {
  cloudPort: { variable: 'CDK_TRACED_CLOUD_PORT', flag: '--cloud-port', fallback: 4566 },
  xrayPort: { variable: 'CDK_TRACED_XRAY_PORT', flag: '--xray-port', fallback: 2000 },
  webPort: { variable: 'CDK_TRACED_WEB_PORT', flag: '--web-port', fallback: 2080 },
  otlpPort: { variable: 'CDK_TRACED_OTLP_PORT', flag: '--otlp-port', fallback: 4318 },
} as const;

/** A setting with a value that cannot be used; the message says which, and what is allowed. */
export class SettingsError extends LauncherError {}

/** The settings from flags (as text, as typed) and environment; fails with a SettingsError on anything that is not a port. */
export function resolveSettings(flags: Partial<Record<keyof Settings, string>>, environment: NodeJS.ProcessEnv = process.env): Settings {
  return {
    cloudPort: resolvePort('cloudPort', flags, environment),
    xrayPort: resolvePort('xrayPort', flags, environment),
    webPort: resolvePort('webPort', flags, environment),
    otlpPort: resolvePort('otlpPort', flags, environment),
  };
}

function resolvePort(name: keyof Settings, flags: Partial<Record<keyof Settings, string>>, environment: NodeJS.ProcessEnv): number {
  const { variable, flag, fallback } = PORTS[name];
  const [source, text] = flags[name] !== undefined ? [flag, flags[name]] : [variable, environment[variable]];
  if (text === undefined || text === '') return fallback;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port <= 65535)) throw new SettingsError(`${source} must be a port number from 0 (pick a free one) to 65535, got '${text}'`);
  return port;
}
