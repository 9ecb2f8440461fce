import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findCdkCli } from '../src/cdk-cli';
import { CdkApp } from '../src/deploy';
import { PROJECT_DIR } from '../src/project-folders';

jest.setTimeout(120_000);

const run = promisify(execFile);
const never = new AbortController().signal;

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'cdk-traced-test-')); });
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A CDK CLI of the app's own, of this version, that runs this code. */
function installCli(version: string, code = ''): void {
  const cli = join(folder, 'node_modules', 'aws-cdk');
  mkdirSync(join(cli, 'bin'), { recursive: true });
  writeFileSync(join(cli, 'package.json'), JSON.stringify({ name: 'aws-cdk', version }));
  writeFileSync(join(cli, 'bin', 'cdk'), code);
}

describe('the CDK CLI', () => {
  it.each([['2.50.0'], ['2.150.0'], ['2.166.9'], ['1.204.0'], ['monorepo']])('of an app is passed over when it is %s, which calls the real AWS', version => {
    installCli(version);
    const { command, note } = findCdkCli(folder);
    expect(command.at(-1)).not.toContain(folder);
    expect(note).toMatch(new RegExp(`^the app's CDK CLI ${version} would call the real AWS .*; using 2\\.\\d+\\.\\d+ of the local launcher$`));
  });

  it.each([['2.167.0'], ['2.1148.1'], ['3.0.0'], ['2.167.0-rc.1']])('of an app is used when it is %s', version => {
    installCli(version);
    expect(findCdkCli(folder)).toEqual({ command: ['--require', expect.any(String), join(folder, 'node_modules', 'aws-cdk', 'bin', 'cdk')], note: undefined });
  });
});

describe('what the launcher runs', () => {
  /** Stands in for everything outside of this machine: a proxy that writes down what it is asked for, and gives nothing. */
  let outside: Server;
  let asked: string[];
  const sockets = new Set<Socket>();
  const saved = { ...process.env };

  beforeEach(async () => {
    asked = [];
    outside = createServer(socket => {
      sockets.add(socket);
      socket.on('error', () => undefined).once('data', data => {
        asked.push(data.toString().split('\r\n')[0]);
        // The tunnel is open, so that what would be sent through it could be seen.
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.on('data', more => asked.push(`sent ${more.toString('latin1')}`));
      });
    });
    await new Promise<void>(resolve => outside.listen(0, '127.0.0.1', resolve));
    const proxy = `http://127.0.0.1:${(outside.address() as AddressInfo).port}`;
    mkdirSync(join(folder, 'home', '.aws'), { recursive: true });
    writeFileSync(join(folder, 'home', '.aws', 'credentials'), '[default]\naws_access_key_id = AKIAREALFILE\naws_secret_access_key = real-secret\n[work]\naws_access_key_id = AKIAREALWORK\naws_secret_access_key = real-secret\n');
    Object.assign(process.env, {
      HOME: join(folder, 'home'), HTTPS_PROXY: proxy, https_proxy: proxy,
      AWS_ACCESS_KEY_ID: 'AKIAREALVARIABLE', AWS_SECRET_ACCESS_KEY: 'real-secret', AWS_SESSION_TOKEN: 'real-token', AWS_PROFILE: 'work',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/real', AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/real', AWS_CONTAINER_CREDENTIALS_FULL_URI: `${proxy}/real`,
    });
  });
  afterEach(async () => {
    for (const name of Object.keys(process.env)) if (!(name in saved)) delete process.env[name];
    Object.assign(process.env, saved);
    for (const socket of sockets) socket.destroy();
    await new Promise(resolve => outside.close(resolve));
  });

  it('has no credentials but the made-up ones, in the CLI and in the app', async () => {
    symlinkSync(join(PROJECT_DIR, 'node_modules'), join(folder, 'node_modules'), 'dir');
    writeFileSync(join(folder, 'cdk.json'), JSON.stringify({ app: 'node app.cjs', profile: 'work' }));
    writeFileSync(join(folder, 'app.cjs'), `
      const { App, Stack } = require('aws-cdk-lib');
      const { defaultProvider } = require('@aws-sdk/credential-provider-node');
      defaultProvider()().then(found => {
        require('fs').writeFileSync('seen.json', JSON.stringify({ found, env: process.env }));
        new Stack(new App(), 'Foreign');
      });
    `);
    await expect(CdkApp.list(folder, undefined, never)).resolves.toEqual(['Foreign']);
    const seen = readFileSync(join(folder, 'seen.json'), 'utf8');
    expect(JSON.parse(seen)).toMatchObject({ found: { accessKeyId: 'test', secretAccessKey: 'test' } });
    expect(seen).not.toMatch(/AKIAREAL|real-/);
    expect(asked).toEqual([]);
  });

  it('never runs a CLI of an app that knows only the real AWS', async () => {
    installCli('2.150.0', 'require("fs").writeFileSync("ran", ""); require("https").get("https://sts.us-east-1.amazonaws.com/").on("error", () => process.exit(1));');
    writeFileSync(join(folder, 'cdk.json'), '{"app":"node app.cjs"}');
    writeFileSync(join(folder, 'app.cjs'), `const { App, Stack } = require(${JSON.stringify(join(PROJECT_DIR, 'node_modules', 'aws-cdk-lib'))}); new Stack(new App(), 'Old');`);
    await expect(CdkApp.list(folder, undefined, never)).resolves.toEqual(['Old']);
    expect(existsSync(join(folder, 'ran'))).toBe(false);
    expect(asked).toEqual([]);
  });

  it('is kept from AWS by the connection, whatever its version says', async () => {
    installCli('2.200.0', `
      const https = require('https'), net = require('net'), tls = require('tls');
      const print = name => error => console.log(name, error.message);
      https.get('https://sts.us-east-1.amazonaws.com/').on('error', print('direct'));
      fetch('https://lambda.eu-west-1.api.aws/').catch(error => print('fetch')(error.cause));
      const tunnel = net.connect(new URL(process.env.HTTPS_PROXY).port, '127.0.0.1', () => {
        tunnel.write('CONNECT s3.cn-north-1.amazonaws.com.cn:443 HTTP/1.1\\r\\n\\r\\n');
        tunnel.once('data', () => {
          try { tls.connect({ socket: tunnel, servername: 's3.cn-north-1.amazonaws.com.cn' }); } catch (error) { print('tunnel')(error); }
        });
      });
    `);
    const { stdout } = await run(process.execPath, [...findCdkCli(folder).command], { env: process.env });
    const refused = (name: string, host: string) => `${name} the local launcher lets nothing reach AWS, and this CDK CLI wanted to call ${host}`;
    expect(stdout.trim().split('\n').sort()).toEqual([
      refused('direct', 'sts.us-east-1.amazonaws.com'), refused('fetch', 'lambda.eu-west-1.api.aws'), refused('tunnel', 's3.cn-north-1.amazonaws.com.cn'),
    ]);
    expect(asked).toEqual(['CONNECT s3.cn-north-1.amazonaws.com.cn:443 HTTP/1.1']);
  });
});
