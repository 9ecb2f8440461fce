import { BundlingError } from '../bundling-error';
/**
 * Refuses a program that is linked to a newer C library than Lambda's, with which it would not start.
 *
 * @param binary contents of an ELF file
 * @param glibc version on Lambda; undefined when it is not known
 */
export function checkCLibrary(binary: Buffer, moduleRoot: string, glibc: string | undefined): void {
  if (glibc === undefined || !binary.includes('/ld-linux')) { // a static binary names no loader
    return;
  }
  const minor = (version: string) => Number(version.split('.')[1]);
  const versions = [...binary.toString('latin1').matchAll(/\0GLIBC_(2\.\d+)(?=[.\0])/g)].map(([, version]) => version);
  const wanted = versions.sort((a, b) => minor(a) - minor(b)).pop();
  if (wanted && minor(wanted) > minor(glibc)) {
    throw new BundlingError('TF504', `the binary of '${moduleRoot}' is linked to the C library of this machine and needs glibc ${wanted}, but Lambda's runtime has ${glibc}: ` +
      `the function would not start; build it without cgo, with a C compiler for glibc ${glibc} (environment variable CC, such as 'zig cc -target x86_64-linux-gnu.${glibc}'), ` +
      "or statically ('-ldflags \"-linkmode external -extldflags -static\"' in 'buildArgs')");
  }
}
