import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { normalizeRecords } from './normalize-package';
import { machineName } from './wheel-check';
import { LambdaArchitecture } from '../../bundling/bundling-job';
import { BundlingError } from '../bundling-error';

const TEST_FOLDERS = new Set(['test', 'tests']);
const USELESS_FILES = /\.(?:pyi|pyx|pxd|pxi|h|hpp|c|cc|cpp|a|lib)$|^py\.typed$/;

/** Leaves out of the installed packages what no running function reads: tests, type stubs, sources of compiled code, headers. */
export function slimPackages(directory: string): void {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory() && !entry.name.endsWith('.dist-info')) {
      slim(path.join(directory, entry.name), path.join(directory, entry.name));
    }
  }
  normalizeRecords(directory);
}

function slim(folder: string, top: string): void {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (!entry.isDirectory()) {
      if (USELESS_FILES.test(entry.name)) {
        fs.rmSync(file);
      }
    } else if (TEST_FOLDERS.has(entry.name) && holdsTests(file) && !isImported(file, top)) {
      fs.rmSync(file, { recursive: true });
    } else {
      slim(file, top);
    }
  }
}

/** `django.test` is a library for tests, and no test. */
function holdsTests(folder: string): boolean {
  return fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).some(name => /^(?:test_.*|.*_test|conftest)\.py$/.test(path.basename(name)));
}

/** Some packages import helpers from their tests, such as numpy.testing. */
function isImported(folder: string, top: string): boolean {
  const relative = path.relative(path.dirname(top), folder).split(path.sep);
  const name = relative[relative.length - 1];
  const pattern = new RegExp(`\\b(?:from|import)\\s+(?:${relative.join('\\.')}|\\.+(?:[\\w.]*\\.)?${name})\\b|\\bfrom\\s+(?:${relative.slice(0, -1).join('\\.')}|\\.+)\\s+import\\b[^\\n]*\\b${name}\\b`);
  return fs.readdirSync(top, { recursive: true, encoding: 'utf8' })
    .map(file => path.join(top, file))
    .some(file => file.endsWith('.py') && !file.startsWith(folder + path.sep) && !/[/\\]tests?[/\\]/.test(path.relative(top, file)) && pattern.test(fs.readFileSync(file, 'utf8')));
}

/**
 * Takes the symbols out of compiled files.
 *
 * @throws where this machine has no program that can, for the function's architecture
 */
export function stripBinaries(directory: string, architecture: LambdaArchitecture): void {
  const binaries = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map(name => path.join(directory, name))
    .filter(file => /\.so(?:\.[\d.]+)?$/.test(file) && !fs.lstatSync(file).isSymbolicLink() && fs.statSync(file).isFile());
  if (binaries.length === 0) {
    return;
  }
  const machine = machineName({ architecture });
  // Those of binutils leave the segments of more files where a loader can map them.
  const candidates = [`${machine}-linux-gnu-strip`, ...process.arch === (machine === 'aarch64' ? 'arm64' : 'x64') && process.platform === 'linux' ? ['strip'] : [], 'llvm-strip'];
  const program = candidates.find(canRun);
  if (!program) {
    throw new BundlingError('TF429', `the bundling option 'strip' needs a program that strips files for ${architecture} (tried ${candidates.map(name => `'${name}'`).join(', ')} on the PATH); ` +
      'install LLVM or binutils, or leave the option out');
  }
  for (const file of binaries) {
    const stripped = `${file}.stripped`;
    // What is there for linkers of dynamic libraries stays.
    execFileSync(program, ['--strip-unneeded', '-o', stripped, file], { stdio: ['ignore', 'ignore', 'pipe'] });
    if (isLoadable(fs.readFileSync(stripped))) {
      fs.copyFileSync(stripped, file); // which keeps its permissions
    }
    fs.rmSync(stripped);
  }
  normalizeRecords(directory);
}

function canRun(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // not there
  }
}

/**
 * Whether a loader can map a file: wheels hold files that patchelf has rewritten, and programs that strip lay the segments of some of these where none can.
 * https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.pheader.html
 */
export function isLoadable(elf: Buffer): boolean {
  const [start, size, number] = [Number(elf.readBigUInt64LE(0x20)), elf.readUInt16LE(0x36), elf.readUInt16LE(0x38)];
  const isLoad = (header: number) => elf.readUInt32LE(header) === 1;
  return Array.from({ length: number }, (_, i) => start + i * size).filter(isLoad).every(header => {
    const [offset, address, alignment] = [8, 16, 48].map(field => elf.readBigUInt64LE(header + field));
    return alignment <= 1n || (address - offset) % alignment === 0n;
  });
}
