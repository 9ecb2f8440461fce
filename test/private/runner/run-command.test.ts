import { runCommand } from '../../../lib/private/runner/run-command';

const node = (script: string) => runCommand([process.execPath, '-e', script]);

test('gives the standard output', async () => {
  expect(await node('console.log("out"); console.error("err")')).toBe('out\n');
});

test('fails with the command, its status and all of its output', async () => {
  await expect(node('console.log("out"); console.error("err"); process.exit(3)')).rejects.toThrow(/^'.*node.* -e .*' ended with status 3:\nout\nerr$/);
});

test('fails without the output that is data', async () => {
  const script = 'console.log("{}"); console.error("err"); process.exit(3)';
  await expect(runCommand([process.execPath, '-e', script], { printsData: true })).rejects.toThrow(/ended with status 3:\nerr$/);
});

test('fails with the signal that ended the command', async () => {
  await expect(node('process.kill(process.pid, "SIGKILL")')).rejects.toThrow('ended with SIGKILL');
});

test('fails when the program does not exist', async () => {
  await expect(runCommand(['no-such-program'])).rejects.toThrow("cannot start 'no-such-program': no program of that name is on the PATH");
});

test('fails without the password in an address', async () => {
  const failure = node('console.error("GET https://user:secret@example.com/a and http://token@example.com"); process.exit(1) // ftp://me:hidden@example.com');
  await expect(failure).rejects.toThrow(/ftp:\/\/\*\*\*@example\.com[\s\S]*https:\/\/\*\*\*@example\.com\/a and http:\/\/\*\*\*@example\.com/);
  await expect(failure).rejects.not.toThrow(/secret|token|hidden/);
});

test('keeps the end of an endless output', async () => {
  await expect(node('console.error("x".repeat(100_000) + "the reason"); process.exitCode = 1')).rejects.toThrow(/the reason$/);
});
