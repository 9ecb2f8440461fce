import { execFileSync } from 'node:child_process';

/** A function of the app that TracedFunction did not make. */
export interface AdoptedFunction {
  readonly name: string;
  readonly level: 'rebundled' | 'layer';
  /** The same handler as a TracedFunction. */
  readonly reference: string;
  /** What it is called with. @default - the address of a web server */
  readonly event?: (url: string) => object;
}

/** A function that is not traced as TracedFunction would, and what the report says about it. */
export interface ReportedException {
  readonly path: RegExp;
  readonly level: 'segments' | 'untraced';
  readonly reason: RegExp;
}

const named = (reference: string, level: AdoptedFunction['level'], ...names: string[]): AdoptedFunction[] => names.map(name => ({ name, level, reference }));
const customResource = (resourceProperties: object) => (url: string) => ({
  RequestType: 'Create', ResponseURL: `${url}/answer`, StackId: 'stack', RequestId: 'request', LogicalResourceId: 'resource', ResourceProperties: resourceProperties,
});

export const ADOPTED: readonly AdoptedFunction[] = [
  ...named('reference-node', 'rebundled', 'nodejs-function', 'nodejs-function-esm'),
  ...named('reference-node', 'layer',
    'nodejs-function-own-options', 'asset', 'asset-esm', 'asset-in-folder', 'zip', 'inline', 'singleton', 'nested', 'cfn-function', 'cfn-resource', 'included', 'by-mixin',
    'of-provider', 'made-by-aspect', 'solutions-construct', 'sam'),
  ...named('reference-python', 'rebundled', 'python-function'),
  ...named('reference-python', 'layer', 'python-asset', 'python-package', 'python-inline', 'python-cfn-function', 'python-included', 'powertools-layer', 'python-sam'),
  { name: 'table-viewer', level: 'layer', reference: 'reference-table-viewer' },
  { name: 'seeder', level: 'layer', reference: 'reference-seeder', event: customResource({ TableName: 'adoption-third-party', Seeds: { InlineSeeds: '[{"id":"c"}]' } }) },
  { name: 'temp-stack', level: 'layer', reference: 'reference-temp-stack', event: () => ({ stackId: 'no-such-stack' }) },
  { name: 'remote-stack', level: 'layer', reference: 'reference-remote-stack', event: customResource({ stackName: 'adoption', regionName: 'us-east-1' }) },
];

export const JAVA: AdoptedFunction = { name: 'java-asset', level: 'layer', reference: 'reference-java', event: () => ({ id: 'java' }) };

/** Apps in Python, and their functions. */
export const PYTHON_APPS: readonly (readonly [app: string, functions: readonly AdoptedFunction[]])[] = [
  ['assets_app.py', named('reference-python', 'layer', 'from-python-asset', 'from-python-inline')],
  ['nodejs_app.py', [...named('reference-node', 'rebundled', 'from-python-nodejs'), ...named('reference-python', 'layer', 'from-python-l1')]],
];

export const EXCEPTIONS: readonly ReportedException[] = [
  { path: /^adoption\/Provider\/framework-onEvent$/, level: 'untraced', reason: /^a handler of CDK's own/ },
  { path: /^adoption-third-party\/RemoteOutputs\/MyProvider\/framework-onEvent$/, level: 'untraced', reason: /^a handler of CDK's own/ },
  { path: /^adoption-third-party\/LogRetention[0-9a-f]+$/, level: 'untraced', reason: /^a handler of CDK's own/ },
  { path: /^adoption-vendor\/Wrapped$/, level: 'segments', reason: /^it has an exec wrapper, \/opt\/vendor-wrapper/ },
];

export const hasMaven = works('mvn');
if (!hasMaven) console.warn('The function in Java is left out: it needs a JDK and Maven');

function works(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
