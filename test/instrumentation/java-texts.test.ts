import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { hasMaven } from '../java-runtime';
import { projectFolder } from '../test-app';

const CAPTURE = path.join(__dirname, '..', '..', 'runtime', 'java', 'capture');

/** In the package of the classes that are asked, one call a line: what, tab, its text as JSON would have it. */
const ASK = `package cdktracedfunction;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;

public class Ask {
  public static void main(String[] args) throws Exception {
    for (String line : Files.readString(Path.of(args[0])).split("\\u0001")) {
      String[] parts = line.split("\\t", 2);
      String text = parts[1];
      System.out.print(switch (parts[0]) {
        case "database" -> Database.parse(text).toString();
        case "service" -> Database.parse(text).service();
        case "daemon" -> DaemonAddress.parse(text) + (DaemonAddress.parse(text).isMalformed() ? " malformed" : "");
        case "message" -> Texts.message(new IllegalStateException(text));
        case "sql" -> Texts.message(new RuntimeException(text, new SQLException("")));
        case "stack" -> Texts.stack(new IllegalStateException("outer", new IllegalStateException(text))).replaceAll("\\tat .*\\n", "");
        default -> Texts.url(text);
      });
      System.out.print("\\u0001");
    }
  }
}
`;
const SETTINGS = `package cdktracedfunction;

final class Settings {
  static final boolean S3_KEYS = true;
  static final boolean URL_PATHS = true;
  static final boolean EXCEPTION_MESSAGES = true;
  static final String[] REDACT = {"[a-z]+@example[.]org"};
}
`;

const SECRET = 'hunter2-PLANTED';

const describedDatabases: [string, string][] = [
  [`jdbc:postgresql://db.example.com:5432/shop?user=me&password=${SECRET}`, 'Database[system=postgresql, host=db.example.com:5432, name=shop]'],
  [`jdbc:mysql://me:${SECRET}@db.example.com/shop?useSSL=true`, 'Database[system=mysql, host=db.example.com, name=shop]'],
  [`jdbc:mysql://address=(host=db.example.com)(port=1)(password=${SECRET})/shop`, 'Database[system=mysql, host=db.example.com, name=shop]'],
  ['jdbc:aws-wrapper:mariadb://db.example.com:3306/shop', 'Database[system=mariadb, host=db.example.com:3306, name=shop]'],
  [`jdbc:sqlserver://db.example.com\\inst:1433;databaseName=shop;user=me;password=${SECRET}`, 'Database[system=mssql, host=db.example.com\\inst:1433, name=shop]'],
  [`jdbc:oracle:thin:me/${SECRET}@db.example.com:1521:shop`, 'Database[system=oracle, host=db.example.com:1521, name=shop]'],
  ['jdbc:oracle:thin:@//db.example.com:1521/shop.example', 'Database[system=oracle, host=db.example.com:1521, name=shop.example]'],
  ['jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=db.example.com)(PORT=1))(CONNECT_DATA=(SERVICE_NAME=shop)))', 'Database[system=oracle, host=db.example.com, name=shop]'],
  [`jdbc:db2://db.example.com:50000/SHOP:user=me;password=${SECRET};`, 'Database[system=db2, host=db.example.com:50000, name=SHOP]'],
  [`jdbc:snowflake://acct.example.com/?user=me&password=${SECRET}&db=shop`, 'Database[system=snowflake, host=acct.example.com, name=shop]'],
  [`jdbc:h2:mem:shop;USER=sa;PASSWORD=${SECRET}`, 'Database[system=h2, host=null, name=shop]'],
  ['jdbc:sqlite:/tmp/data/shop.db', 'Database[system=sqlite, host=null, name=shop.db]'],
  ['something else', 'Database[system=other_sql, host=null, name=null]'],
];

const daemonAddresses: [string, string][] = [
  ['', '127.0.0.1:2000'],
  ['  ', '127.0.0.1:2000'],
  ['169.254.79.129:2000', '169.254.79.129:2000'],
  ['daemon.local:3000', 'daemon.local:3000'],
  ['tcp:10.0.0.1:2000 udp:10.0.0.2:2001', '10.0.0.2:2001'],
  ['udp:10.0.0.2:2001 tcp:10.0.0.1:2000', '10.0.0.2:2001'],
  ['udp:[::1]:2001 tcp:[::1]:2000', '[::1]:2001'],
  ['[fe80::1]:2000', '[fe80::1]:2000'],
  ['::1:2000', '[::1]:2000'],
  ['nonsense', '127.0.0.1:2000 malformed'],
  ['host:port', '127.0.0.1:2000 malformed'],
  ['host:99999', '127.0.0.1:2000 malformed'],
  ['g:h:2000', '127.0.0.1:2000 malformed'],
  [':2000', '127.0.0.1:2000 malformed'],
];

