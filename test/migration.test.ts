import * as fs from 'fs';
import * as path from 'path';
import { gunzipSync } from 'zlib';

interface Assembly {
  readonly types: Record<string, { readonly properties?: { readonly name: string }[] }>;
}

function assembly(name: string): Assembly {
  const folder = path.dirname(require.resolve(`${name}/package.json`));
  const text = fs.readFileSync(path.join(folder, '.jsii'), 'utf8');
  const { filename } = JSON.parse(text) as { filename?: string };
  return JSON.parse(filename ? gunzipSync(fs.readFileSync(path.join(folder, filename))).toString() : text) as Assembly;
}

const CDK = assembly('aws-cdk-lib');

/** Options of a construct's own props, and those of its bundling, which are written with `bundling.` or without. */
function options(found: Assembly, module: string, props: string[], bundling: string): string[] {
  const own = (type: string) => (found.types[`${module}.${type}`].properties ?? []).map(({ name }) => name);
  const docker = (CDK.types['aws-cdk-lib.DockerRunOptions'].properties ?? []).map(({ name }) => name);
  return [...props.flatMap(own), ...[...own(bundling), ...docker].map(name => `bundling.${name}`)];
}

/** Those that no row of a table names. */
function missing(names: string[], heading: string): string[] {
  const page = fs.readFileSync(path.join(__dirname, '..', 'MIGRATION.md'), 'utf8');
  const section = page.slice(page.indexOf(`\n${heading}`) + 1).split(/\n# /)[0];
  const cells = section.split('\n').filter(line => line.startsWith('|')).map(line => line.split('|')[1]).join();
  return names.filter(name => ![name, name.replace(/^bundling\./, '')].some(written => cells.includes(`\`${written}\``)));
}

test.each([
  ['NodejsFunction', '# From NodejsFunction', ['depsLockFilePath', 'bundling.sourceMap', 'bundling.volumesFrom'],
    () => options(CDK, 'aws-cdk-lib.aws_lambda_nodejs', ['NodejsFunctionProps'], 'BundlingOptions')],
  ['GoFunction', '# From GoFunction', ['moduleDir', 'bundling.goBuildFlags', 'bundling.volumesFrom'],
    () => options(assembly('@aws-cdk/aws-lambda-go-alpha'), '@aws-cdk/aws-lambda-go-alpha', ['GoFunctionProps'], 'BundlingOptions')],
  ['PythonFunction and PythonLayerVersion', '# From `PythonFunction`', ['entry', 'index', 'bundling.assetExcludes', 'bundling.volumesFrom'],
    () => options(assembly('@aws-cdk/aws-lambda-python-alpha'), '@aws-cdk/aws-lambda-python-alpha', ['PythonFunctionProps', 'PythonLayerVersionProps'], 'BundlingOptions')],
])('every option of %s is in its table', (_, heading, some, all) => {
  const names = all();
  expect(names).toEqual(expect.arrayContaining(some));
  expect(missing(names, heading)).toEqual([]);
  // One that a newer version brings fails the line above.
  expect(missing([...names, 'bundling.newOption', 'newProp'], heading)).toEqual(['bundling.newOption', 'newProp']);
});
