import * as fs from 'fs';
import * as path from 'path';
import { examine } from '../../../lib/private/doctor/examine';
import { RULES } from '../../../lib/private/doctor/rules';
import { AppModel } from '../../../lib/private/doctor/template/app-model';
import { templateOf } from '../../../lib/private/doctor/template/read-app';
import { readYaml } from '../../../lib/private/doctor/template/read-yaml';

const EXAMPLES = path.join(__dirname, 'examples');

/** Ids of the rules that a template breaks. */
function broken(template: unknown): string[] {
  const { findings } = examine(new AppModel([templateOf(JSON.stringify(template), '/example/template.json')]));
  return findings.map(({ rule }) => rule.id);
}

test('each rule has an example, and each example a rule', () => {
  expect(fs.readdirSync(EXAMPLES).map(name => path.basename(name, '.yaml')).sort()).toEqual(RULES.map(({ id }) => id));
});

describe.each(RULES.map(rule => [rule.id, rule] as const))('%s', (id, rule) => {
  const { failing, passing } = readYaml(fs.readFileSync(path.join(EXAMPLES, `${id}.yaml`), 'utf8'), `${id}.yaml`) as Record<string, unknown>;

  test('finds its failing example', () => expect(broken(failing)).toContain(id));
  test('finds nothing in its passing example', () => expect(broken(passing)).not.toContain(id));
  test('says what to do, and where it is written', () => {
    expect(Object.keys(rule.fix).length).toBeGreaterThan(0);
    expect(rule.link).toMatch(/^https:\/\/[^ ]+$/);
    expect(rule.name).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
    expect(rule.explanation.length).toBeGreaterThan(100);
  });
});
