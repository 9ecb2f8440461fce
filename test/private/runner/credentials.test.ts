import { hideCredentialsOf, hideValues, namesCredentials, withoutCredentials } from '../../../lib/private/runner/credentials';

test.each([
  ['https://me:secret@host/simple', 'https://***@host/simple'],
  ['https://secret@host/simple', 'https://***@host/simple'],
  ['--index-url=https://me:sec@ret@host/simple', '--index-url=https://***@host/simple'],
  ['https://me:se/cret@host/simple', 'https://***@host/simple'],
  ['a @ git+https://me:secret@host/a@v1', 'a @ git+https://***@host/a@v1'],
  ['"url": "https://me:secret@host/simple", "other": "a@b"', '"url": "https://***@host/simple", "other": "a@b"'],
  ['https://host/simple?private_token=secret&x=1', 'https://host/simple?private_token=***&x=1'],
  ['https://host/f.whl?X-Amz-Signature=secret', 'https://host/f.whl?X-Amz-Signature=***'],
  ['Authorization: Basic c2VjcmV0', 'Authorization: Basic ***'],
  ["{'authorization': 'Bearer secret'}", "{'authorization': 'Bearer ***'}"],
  // No credentials.
  ['https://host:8080/a@b', 'https://host:8080/a@b'],
  ['git+https://host/repo@v1.0', 'git+https://host/repo@v1.0'],
  ['me@example.com wrote x:y', 'me@example.com wrote x:y'],
])('%s is shown as %s', (text, shown) => {
  expect(withoutCredentials(text)).toBe(shown);
});

test('a password that is known is hidden in every form', () => {
  hideCredentialsOf('--extra-index-url https://build:p%40ss-w0rd@host/0123456789abcdefTOKEN/simple/');
  const forms = ['p%40ss-w0rd', 'p@ss-w0rd', Buffer.from('build:p@ss-w0rd').toString('base64'), '0123456789abcdefTOKEN'];
  expect(withoutCredentials(forms.map(form => `<${form}>`).join(' '))).toBe(forms.map(() => '<***>').join(' '));
  expect(withoutCredentials('simple host build')).toBe('simple host build');
});

test('values are hidden unless they are too short to be told from other text', () => {
  hideValues(['value-of-a-variable', 'on']);
  expect(withoutCredentials('X=value-of-a-variable on')).toBe('X=*** on');
});

test.each([
  ['https://me:secret@host', true], ['https://0123456789abcdefghij@host', true], ['git+https://me:secret@host/a', true],
  ['https://${USER}:${TOKEN}@host', false], ['https://$TOKEN@host', false], ['https://me@host', false], ['https://me:@host', false], ['ssh://git@host', false], ['https://host/a@b', false],
])('%s names credentials: %s', (text, names) => {
  expect(namesCredentials(`-i ${text}/simple`)).toBe(names);
});
