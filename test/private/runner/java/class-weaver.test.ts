import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { redirectCalls } from '../../../../lib/private/runner/java/class-weaver';
import { classFile } from '../../../java-classes';
import { hasMaven } from '../../../java-runtime';
import { projectFolder } from '../../../test-app';

const REDIRECTIONS = [
  { owner: 'java/lang/String', name: 'length', descriptor: '()I', target: 'Counted', receiver: 'java/lang/CharSequence' },
  { owner: 'java/lang/CharSequence', name: 'length', descriptor: '()I', target: 'Counted' },
  { owner: 'java/lang/Integer', name: 'parseInt', descriptor: '(Ljava/lang/String;)I', target: 'Counted', isStatic: true },
];

/** Instructions of all lengths around the redirected ones: switches of both kinds at all alignments, wide ones, constants that take two places. */
const SOURCE = `
import java.util.function.IntSupplier;
import java.util.function.ToIntFunction;

public class Program {
  static int dense(String text) {
    switch (text.length()) {
      case 0: return 100;
      case 1: return 101 + text.length();
      case 2: return 102;
      case 3: return 103 * text.length();
      default: return text.length();
    }
  }

  static long sparse(long given, double half, String text) {
    switch ((int) given) {
      case -7: return 0x123456789ABCDEFL + text.length();
      case 1000: return (long) (half * 1e300) + text.length();
      case 2000000: return text.length() << 3;
      default: return given ^ text.length();
    }
  }

  static int wide(String text) {
    ${Array.from({ length: 140 }, (_, i) => `long v${i} = ${i}L + text.length();`).join('\n    ')}
    int late = text.length();
    late += 30000;
    for (int i = 0; i < text.length(); i++) { late += i; }
    return late + (int) (${Array.from({ length: 140 }, (_, i) => `v${i}`).join(' + ')});
  }

  public static void main(String[] args) {
    StringBuilder out = new StringBuilder();
    ToIntFunction<String> reference = String::length;
    CharSequence chars = "interface";
    IntSupplier ofInterface = chars::length;
    ToIntFunction<String> ofClass = Integer::parseInt;
    for (int i = 0; i < 100; i++) { out.append(chars.length() + Integer.parseInt("7") + ofInterface.getAsInt() + ofClass.applyAsInt("8")); }
    Runnable[] lambdas = { () -> out.append("abc".length()), () -> out.append(new int["ab".length()][3].length) };
    for (String text : new String[] { "", "a", "ab", "abc", "abcd" }) {
      out.append(dense(text)).append(' ').append(sparse(text.length() * 1000L - 7, 0.5, text)).append(' ').append(wide(text)).append(' ').append(reference.applyAsInt(text)).append('\\n');
    }
    for (Runnable lambda : lambdas) { lambda.run(); }
    System.out.println(out);
    System.out.println(Counted.calls);
  }
}
`;
const COUNTED = 'public class Counted {\n  static int calls;\n  public static int length(CharSequence text) { calls++; return text.length(); }\n'
  + '  public static int parseInt(String text) { calls++; return Integer.parseInt(text); }\n}\n';

(hasMaven ? test : test.skip)('a program does the same when its calls are redirected, and the JVM verifies it', () => {
  const folder = projectFolder({ 'Program.java': SOURCE, 'Counted.java': COUNTED });
  execFileSync('javac', ['-d', folder, path.join(folder, 'Program.java'), path.join(folder, 'Counted.java')]);
  const run = () => execFileSync('java', ['-Xverify:all', '-XX:TieredStopAtLevel=1', '-cp', folder, 'Program'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim().split('\n');
  const before = run();
  const file = path.join(folder, 'Program.class');
  fs.writeFileSync(file, redirectCalls(fs.readFileSync(file), REDIRECTIONS)!);
  const after = run();
  expect(after.slice(0, -1)).toEqual(before.slice(0, -1));
  expect([before.at(-1), Number(after.at(-1))]).toEqual(['0', expect.any(Number)]);
  expect(Number(after.at(-1))).toBeGreaterThan(1_100);
});

test('a class without such calls is left as it is', () => {
  expect(redirectCalls(Buffer.from(classFile('example/Plain', { methods: ['handle'] })), REDIRECTIONS)).toBeUndefined();
});

test('what is no class file is refused', () => {
  expect(() => redirectCalls(Buffer.from('no class file at all'), REDIRECTIONS)).toThrow('it does not begin as a Java class file does');
});
