import { checkCLibrary } from '../../../../lib/private/runner/go/c-library';

const binary = (...texts: string[]) => Buffer.from(['\x7fELF', ...texts, ''].join('\0'), 'latin1');

test.each([
  ['an older one', binary('/lib64/ld-linux-x86-64.so.2', 'GLIBC_2.2.5', 'GLIBC_2.34'), '2.34'],
  ['none, because it is static', binary('GLIBC_2.40'), '2.26'],
  ['one of which nothing is known', binary('/lib64/ld-linux-x86-64.so.2', 'GLIBC_2.40'), undefined],
])('a binary that needs %s is taken', (_, contents, glibc) => {
  expect(() => checkCLibrary(contents, '/module', glibc)).not.toThrow();
});

test('a binary that needs a newer one than the runtime has is refused', () => {
  expect(() => checkCLibrary(binary('/lib/ld-linux-aarch64.so.1', 'GLIBC_2.17', 'GLIBC_2.38', 'GLIBC_2.4'), '/module', '2.34'))
    .toThrow(/^the binary of '\/module' is linked to the C library of this machine and needs glibc 2\.38, but Lambda's runtime has 2\.34: the function would not start; build it without cgo/);
});
