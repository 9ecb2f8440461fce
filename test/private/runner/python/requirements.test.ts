import * as path from 'path';
import { PythonInstallation } from '../../../../lib/private/languages/python-job';
import { readRequirements } from '../../../../lib/private/runner/python/requirements';
import { projectFolder, temporaryFolder } from '../../../test-app';

const INSTALLATION: PythonInstallation = {
  pythonVersion: '3.14',
  architecture: 'x86_64',
  installArgs: [],
  installer: 'any',
  extras: [],
  groups: [],
  environment: {},
  slim: false,
  strip: false,
};

async function read(files: Record<string, string | Buffer>, pythonVersion = '3.14', more: Partial<PythonInstallation> = {}) {
  const folder = projectFolder(files);
  const installation = { ...INSTALLATION, pythonVersion, ...more };
  const { direct, files: named, isLocked, ...requirements } = await readRequirements(folder, temporaryFolder(), installation);
  const inFolder = (text: string) => text.replaceAll(folder, '<folder>');
  return { ...JSON.parse(inFolder(JSON.stringify(requirements))), direct: [...direct], files: named.map(inFolder) };
}

test('a folder without project files requires nothing', async () => {
  expect(await read({ 'handler.py': '' })).toEqual({ lines: [], options: [], constraints: [], direct: [], files: [] });
});

test('names are normalised, comments and continued lines understood', async () => {
  const text = '# all of it\nRequests[socks]>=2 ; python_version > "3"  # http\n\nZope.Interface \\\n  ==7.0\nfoo @ https://example.com/foo#egg=foo\n';
  expect(await read({ 'requirements.txt': text })).toMatchObject({
    lines: ['Requests[socks]>=2 ; python_version > "3"', 'Zope.Interface    ==7.0', 'foo @ https://example.com/foo#egg=foo'],
    direct: ['requests', 'zope-interface', 'foo'],
  });
});

test.each(['aws-xray-sdk', 'aws_xray_sdk==2.14.0', 'AWS.XRay.SDK ~= 2.14'])('the SDK is told from the rest: %s', async line => {
  expect(await read({ 'requirements.txt': `six\n${line}\naws-xray-sdk-extras\n` })).toMatchObject({ lines: ['six', 'aws-xray-sdk-extras'], sdkLine: line });
});

test('included files are read where they lie, each once, and constraints are told from what is asked for', async () => {
  expect(await read({
    'requirements.txt': '-r deps/base.txt\n--index-url https://example.com/simple\n-c constraints.txt\n',
    'deps/base.txt': 'six\n--requirement more.txt\n-r ../requirements.txt\n',
    'deps/more.txt': 'aws-xray-sdk==2.14.0\n-c pins.txt\n',
    'deps/pins.txt': 'wrapt==1.16.0\n-c "more pins.txt"\n',
    'deps/more pins.txt': 'urllib3<2 # of botocore\n',
    'constraints.txt': Buffer.from('\ufeffsix==1.16.0\r\n', 'utf16le'),
  })).toEqual({
    lines: ['six'],
    sdkLine: 'aws-xray-sdk==2.14.0',
    options: ['--index-url https://example.com/simple'],
    constraints: ['urllib3<2', 'wrapt==1.16.0', 'six==1.16.0'],
    direct: ['six', 'aws-xray-sdk'],
    files: ['requirements.txt', 'deps/base.txt', 'deps/more.txt', 'deps/pins.txt', 'deps/more pins.txt', 'constraints.txt'].map(name => path.posix.join('<folder>', name)),
  });
});

test('a file at an address is a requirement and no option', async () => {
  expect(await read({ 'requirements.txt': '-r https://example.com/all.txt\n' })).toMatchObject({ lines: ['-r https://example.com/all.txt'], options: [] });
});

test('paths become absolute, and an editable installation a real one', async () => {
  expect(await read({ 'requirements.txt': '-e ./libs/a\n--editable ../b[extra]\n./c.whl\n.\n' })).toMatchObject({
    lines: ['<folder>/libs/a', expect.stringMatching(/^\/.*\/b\[extra\]$/), '<folder>/c.whl', '<folder>'],
  });
});

test('requirements.txt goes before pyproject.toml', async () => {
  const files = { 'requirements.txt': 'six', 'pyproject.toml': '[project]\nname = "a"\nversion = "1"\ndependencies = ["attrs"]\n' };
  expect(await read(files)).toMatchObject({ lines: ['six'] });
  expect(await read({ 'pyproject.toml': files['pyproject.toml'] })).toMatchObject({ lines: ['attrs'], direct: ['attrs'] });
});

test('a pyproject.toml for tools only requires nothing', async () => {
  expect(await read({ 'pyproject.toml': '[tool.black]\nline-length = 100\n' })).toMatchObject({ lines: [] });
});

test('paths are found in every form, and what lies there counts', async () => {
  const text = './w/a.whl\nw/a.whl\nfile:w/a.whl\nlibs/a[x]\n--find-links w\nb @ file:///somewhere/b.whl\nnot/there\n';
  const { lines, options, files } = await read({ 'requirements.txt': text, 'w/a.whl': '', 'libs/a/a.py': '', 'libs/a/.git/x': '' });
  expect(lines).toEqual([...Array<string>(3).fill('<folder>/w/a.whl'), '<folder>/libs/a[x]', 'b @ file:///somewhere/b.whl', 'not/there']);
  expect(options).toEqual(['--find-links <folder>/w']);
  expect(files).toEqual(expect.arrayContaining(['requirements.txt', 'w/a.whl', 'libs/a', 'libs/a/a.py'].map(name => `<folder>/${name}`).concat('/somewhere/b.whl')));
  expect(files.filter((file: string) => file.includes('.git'))).toEqual([]);
});

