import * as path from 'path';
import { readRequirements } from '../../../lib/private/runner/python-requirements';
import { projectFolder, temporaryFolder } from '../../test-app';

async function read(files: Record<string, string>) {
  const folder = projectFolder(files);
  const { direct, files: named, ...requirements } = await readRequirements(folder, temporaryFolder());
  const inFolder = (text: string) => text.replaceAll(folder, '<folder>');
  return { ...JSON.parse(inFolder(JSON.stringify(requirements))), direct: [...direct], files: named.map(inFolder) };
}

test('a folder without project files requires nothing', async () => {
  expect(await read({ 'handler.py': '' })).toEqual({ lines: [], options: [], direct: [], files: [] });
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

test('included files are read where they lie, each once, and constraints stay options', async () => {
  expect(await read({
    'requirements.txt': '-r deps/base.txt\n--index-url https://example.com/simple\n-c constraints.txt\n',
    'deps/base.txt': 'six\n--requirement more.txt\n-r ../requirements.txt\n',
    'deps/more.txt': 'aws-xray-sdk==2.14.0\n-c pins.txt\n',
  })).toEqual({
    lines: ['six'],
    sdkLine: 'aws-xray-sdk==2.14.0',
    options: ['-c <folder>/deps/pins.txt', '--index-url https://example.com/simple', '-c <folder>/constraints.txt'],
    direct: ['six', 'aws-xray-sdk'],
    files: ['requirements.txt', 'deps/base.txt', 'deps/more.txt', 'deps/pins.txt', 'constraints.txt'].map(name => path.posix.join('<folder>', name)),
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
