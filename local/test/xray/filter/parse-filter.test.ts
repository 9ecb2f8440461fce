import { FilterSyntaxError } from '../../../src/xray/filter/filter-expression';
import { parseFilter } from '../../../src/xray/filter/parse-filter';

// Every example of "Using filter expressions" in the X-Ray Developer Guide (one lacks its closing brace there).
const DOCUMENTED = [
  'responsetime > 5',
  'duration >= 5 AND duration <= 8',
  'ok',
  '!ok',
  'ok = false',
  'rootcause.fault.entity { last and name = "deserialize" }',
  'rootcause.responsetime.entity { remote and coverage > 0.7 and name = "traces" }',
  'rootcause.fault.service { inferred and name = traces and type = "AWS::DynamoDB" }',
  'service("data-plane") {root = true and fault = true}',
  'http.status != 200',
  'ok !partial duration <3',
  'rootcause.fault.service { index > 5 }',
  'rootcause.responsetime.entity { last and coverage > 0.8 }',
  'http.url CONTAINS "/api/game/"',
  'user CONTAINS ""',
  'rootcause.fault.service { name = "Auth" }',
  'rootcause.responsetime.service { last and type = "AWS::DynamoDB" }',
  'rootcause.fault.exception { last and message = "Access Denied for account_id: 1234567890" }',
  'service("api.example.com") { fault }',
  'service() { fault }',
  'edge("api.example.com", "backend.example.com") { error }',
  'http.url BEGINSWITH "http://api.example.com/" AND http.url CONTAINS "/v2/" AND !service("api.example.com")',
  'http.url AND responseTime > 2',
  'annotation.gameid = "817DL6VO"',
  'annotation.age',
  '!annotation.age',
  'annotation.age > 29',
  'annotation[game.id] = "817DL6VO"',
  'group.name = "high_response_time" AND user = "alice"',
  'rootcause.json = #[{ "Services": [ { "Name": "GetWeatherData", "EntityPath": [{ "Name": "GetWeatherData" }, { "Name": "get_temperature" } ] }, '
  + '{ "Name": "GetTemperature", "EntityPath": [ { "Name": "GetTemperature" } ] } ] }]',
  'service("function-name") { error }',
  'service(id(name: "random-name", type: "AWS::Lambda::Function")) { error }',
  'service(id(type: "AWS::Lambda::Function")) { error }',
  'service(id(account.id: "account-id"))',
  'edge(id(name: "service-one", type:"service::type"), id(name: "service-two", type:"service::type")) { fault }',
];

test.each(DOCUMENTED)('reads the documented example %s', (text) => {
  expect(() => parseFilter(text)).not.toThrow();
});

describe('the language', () => {
  test('binds AND closer than OR, and puts AND between terms side by side', () => {
    const term = (keyword: string): object => expect.objectContaining({ kind: 'boolean', keyword });
    expect(parseFilter('ok OR error fault')).toEqual({
      kind: 'or', terms: [term('ok'), { kind: 'and', terms: [term('error'), term('fault')] }],
    });
    expect(parseFilter('(ok or error) and fault')).toEqual({
      kind: 'and', terms: [{ kind: 'or', terms: [term('ok'), term('error')] }, term('fault')],
    });
  });

  test('reads keywords and operators in any case, and quotes in text', () => {
    expect(parseFilter('HTTP.URL beginswith "a\\"b\\\\"')).toEqual({ kind: 'string', keyword: 'http.url', operator: 'BEGINSWITH', value: 'a"b\\', at: 0 });
  });

  test('takes empty braces for no filter', () => {
    expect(parseFilter('service("a") { }')).toEqual(parseFilter('service("a")'));
    expect(parseFilter('edge("a", "b"){}')).toEqual(parseFilter('edge("a", "b")'));
  });

  test('counts negations, however many', () => {
    expect(parseFilter(`${'!'.repeat(20_000)}ok`)).toEqual(parseFilter('ok').kind === 'boolean' && { ...parseFilter('ok'), at: 20_000 });
    expect(parseFilter(`${'! '.repeat(20_001)}ok`)).toMatchObject({ kind: 'not', term: { kind: 'boolean', keyword: 'ok' } });
  });

  test('takes brackets in text for text', () => {
    expect(parseFilter(`user = "${'('.repeat(1000)}\\"${'{'.repeat(1000)}"`)).toMatchObject({ kind: 'string', operator: '=' });
    expect(() => parseFilter(`${'('.repeat(100)}ok${')'.repeat(100)}`)).not.toThrow();
  });

  test.each([['-1.5', -1.5], ['.5', 0.5], ['1e3', 1000], ['3.', 3]])('reads the number %s', (text, value) => {
    expect(parseFilter(`duration > ${text}`)).toMatchObject({ value });
  });

  test.each([
    ['annotation[ a.b ]', 'a.b'], ['annotation[ "x y" ]', 'x y'], ['annotation.__proto__', '__proto__'],
    ['annotation.a.b', 'a.b'], ['annotation[a b-c]', 'a b-c'], ['annotation["x.y"]', 'x.y'], ['annotation.A_1', 'A_1'],
  ])('reads the key of %s', (text, key) => {
    expect(parseFilter(text)).toEqual({ kind: 'annotation', key, at: 0 });
  });
});