/** What is recorded of messages that hold a secret: never that. */
const messages: [string, string, string][] = [
  ['message', 'no such order', 'no such order'],
  ['message', `cannot reach https://me:${SECRET}@example.com/orders/1?token=${SECRET}#${SECRET} now`, 'cannot reach https://example.com/orders/1 now'],
  ['message', `Server returned HTTP response code: 500 for URL: http://example.com/orders?token=${SECRET}`, 'Server returned HTTP response code: 500 for URL: http://example.com/orders'],
  ['message', `no protocol: /orders?token=${SECRET}`, 'no protocol: /orders'],
  ['message', `login failed, password=${SECRET}, try again`, 'login failed, password=***, try again'],
  ['message', `{"apiKey": "${SECRET}", "id": 7}`, '{"apiKey": ***, "id": 7}'],
  ['message', `Authorization: Bearer ${SECRET}`, 'Authorization: ***'],
  ['message', `sent Basic ${SECRET} to it`, 'sent Basic *** to it'],
  ['message', `Unexpected char 0x0a at 3 in X-Own value: ${SECRET}`, 'Unexpected char 0x0a at 3 in X-Own value: ***'],
  ['message', `invalid header value: "${SECRET}"`, 'invalid header value: ***'],
  ['message', `Illegal character in path at index 3: "${SECRET} x"`, 'Illegal character in path at index 3: ***'],
  ['message', `jdbc:mysql://me:${SECRET}@db/shop?password=${SECRET} refused`, 'jdbc:mysql://db/shop refused'],
  ['message', 'AKIAIOSFODNN7EXAMPLE is unknown', '*** is unknown'],
  ['message', `1 validation error detected: Value '${SECRET}' at 'tableName' failed to satisfy constraint`, "1 validation error detected: Value *** at 'tableName' failed to satisfy constraint"],
  ['message', `the environment says ${SECRET}-in-the-environment`, 'the environment says ***'],
  ['message', 'written to jane@example.org', 'written to ***'],
  ['sql', `ERROR: duplicate key value violates unique constraint "users_email"\n  Detail: Key (email)=(${SECRET}) already exists.`, 'ERROR: duplicate key value violates unique constraint ***'],
  ['sql', `Duplicate entry '${SECRET}' for key 'users.email'`, 'Duplicate entry ***'],
  ['sql', `Cannot insert duplicate key. The duplicate key value is (${SECRET}).`, 'Cannot insert duplicate key. The duplicate key value is ***.'],
  ['sql', `PreparedStatementCallback; SQL [insert into t values ('${SECRET}')]; bad`, 'PreparedStatementCallback; SQL [insert into t values ***]; bad'],
  ['stack', `token=${SECRET}`, 'java.lang.IllegalStateException: outer\nCaused by: java.lang.IllegalStateException: token=***\n'],
  ['url', `https://me:${SECRET}@example.com:8443/orders?x=${SECRET}`, 'https://example.com:8443/orders'],
];

if (!hasMaven) {
  console.warn('The tests of what Java functions record of texts are skipped: they need a JDK');
}

(hasMaven ? describe : describe.skip)('what a Java function records', () => {
  const questions: [string, string, string][] = [
    ...describedDatabases.map(([text, expected]): [string, string, string] => ['database', text, expected]),
    ['service', 'jdbc:postgresql://db.example.com:5432/shop', 'shop@db.example.com:5432'],
    ...daemonAddresses.map(([text, expected]): [string, string, string] => ['daemon', text, expected]),
    ...messages,
  ];
  let answers: string[];

  beforeAll(() => {
    const folder = projectFolder({ 'Ask.java': ASK, 'Settings.java': SETTINGS, 'questions': questions.map(([what, text]) => `${what}\t${text}`).join('\u0001') });
    const sources = ['Database', 'DaemonAddress', 'Texts'].map(name => path.join(CAPTURE, `${name}.java`));
    execFileSync('javac', ['-encoding', 'UTF-8', '-d', folder, ...sources, path.join(folder, 'Ask.java'), path.join(folder, 'Settings.java')]);
    answers = execFileSync('java', ['-XX:TieredStopAtLevel=1', '-cp', folder, 'cdktracedfunction.Ask', path.join(folder, 'questions')], {
      encoding: 'utf8', env: { PATH: process.env.PATH!, DB_PASSWORD: `${SECRET}-in-the-environment` },
    }).split('\u0001');
    fs.rmSync(folder, { recursive: true });
  });

  test.each(questions.map(([what, text, expected], i) => [what, text, expected, i] as const))('%s: %j', (_, __, expected, i) => {
    expect(answers[i]).toBe(expected);
    expect(answers[i]).not.toContain('PLANTED');
  });
});
