import * as fs from 'fs';
import * as path from 'path';
import { listSources } from '../../../../lib/private/runner/python/sources';
import { projectFolder } from '../../../test-app';

function list(files: Record<string, string>, exclude: string[] = [], sourceDir = projectFolder({ 'app.py': '', ...files })) {
  const sources = listSources({ sourceDir, exclude, linkRoot: sourceDir, assetDir: path.join(sourceDir, 'out') });
  return {
    files: sources.files.map(file => path.relative(sourceDir, file).split(path.sep).join('/')).filter(name => name !== 'app.py').sort(),
    folders: sources.folders.map(folder => path.relative(sourceDir, folder)).filter(name => name !== ''),
    warnings: Object.fromEntries(sources.warnings.map(({ id, text }) => [id.replace('cdk-traced-function:', ''), text.replaceAll(sourceDir, '<source>')])),
  };
}

const TREE = {
  'README.md': '', 'docs/a.md': '', 'docs/b.txt': '', 'shop/docs/c.txt': '', 'shop/api.py': '', 'tests/unit/test_a.py': '', 'shop/tests/test_b.py': '', 'data/large.csv': '',
  'data/small.csv': '', 'Notes.TXT': '',
};

test.each<[string[], string[]]>([
  [['*.md'], ['README.md', 'docs/a.md']],
  [['docs/'], ['docs/a.md', 'docs/b.txt', 'shop/docs/c.txt']],
  [['/docs/'], ['docs/a.md', 'docs/b.txt']],
  [['./docs'], ['docs/a.md', 'docs/b.txt']],
  [['tests'], ['tests/unit/test_a.py', 'shop/tests/test_b.py']],
  [['tests/**'], ['tests/unit/test_a.py']],
  [['**/test_*.py'], ['tests/unit/test_a.py', 'shop/tests/test_b.py']],
  [['data/*', '!data/small.csv'], ['data/large.csv']],
  [['docs/', 'docs/*.md'], ['docs/a.md', 'docs/b.txt', 'shop/docs/c.txt']],
  [['docs/', '*.md', '/docs/b.txt'], ['README.md', 'docs/a.md', 'docs/b.txt', 'shop/docs/c.txt']],
])('%j leaves out %j', (exclude, left) => {
  expect(list(TREE, exclude).files).toEqual(Object.keys(TREE).filter(name => !left.includes(name)).sort());
});

test('a folder of which nothing is left is left out', () => {
  expect(list({ 'docs/deep/a.md': '', 'kept/a.txt': '' }, ['*.md']).folders).toEqual(['kept']);
});

test.each(['*.rst', 'dosc/', '/api.py', 'notes.txt', '!gone.md', '#docs', '../shop', 'data/*.json'])('a pattern that matches nothing fails: %s', pattern => {
  expect(() => list(TREE, ['*.md', pattern])).toThrow(new RegExp(`'exclude' has '${pattern.replace(/[.*/]/g, '\\$&')}', which matches nothing in '.*'; correct or remove the pattern`));
});

test('what another machine may not have needs no match', () => {
  expect(list({}, ['.venv/', '**/__pycache__', '*.pyc', './.env', '.env.*', 'node_modules/**', 'certs/*.pem']).files).toEqual([]);
});

const SECRETS = [
  '.env', '.env.local', 'conf/.env.prod', '.aws/credentials', '.netrc', '.npmrc', '.pypirc', 'pip.conf', 'certs/key.pem', 'certs/KEY.PEM', 'id_rsa', 'keys/id_ed25519', 'id_rsa.pub',
  'terraform.tfstate', 'infra/terraform.tfstate.backup',
];

test('where secrets are kept is left out, with a warning that names it', () => {
  const harmless = ['env.py', 'id_card.py', 'id_cards/__init__.py', 'ids/id_list.json', 'pem.py'];
  const { files, warnings } = list(Object.fromEntries([...SECRETS, ...harmless].map(name => [name, ''])));
  expect(files).toEqual(harmless.sort());
  expect(Object.keys(warnings)).toEqual(['secretLeftOut']);
  for (const name of SECRETS) {
    expect(warnings.secretLeftOut).toContain(`'${name.replace('.aws/credentials', '.aws/')}'`);
  }
});

test('what exclude names is packed, or left out, without a warning', () => {
  const files = { '.env': '', '.env.defaults': '', '.aws/config': '', 'certs/ca.pem': '', 'certs/key.pem': '', 'client_secret.json': '', 'requirements.txt': '-i https://me:secret@host/simple' };
  expect(list(files, ['.env', '!.env.defaults', '!.aws', '!certs/ca.pem', 'key.pem', '!client_secret.json', '!requirements.txt']))
    .toMatchObject({ files: ['.aws/config', '.env.defaults', 'certs/ca.pem', 'client_secret.json', 'requirements.txt'], warnings: {} });
});