describe('a syntax error names position, what was expected and what was found', () => {
  test.each<[string, number, RegExp]>([
    ['', 1, /expected a keyword \(ok, .*service\(\), edge\(\), annotation\.key, group\.name or rootcause\.\*, but found the end$/],
    ['responsetime > abc', 16, /expected a number, but found 'abc'$/],
    ['responsetime > "5"', 16, /expected a number, but found '"'$/],
    ['duration <', 11, /expected a number, but found the end$/],
    ['user = 5', 8, /expected text in double quotes, but found '5'$/],
    ['name BEGINSWITH', 16, /expected text in double quotes, but found the end$/],
    ['fault = 1', 9, /expected true or false, but found '1'$/],
    ['foo', 1, /but found 'foo'$/],
    ['okay', 1, /but found 'okay'$/],
    ['ok AND', 7, /but found the end$/],
    ['ok )', 4, /OR.*the end.*but found '\)'$/],
    ['(ok', 4, /'\)'.*but found the end$/],
    ['service(x)', 9, /expected '\)', id\(\) or text in double quotes, but found 'x'$/],
    ['service("x"', 12, /expected '\)', but found the end$/],
    ['service("x") { ) }', 16, /'\}'.* a keyword .*but found '\)'$/],
    ['user = "alice', 14, /expected more text or a closing quote, but found the end$/],
    ['service("a)', 12, /expected more text or a closing quote, but found the end$/],
    ['annotation.a BEGINSWITH 5', 25, /expected text in double quotes, but found '5'$/],
    ['annotation.a CONTAINS true', 23, /expected text in double quotes, but found 'true'$/],
    ['annotation.a < "b"', 16, /expected a number, but found '"'$/],
    ['service(id(foo: "x"))', 12, /expected name, type or account\.id, but found 'foo:'$/],
    ['edge("a")', 9, /expected ',', but found '\)'$/],
    ['annotation.', 12, /expected the key of an annotation, but found the end$/],
    ['annotation.a =', 15, /expected a number, true or false or text in double quotes, but found the end$/],
    ['rootcause.fault.thing', 17, /expected (entity, exception or service|service, entity or exception), but found 'thing'$/],
    ['rootcause.json = [1]', 18, /expected '#', but found '\['$/],
    ['group.name CONTAINS "a"', 12, /expected = or !=, but found 'CONTAINS'$/],
    ['service("a") { annotation.b }', 16, /annotation has no meaning in the braces of service\(\) or edge\(\)$/],
    ['service("a") { coverage > 1 }', 16, /coverage has no meaning in the braces/],
    ['last', 1, /last has no meaning in a filter of traces$/],
    ['rootcause.fault.service { fault }', 27, /fault has no meaning in the braces of rootcause$/],
  ])('%s', (text, position, message) => {
    let error: unknown;
    try {
      parseFilter(text);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(FilterSyntaxError);
    expect((error as Error).message).toMatch(new RegExp(`^the filter expression is wrong at position ${position}: `));
    expect((error as Error).message).toMatch(message);
    expect((error as FilterSyntaxError).offset).toBe(position - 1);
  });
  test.each<[string, string, number]>([
    ['parentheses', `${'('.repeat(10_000)}ok${')'.repeat(10_000)}`, 101],
    ['parentheses that are not closed', '('.repeat(10_000), 101],
    ['braces', 'service(){'.repeat(10_000), 1008],
    ['JSON', `rootcause.json = #${'['.repeat(10_000)}`, 119],
  ])('10,000 levels of %s', (_, text, position) => {
    expect(() => parseFilter(text)).toThrow(`the filter expression is wrong at position ${position}: brackets are nested deeper than 100 levels`);
  });
});
