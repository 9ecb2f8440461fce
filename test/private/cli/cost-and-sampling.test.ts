import * as fs from 'fs';
import * as path from 'path';
import { costCommand } from '../../../lib/private/cli/cost-command';
import { samplingCommand } from '../../../lib/private/cli/sampling-command';
import { projectFolder } from '../../test-app';

const ROLE = { Type: 'AWS::IAM::Role', Properties: { Policies: [{ PolicyDocument: { Statement: [{ Effect: 'Allow', Action: 'dynamodb:PutItem', Resource: { 'Fn::GetAtt': ['Table', 'Arn'] } }] } }] } };
const rule = (properties: object) => ({ Type: 'AWS::XRay::SamplingRule', Properties: { SamplingRule: { Version: 1, ResourceARN: '*', ServiceName: '*', ServiceType: '*', Host: '*', HTTPMethod: '*', URLPath: '*', ...properties } } });
/** A function with a table: two spans of Lambda and one of the table. */
const APP = projectFolder({
  'template.json': JSON.stringify({
    Resources: {
      Role: ROLE, Table: { Type: 'AWS::DynamoDB::Table', Properties: {} },
      Fn: { Type: 'AWS::Lambda::Function', Properties: { FunctionName: 'fn', TracingConfig: { Mode: 'Active' }, Role: { 'Fn::GetAtt': ['Role', 'Arn'] }, Code: { ZipFile: "require('aws-xray-sdk-core')" } } },
      Pay: rule({ RuleName: 'pay', Priority: 10, FixedRate: 0.5, ReservoirSize: 10, URLPath: '/pay/*', HTTPMethod: 'POST' }),
      Health: rule({ RuleName: 'health', Priority: 1, FixedRate: 0, ReservoirSize: 0, URLPath: '/health' }),
      Gold: rule({ RuleName: 'gold', Priority: 20, FixedRate: 1, ReservoirSize: 0, Attributes: { tier: 'gold' } }),
    },
  }),
});

async function run(command: (args: string[]) => Promise<number>, ...args: string[]): Promise<string> {
  const written: string[] = [];
  const write = jest.spyOn(process.stdout, 'write').mockImplementation(text => written.push(String(text)) > 0);
  try {
    expect(await command([APP, ...args])).toBe(0);
    return written.join('');
  } finally {
    write.mockRestore();
  }
}

const cost = async (...args: string[]) => JSON.parse(await run(costCommand, '--format', 'json', ...args));
const sampling = async (...args: string[]) => JSON.parse(await run(samplingCommand, '--format', 'json', ...args));
const MONTH = 30 * 24 * 3600;

describe('cost', () => {
  test('is that of the sampled requests, beyond what is free', async () => {
    const { places, traces, xray, spans, transactionSearch } = await cost('--requests', String(11 * MONTH));
    expect(places).toEqual([{ place: 'Fn', requests: 11 * MONTH, traces: 1.5 * MONTH, spans: 3 }]);
    expect(traces).toBe(1.5 * MONTH);
    expect(xray).toBeCloseTo((1.5 * MONTH - 100_000) * 5e-6);
    expect([spans, transactionSearch]).toEqual([33 * MONTH, expect.closeTo(33 * MONTH * 1000 / 1e9 * 0.35)]);
  });

  test('below one request a second every request is a trace, and 100,000 are free', async () => {
    expect(await cost('--requests', '100000')).toMatchObject({ traces: 100_000, xray: 0 });
  });

  test('breaks even where both cost the same', async () => {
    const { breakEvenTraces: traces } = await cost('--requests', '1000000');
    expect((traces - 100_000) * 5e-6).toBeCloseTo(traces * 3 * 1000 / 1e9 * 0.35);
    expect((await cost('--requests', '1000000', '--span-bytes', '10000')).breakEvenTraces).toBeUndefined();
  });

  test('takes traffic by place, reads, indexing and prices', async () => {
    const folder = projectFolder({ 'traffic.json': '{ "Fn": 1000000 }', 'prices.json': '{ "tracesRecordedPerMillion": 10 }', 'other.json': '{ "Nobody": 1 }', 'wrong.json': '{ "price": 1 }' });
    const file = (name: string) => path.join(folder, name);
    expect(await cost('--traffic', file('traffic.json'), '--prices', file('prices.json'), '--reads', '3000000')).toMatchObject({ traces: 1_000_000, xray: expect.closeTo(9 + 1) });
    const [plain, indexed] = [await cost('--requests', '1000000'), await cost('--requests', '1000000', '--indexing', '11')];
    expect(indexed.transactionSearch - plain.transactionSearch).toBeCloseTo(3 * 0.1 * 0.75);
    await expect(run(costCommand, '--traffic', file('other.json'))).rejects.toThrow(/'Nobody', at which no trace begins; they begin at 'Fn'/);
    await expect(run(costCommand, '--requests', '1', '--prices', file('wrong.json'))).rejects.toThrow(/'price', which is no price/);
  });

  test.each([[[], /needs --requests/], [['--requests', 'many'], /--requests has to be a number/], [['--requests', '-1'], /number|ambiguous/], [['--requests', '1', '--format', 'xml'], /--format/]])('refuses %j', async (args, message) => {
    await expect(run(costCommand, ...args)).rejects.toThrow(message);
  });

  test('says in words what it comes to', async () => {
    expect(await run(costCommand, '--requests', '1000000')).toMatch(/Fn: 1,000,000 requests, 1,000,000 traces.*\n\nX-Ray: +4\.50 USD[\s\S]*Prices of \d{4}-\d\d-\d\d/);
  });
});

describe('sampling', () => {
  test.each([
    ['GET shop/health 100', 'health', 0], ['POST shop/pay/1 30', 'pay', 20], ['GET shop/pay/1', 'Default', 1], ['post shop/PAY/x 4', 'pay', 4], ['GET shop/other 21', 'Default', 2],
    ['{"path":"/x","perSecond":7,"attributes":{"tier":"gold"}}', 'gold', 7], ['GET shop/x 21 fn AWS::Lambda::Function', '(Lambda)', 2],
  ])('%s is taken by %s', async (request, name, traced) => {
    const { decisions: [decision] } = await sampling('--request', request);
    expect([decision.rule, decision.traced]).toEqual([name, expect.closeTo(traced)]);
  });

  test('a reservoir is shared by all requests of its rule', async () => {
    const { decisions } = await sampling('--request', 'POST a/pay/1 10', '--request', 'POST a/pay/2 30');
    expect(decisions.map(({ traced }: any) => traced)).toEqual([expect.closeTo(25 / 4), expect.closeTo(75 / 4)]);
  });

  test('rules are told in the order in which they are tried', async () => {
    const file = path.join(projectFolder({ 'requests.txt': '# a comment\nGET a/health\n\n' }), 'requests.txt');
    expect(fs.existsSync(file)).toBe(true);
    expect(await run(samplingCommand, '--requests', file)).toBe('Rules, in the order in which they are tried:\n  1 health: 0 a second, then 0 %\n  10 pay: 10 a second, then 50 %\n  20 gold: 0 a second, then 100 %\n' +
      '  10000 Default: 1 a second, then 5 %\n\nGET a/health: health, 0 of 1 a second\n');
  });

  test.each([[['--request', 'nonsense'], /a request has to be 'METHOD host\/path/], [['--request', '{a'], /is no JSON/], [['--requests', '/nowhere'], /which is not there/]])('refuses %j', async (args, message) => {
    await expect(run(samplingCommand, ...args)).rejects.toThrow(message);
  });
});