test('white space ends no path', async () => {
  const text = './libs/my lib[x] ; python_version > "3"\n--find-links ./w\n';
  const folder = path.join(projectFolder({
    'a b/requirements.txt': text, 'a b/libs/my lib/setup.py': '', 'a b/w/a.whl': '',
  }), 'a b');
  const { lines, options, files } = await readRequirements(folder, temporaryFolder(), INSTALLATION);
  expect(lines).toEqual([`${folder}/libs/my lib[x] ; python_version > "3"`]);
  expect(options).toEqual([`--find-links "${folder}/w"`]);
  expect(files).toEqual(expect.arrayContaining(['libs/my lib/setup.py', 'w/a.whl'].map(name => `${folder}/${name}`)));
});

describe('a project whose requirements are kept for another tool', () => {
  test.each([
    ['Pipfile', 'pipenv requirements'], ['Pipfile.lock', 'pipenv requirements'], ['poetry.lock', 'poetry export'], ['pdm.lock', 'pdm export'],
  ])('fails for its %s', async (name, command) => {
    const files = { [name]: '', 'pyproject.toml': '[project]\nname = "a"\nversion = "1"\ndependencies = ["six"]\n' };
    await expect(read(files)).rejects.toThrow(new RegExp(`${name}' says what the function requires, and cannot be read \\(.*\\); write a requirements.txt beside it, for example with '${command}`));
    expect(await read({ ...files, 'requirements.txt': 'six' })).toMatchObject({ lines: ['six'] });
  });

  test('fails for sources that only uv knows, as long as they are not locked', async () => {
    const project = '[project]\nname = "a"\nversion = "1"\ndependencies = ["common"]\n[tool.uv.sources]\ncommon = { path = "../common" }\n';
    await expect(read({ 'pyproject.toml': project })).rejects.toThrow(/\[tool\.uv\.sources\] where 'common' is to come from, .* run 'uv lock' there/);
  });

  test('does not fail for a Poetry project that requires Python alone', async () => {
    expect(await read({ 'pyproject.toml': '[tool.poetry.dependencies]\npython = "^3.11"\n' })).toMatchObject({ lines: [] });
  });
});

describe('extras and groups', () => {
  const project = [
    '[project]', 'name = "Shop_Api"', 'version = "1"', 'dependencies = ["six"]',
    '[project.optional-dependencies]', 'http = ["httpx", "boto3"]', 'sql = ["psycopg"]', 'all = ["shop-api[http,sql]"]',
    '[dependency-groups]', 'ml = ["numpy", { include-group = "Base_Group" }]', 'base-group = ["attrs"]', '',
  ].join('\n');

  test('that are asked for are installed, with those that they name', async () => {
    expect(await read({ 'pyproject.toml': project }, '3.14', { extras: ['all'], groups: ['ml'] })).toMatchObject({
      lines: ['six', 'httpx', 'boto3', 'psycopg', 'numpy', 'attrs'], direct: ['six', 'httpx', 'boto3', 'psycopg', 'numpy', 'attrs'],
    });
    expect(await read({ 'pyproject.toml': project })).toMatchObject({ lines: ['six'] });
  });

  test('fail where there are none of that name, and where they would have no effect', async () => {
    await expect(read({ 'pyproject.toml': project }, '3.14', { extras: ['htpp'] }))
      .rejects.toThrow(/pyproject\.toml' has no extra 'htpp' \(it has http, sql, all\); correct the bundling option 'extras'/);
    await expect(read({ 'pyproject.toml': project }, '3.14', { groups: ['dev'] })).rejects.toThrow(/has no group 'dev' \(it has ml, base-group\)/);
    for (const files of [{ 'requirements.txt': 'six' }, { 'app.py': '' }] as Record<string, string>[]) {
      await expect(read(files, '3.14', { extras: ['http'] })).rejects.toThrow(/the bundling option 'extras' would have no effect/);
    }
  });
});

test.each([['UTF-16LE', '\ufeff', 'utf16le'], ['UTF-8 with a mark', '\ufeff', 'utf8']] as const)('requirements in %s are read', async (_, mark, encoding) => {
  expect(await read({ 'requirements.txt': Buffer.from(`${mark}six==1.17.0\r\nattrs\r\n`, encoding) })).toMatchObject({ lines: ['six==1.17.0', 'attrs'] });
});

test('where only a build tells the requirements, the project is installed itself', async () => {
  const setup = 'from setuptools import setup\nsetup(name="a", install_requires=["six", "boto3>=1"])\n';
  expect(await read({ 'setup.py': setup })).toMatchObject({ lines: ['<folder>'], direct: ['boto3'] });
  const project = '[project]\nname = "a"\nversion = "1"\ndynamic = ["dependencies"]\n';
  expect(await read({ 'pyproject.toml': project }, '3.14', { extras: ['x'] })).toMatchObject({ lines: ['<folder>[x]'], direct: [] });
});

test.each([['>=3.9,<3.13', '3.12', '3.13'], ['>=3.13.2', '3.13', '3.12'], ['==3.12.*', '3.12', '3.14']])('requires-python %s fits %s, and contradicts %s', async (wanted, fits, not) => {
  const files = { 'pyproject.toml': `[project]\nname = "a"\nversion = "1"\nrequires-python = "${wanted}"\ndependencies = []\n` };
  expect(await read(files, fits)).toMatchObject({ lines: [] });
  await expect(read(files, not)).rejects.toThrow(`requires Python '${wanted}', and the function's runtime is python${not}; set 'runtime' to one that fits, or change requires-python`);
});