// Put together here, so that no scanner takes this file for what it looks for.
const KEY = ['-----BEGIN', 'RSA PRIVATE', 'KEY-----'].join(' ');
test.each<[string, string, string | undefined]>([
  ['secret.env', '', 'by its name'], ['credentials.json', '{}', 'by its name'], ['store.p12', '', 'by its name'], ['api.key', '', 'by its name'], ['prod.tfvars', '', 'by its name'],
  ['deploy', `${KEY}\nabc`, 'a private key'], ['settings.py', `KEY = "${'AKIA'}${'QWERTYUIOPASDFGH'}"`, 'an access key of AWS'], ['a.txt', `gh${'p_'}${'a1'.repeat(18)}`, 'a token of GitHub'],
  ['secrets.py', 'def get_secret(): ...', undefined], ['passwords.html', '', undefined], ['example.py', 'KEY = "AKIAIOSFODNN7EXAMPLE"', undefined],
])('%s is packed, and warned of as a secret: %s', (name, text, kind) => {
  const { files, warnings } = list({ [name]: text });
  expect(files).toEqual([name]);
  expect(warnings.secretPacked?.split(' of ')[0]).toBe(kind && `'${name}' (${kind})`.split(' of ')[0]);
});

test.each([
  ['requirements.txt', '--index-url https://me:secret@host/simple\nsix\n', true], ['requirements-dev.txt', '-i https://__token__:abc@host/simple', true],
  ['uv.toml', '[[index]]\nurl = "https://0123456789abcdef0123@host/simple"', true], ['requirements.txt', '-i https://${USER}:${TOKEN}@host/simple', false],
  ['requirements.txt', 'a @ git+https://git@host/a', false], ['pyproject.toml', 'url = "https://host/simple"', false],
])('%s with the address %j is left out: %s', (name, text, left) => {
  const { files, warnings } = list({ [name]: text });
  expect([files, Object.keys(warnings)]).toEqual(left ? [[], ['secretLeftOut']] : [[name], []]);
  expect(JSON.stringify(warnings)).not.toMatch(/secret@|abc@|0123456789/);
});

describe('links', () => {
  test('within the project are followed', () => {
    const root = projectFolder({ 'fn/app.py': '', 'shared/deep.py': '', 'one.py': '' });
    fs.symlinkSync('../shared', path.join(root, 'fn', 'shared'));
    fs.symlinkSync('../one.py', path.join(root, 'fn', 'one.py'));
    const { files } = listSources({ sourceDir: path.join(root, 'fn'), exclude: [], linkRoot: root, assetDir: '' });
    expect(files.map(file => path.relative(root, file))).toEqual(['fn/app.py', 'fn/one.py', 'fn/shared/deep.py']);
  });

  test('to where secrets are kept are left out, whatever their names', () => {
    const root = projectFolder({ 'fn/app.py': '', '.env': '' });
    fs.symlinkSync('../.env', path.join(root, 'fn', 'settings'));
    const { files, warnings } = listSources({ sourceDir: path.join(root, 'fn'), exclude: [], linkRoot: root, assetDir: '' });
    expect([files.length, warnings.map(({ id }) => id)]).toEqual([1, ['cdk-traced-function:secretLeftOut']]);
  });

  test.each(['file', 'folder'])('that lead a %s out of the project fail', kind => {
    const outside = projectFolder({ 'file': '', 'folder/a.py': '' });
    const sourceDir = projectFolder({ 'app.py': '' });
    fs.symlinkSync(path.join(outside, kind), path.join(sourceDir, 'linked'));
    expect(() => list({}, [], sourceDir)).toThrow(`the source '${sourceDir}/linked' is a link to '${outside}/${kind}', which is outside of the project ('${sourceDir}')`);
    expect(list({}, ['linked'], sourceDir).files).toEqual([]);
  });

  test('to nothing, and into themselves, fail', () => {
    for (const [target, message] of [['gone.py', /is a link to 'gone\.py', which does not exist; remove it, or name it in 'exclude'/], ['.', /is a link to a folder around it/]] as const) {
      const sourceDir = projectFolder({ 'app.py': '' });
      fs.symlinkSync(target, path.join(sourceDir, 'linked'));
      expect(() => list({}, [], sourceDir)).toThrow(message);
    }
  });
});
