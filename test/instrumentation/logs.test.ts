import { FunctionHost, PARENT, ROOT, SAMPLED, UNSAMPLED } from './function-process';
import { Instrumentation, LogCorrelation, TracedFunctionProps } from '../../lib';
import { LOCAL_PYTHON } from '../local-python';
import { bundle } from '../packages';
import { projectFolder, tracedFunction } from '../test-app';

jest.setTimeout(300_000);

const TRACE = ROOT.slice(2).replace('-', '');

/** The parts of loggers that are changed, as the packages have them. */
const LOGGERS = {
  'node_modules/pino/package.json': '{"name":"pino","main":"pino.js"}',
  'node_modules/pino/lib/tools.js': 'function asJson(obj, msg, num, time) { return JSON.stringify({ level: num, time, ...obj, msg }); }\nmodule.exports = { asJson };',
  'node_modules/pino/pino.js': 'const { asJson } = require("./lib/tools");\nmodule.exports = () => ({ info(obj, msg) { console.log(asJson.call(this, obj, msg, 30, 1)); } });',
  'node_modules/winston/package.json': '{"name":"winston","main":"index.js"}',
  'node_modules/winston/index.js': 'exports.json = require("logform/json"); exports.simple = () => ({ transform: info => `${info.level}: ${info.message}` });',
  'node_modules/logform/package.json': '{"name":"logform"}',
  'node_modules/logform/json.js': 'module.exports = function wrap() { return { transform(info) { info.MESSAGE = JSON.stringify(info); return info; } }; };',
};
const NODE = `
const { span } = require('cdk-traced-function/runtime');
const pino = require('pino')();
const winston = require('winston');
exports.handler = async () => {
  pino.info({ a: 1 }, 'plain');
  span('inner', () => pino.info({ trace_id: 'mine' }, 'in span'));
  console.log(winston.json().transform({ level: 'info', message: 'm' }).MESSAGE);
  console.log(winston.simple().transform({ level: 'info', message: 'text' }));
};`;
const PYTHON = `
import json
import logging
import sys

from cdk_traced_function.runtime import span


class Json(logging.Formatter):
    def format(self, record):
        return json.dumps({"message": record.getMessage(), **{k: v for k, v in record.__dict__.items() if k in ("xray_trace_id", "trace_id", "span_id", "a")}})


def logger(name, formatter):
    made = logging.getLogger(name)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    made.addHandler(handler)
    made.propagate = False
    made.setLevel(logging.INFO)
    return made


structured = logger("structured", Json())
text = logger("text", logging.Formatter("%(levelname)s: %(message)s"))


def handler(event, context):
    structured.info("plain", extra={"a": 1})
    with span("inner"):
        structured.info("in span", extra={"trace_id": "mine"})
    text.info("text")
`;

let host: FunctionHost;
let packages: Record<string, string>;

beforeAll(async () => {
  host = await FunctionHost.start();
  const props = (language: string, instrumentation: Instrumentation): TracedFunctionProps => language === 'node'
    ? { entry: `${projectFolder({ ...LOGGERS, 'index.js': NODE })}/index.js`, instrumentation }
    : { entry: projectFolder({ 'index.py': PYTHON, 'requirements.txt': '' }), handler: 'index.handler', instrumentation, ...LOCAL_PYTHON };
  const logs = LogCorrelation.traceId();
  packages = bundle({
    node: props('node', Instrumentation.openTelemetry({ logs })), nodeOff: props('node', Instrumentation.openTelemetry()),
    python: props('python', Instrumentation.openTelemetry({ logs })), pythonXRay: props('python', Instrumentation.xraySdk({ logs })), pythonOff: props('python', Instrumentation.openTelemetry()),
  });
});
afterAll(async () => host.stop());

async function lines(id: string, traceIds: (string | null)[]): Promise<any[]> {
  const { log } = await (id.startsWith('node') ? host.run(packages[id], traceIds.map(() => ({})), { traceIds }) : host.runPython(packages[id], traceIds.map(() => ({})), { traceIds }));
  return log.map(line => line.startsWith('{') ? JSON.parse(line) : line);
}

test.each(['node', 'python', 'pythonXRay'])('%s: lines of JSON name trace and span, what the function writes itself stays, and text is text', async id => {
  const [plain, inSpan, ...rest] = await lines(id, [SAMPLED]);
  expect(plain).toMatchObject({ a: 1, xray_trace_id: ROOT, trace_id: TRACE, span_id: PARENT });
  expect(inSpan).toMatchObject({ xray_trace_id: ROOT, trace_id: 'mine', span_id: expect.stringMatching(/^[0-9a-f]{16}$/) });
  expect(inSpan.span_id).not.toBe(PARENT);
  if (id === 'node') expect(rest[0]).toEqual({ level: 'info', message: 'm', xray_trace_id: ROOT, trace_id: TRACE, span_id: PARENT });
  expect(rest.pop()).toBe(id === 'node' ? 'info: text' : 'INFO: text');
});

test.each(['node', 'python', 'pythonXRay'])('%s: of a request that is not sampled too, and of none nothing', async id => {
  const all = (await lines(id, [UNSAMPLED, null])).filter(line => typeof line === 'object');
  expect(all[0]).toMatchObject({ trace_id: TRACE, span_id: PARENT });
  expect(Object.keys(all[all.length / 2])).not.toContain('trace_id');
});

test.each(['nodeOff', 'pythonOff'])('%s: unless it is switched on, no line is changed', async id => {
  expect(JSON.stringify(await lines(id, [SAMPLED]))).not.toContain(TRACE);
});

test('where it has no effect, it is refused', () => {
  const entry = `${projectFolder({ 'index.js': 'exports.handler = async () => 1;' })}/index.js`;
  expect(() => tracedFunction({ entry, instrumentation: Instrumentation.xraySdk({ logs: LogCorrelation.traceId() }) })).toThrow(/option 'logs' is supported for Python only, but the entry is Node\.js.*TF101/s);
  expect(() => tracedFunction({ entry, instrumentation: Instrumentation.openTelemetry({ logs: true as unknown as LogCorrelation }) })).toThrow(/LogCorrelation\.traceId\(\), got true.*TF132/s);
});
