import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { TracedFunction } from '../../../lib';
import { systemErrorText } from '../../../lib/private/files/system-error';
import { bundlingError } from '../../packages';
import { projectFolder, testApp } from '../../test-app';

const folder = projectFolder({ 'file': 'text', 'full/file': '' });
const inFolder = (...names: string[]) => path.join(folder, ...names);
fs.symlinkSync('loop', inFolder('loop'));

function thrown(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

test.each<[string, () => unknown, string]>([
  ['a missing file', () => fs.readFileSync(inFolder('none')), `cannot open '${inFolder('none')}': it does not exist (ENOENT); create it, or mend the path`],
  ['a file as a folder', () => fs.readdirSync(inFolder('file')), `cannot list the folder '${inFolder('file')}': a part of the path is a file and no folder (ENOTDIR); mend the path, or move the file away`],
  ['a folder as a file', () => fs.readFileSync(folder), 'cannot read a file: it is a folder where a file is needed (EISDIR)'],
  ['a link that is none', () => fs.readlinkSync(inFolder('file')), `cannot follow the link '${inFolder('file')}': the file system does not support that (EINVAL)`],
  ['links in a circle', () => fs.realpathSync.native(inFolder('loop')), 'its symbolic links lead back to themselves (ELOOP); mend the links'],
  ['a folder that is full', () => fs.rmdirSync(inFolder('full')), 'cannot remove the folder'],
  ['a name that is too long', () => fs.readFileSync(inFolder('x'.repeat(300))), 'the path is too long (ENAMETOOLONG)'],
  ['two files', () => fs.copyFileSync(inFolder('none'), inFolder('to')), `cannot copy '${inFolder('none')}' to '${inFolder('to')}': it does not exist (ENOENT)`],
  ['a program', () => spawnSync('no-such-program').error, "cannot start 'no-such-program': no program of that name is on the PATH"],
])('%s is told in words', (_, work, words) => expect(systemErrorText(thrown(work))).toContain(words));

test.each([
  ['EACCES', 'open', "cannot open '/a': permission is denied (EACCES); give the user that runs the synth access to it"],
  ['ENOSPC', 'write', "cannot write '/a': the disk is full (ENOSPC); free space on it"],
  ['EMFILE', 'open', "cannot open '/a': too many files are open in this process (EMFILE); raise the limit, such as with 'ulimit -n 4096'"],
  ['EROFS', 'mkdir', "cannot make the folder '/a': the file system is read-only (EROFS); make it writable, or choose another folder"],
  ['EAGAIN', 'spawn tool', "cannot start 'tool': the system has no resources left for it (EAGAIN)"],
])('%s, which cannot be had in a test, too', (code, syscall, words) => expect(systemErrorText(Object.assign(new Error(code), { code, syscall, path: '/a' }))).toContain(words));

test('a user without a home is told which variable to set', () => {
  const info = { code: 'ENOENT', syscall: 'uv_os_homedir' };
  expect(systemErrorText(Object.assign(new Error('A system error occurred'), { code: 'ERR_SYSTEM_ERROR', info }))).toMatch(/cannot find the home folder .*set the environment variable HOME$/);
});

test.each([new Error('of its own'), Object.assign(new Error('no module'), { code: 'MODULE_NOT_FOUND' }), 'text', undefined])('any other error stays: %s', error => expect(systemErrorText(error)).toBeUndefined());

test('the process that bundles gives them a code', () => {
  const project = projectFolder({ 'handler.py': 'def handler(event, context):\n    return 1\n', 'requirements.txt/file': '' });
  expect(bundlingError({ Function: { entry: project, handler: 'handler.handler' } })).toMatch(/^cannot bundle 'Stack\/Function': cannot .*\(EISDIR\); .* \(TF702\)$/);
});

test('so does the synth, with the path of the construct', () => {
  const app = testApp();
  const stack = new Stack(app, 'Stack');
  new TracedFunction(stack, 'Function', { entry: path.join(projectFolder({ 'handler.ts': 'export const handler = async () => 1;' }), 'handler.ts') });
  fs.rmSync(app.outdir, { recursive: true });
  fs.writeFileSync(app.outdir, 'no folder');
  expect(() => Template.fromStack(stack)).toThrow(/^TracedFunction 'Stack\/Function': cannot make the folder '.*\/cdk\.out\/.*': a part of the path is a file and no folder \(ENOTDIR\).*\(TF131\)$/);
});
