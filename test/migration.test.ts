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

/** Properties that a type has itself. */
function properties({ types }: Assembly, type: string): string[] {
  return (types[type].properties ?? []).map(({ name }) => name);
}

const page = fs.readFileSync(path.join(__dirname, '..', 'MIGRATION.md'), 'utf8');

test('every option of PythonFunction and PythonLayerVersion is in the tables', () => {
  const python = assembly('@aws-cdk/aws-lambda-python-alpha');
  const own = (type: string) => properties(python, `@aws-cdk/aws-lambda-python-alpha.${type}`);
  const options = [
    ...own('PythonFunctionProps'),
    ...own('PythonLayerVersionProps'),
    ...[...own('BundlingOptions'), ...properties(assembly('aws-cdk-lib'), 'aws-cdk-lib.DockerRunOptions')].map(name => `bundling.${name}`),
  ];
  expect(options).toEqual(expect.arrayContaining(['entry', 'index', 'bundling.assetExcludes', 'bundling.volumesFrom']));
  expect(options.filter(name => !page.includes(`\`${name}\``))).toEqual([]);
});
