import { splitBuildArgs, takeTags } from '../../../lib/private/languages/go-build-args';
import { readBuildFlags } from '../../../lib/private/runner/go/build-flags';

test.each([
  [['-ldflags "-s -w"'], ['-ldflags', '-s -w']],
  [['-ldflags="-s -w -X main.v=1"', '-v -x'], ['-ldflags=-s -w -X main.v=1', '-v', '-x']],
  [['-ldflags=-s -w'], ['-ldflags=-s -w']],
  [["-gcflags='all=-N -l' -race"], ['-gcflags=all=-N -l', '-race']],
  [['-ldflags "-X \'main.v=a \\"b\\"\'"'], ['-ldflags', '-X \'main.v=a "b"\'']],
  [['-o a\\ b', ''], ['-o', 'a b']],
])('the arguments %j are the words %j', (args, words) => {
  expect(splitBuildArgs(args)).toEqual(words);
});

test.each([["-ldflags '-s"], ['-ldflags "-s']])('%s has a quote without an end', arg => {
  expect(() => splitBuildArgs([arg])).toThrow('has a quote without an end');
});

test('tags are taken from the arguments in all their forms', () => {
  expect(takeTags(['-tags=a,b', '-v', '-tags', 'c d', '--tags=e'])).toEqual({ tags: ['a', 'b', 'c', 'd', 'e'], rest: ['-v'] });
});

test.each([
  [['-v'], { overlays: [], linkerFlags: undefined, deciding: [], rest: ['-v'] }],
  [['-ldflags', '-s', '-mod', 'vendor', '-race'], { overlays: [], linkerFlags: '-s', deciding: ['-mod', 'vendor', '-race'], rest: ['-mod', 'vendor', '-race'] }],
  [['-overlay=a.json', '-modfile=b.mod', '-overlay', 'c.json'], { overlays: ['a.json', 'c.json'], linkerFlags: undefined, deciding: ['-modfile=b.mod'], rest: ['-modfile=b.mod'] }],
  [['-ldflags=main=-X main.v=1'], { overlays: [], linkerFlags: undefined, deciding: [], rest: ['-ldflags=main=-X main.v=1'] }],
])('of %j it is said what each means', (args, flags) => {
  expect(readBuildFlags(args)).toEqual(flags);
});
