import * as fs from 'fs';
import { LambdaArchitecture } from '../../bundling/bundling-job';

/** `e_machine` of the ELF header. */
const MACHINES: Record<LambdaArchitecture, number> = { x86_64: 62, arm64: 183 };
/** `NODE_MODULE_VERSION` of the runtimes. */
const ABIS: Record<number, number> = { 16: 93, 18: 108, 20: 115, 22: 127, 24: 137 };

export interface BinaryTarget {
  readonly architecture: LambdaArchitecture;
  /** Major version of Node.js. */
  readonly nodeVersion: number;
}

/** glibc of the runtime's Linux: Amazon Linux 2 up to Node.js 18, then Amazon Linux 2023. */
function glibcOf({ nodeVersion }: BinaryTarget): number {
  return nodeVersion <= 18 ? 26 : 34;
}

/**
 * Why a compiled file cannot be loaded on Lambda.
 *
 * @returns the end of a sentence that starts with the file; undefined when it can
 */
export function whyNotLoadable(file: string, target: BinaryTarget): string | undefined {
  const contents = fs.readFileSync(file);
  if (contents.length < 20 || contents.readUInt32BE(0) !== 0x7f454c46) {
    return 'is not for Linux';
  }
  const machine = contents.readUInt16LE(18);
  if (machine !== MACHINES[target.architecture]) {
    const name = Object.entries(MACHINES).find(([, number]) => number === machine)?.[0] ?? `machine ${machine}`;
    return `is for ${name}, and the function's architecture is ${target.architecture}`;
  }
  const text = contents.toString('latin1');
  if (/libc\.musl|ld-musl/.test(text)) {
    return 'is for musl, and Lambda has glibc';
  }
  const glibc = Math.max(0, ...[...text.matchAll(/GLIBC_2\.(\d+)\0/g)].map(match => Number(match[1])));
  if (glibc > glibcOf(target)) {
    return `needs glibc 2.${glibc}, and the runtime has 2.${glibcOf(target)}`;
  }
  const abi = /node_register_module_v(\d+)/.exec(text)?.[1];
  if (abi !== undefined && ABIS[target.nodeVersion] !== undefined && Number(abi) !== ABIS[target.nodeVersion]) {
    const version = Object.entries(ABIS).find(([, number]) => number === Number(abi))?.[0];
    return `was made for Node.js ${version ?? `with ABI ${abi}`}, and the runtime is Node.js ${target.nodeVersion}`;
  }
  return undefined;
}
