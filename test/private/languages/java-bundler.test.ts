import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Bundling, TracedFunctionProps } from '../../../lib';
import { projectFolder, tracedFunction } from '../../test-app';

const handlerClass = (name: string) => `public class ${name} implements RequestHandler<Map<String, String>, String> {}\n`;

function properties(files: Record<string, string>, props: Partial<TracedFunctionProps> = {}): Record<string, any> {
  const fn = tracedFunction({ entry: projectFolder({ 'pom.xml': '<project/>', ...files }), ...props });
  return Object.values(Template.fromStack(Stack.of(fn)).findResources('AWS::Lambda::Function'))[0].Properties;
}

describe('the handler of a Java project', () => {
  test.each<[string, Record<string, string>, string]>([
    ['in a package', { 'src/main/java/com/example/App.java': `package com.example;\n\n${handlerClass('App')}` }, 'com.example.App'],
    ['in no package', { 'src/main/java/App.java': handlerClass('App') }, 'App'],
    ['of streams, final, over several lines', { 'src/main/java/a/App.java': 'package a;\npublic final class App extends Base<List<String>>\n    implements Runnable,\n    RequestStreamHandler {\n' }, 'a.App'],
    ['beside an abstract one, an interface, and words in comments and texts', {
      'src/main/java/a/App.java': `package a;\n// class Old implements RequestHandler {}\n/* class Older implements RequestHandler {} */\n${handlerClass('App')}`,
      'src/main/java/a/Base.java': 'package a;\npublic abstract class Base implements RequestHandler<String, String> {}\n',
      'src/main/java/a/Typed.java': 'package a;\npublic interface Typed extends RequestHandler<String, String> {}\n',
      'src/main/java/a/Text.java': 'package a;\nclass Text { String a = "class Sample implements RequestHandler {}"; String b = "https://"; }\n',
      'src/test/java/a/Test.java': `package a;\n${handlerClass('Test')}`,
    }, 'a.App'],
    ['inside another class', { 'src/main/java/a/App.java': `package a;\nclass App {\n  static ${handlerClass('Inner')}}\n` }, 'a.App$Inner'],
    ['in Kotlin', { 'src/main/kotlin/App.kt': 'package com.example\n\nclass Uptime(private val url: String) : RequestHandler<Any, String> {\n' }, 'com.example.Uptime'],
    ['in Scala', { 'src/main/scala/App.scala': 'package com.example\n\nclass Uptime extends RequestHandler[String, String] {\n' }, 'com.example.Uptime'],
  ])('is found: %s', (_, files, handler) => {
    expect(properties(files)).toMatchObject({ Handler: handler, Runtime: 'java21' });
  });

  test('has to be named where there is none', () => {
    expect(() => properties({ 'src/main/java/App.java': 'public class App {}\n' })).toThrow(
      /TracedFunction 'Stack\/Function': cannot find a Java handler in '.*' \(looked in src\/main for a class that implements RequestHandler or RequestStreamHandler\); set 'handler', for example 'com\.example\.Handler'/);
  });

  test('has to be named where there are several', () => {
    const files = { 'src/main/java/b/B.java': `package b;\n${handlerClass('B')}`, 'src/main/java/a/A.java': `package a;\n${handlerClass('A')}` };
    expect(() => properties(files)).toThrow(/has 2 classes that could be the handler \(a\.A, b\.B\); set 'handler' to one of them/);
    expect(properties(files, { handler: 'b.B' }).Handler).toBe('b.B');
  });

  test.each(['com.example.Handler::handle', 'Handler', 'a.B$C'])('may be %s', handler => {
    expect(properties({}, { handler }).Handler).toBe(handler);
  });

  test.each(['com/example/Handler', 'com.example.Handler:handle', 'Handler::', '1.Handler', 'index handler'])('may not be %s', handler => {
    expect(() => properties({}, { handler })).toThrow(`handler '${handler}' does not name a Java class; write it as 'com.example.Handler', or with a method as 'com.example.Handler::handle'`);
  });
});

describe('the runtime of a Java project', () => {
  const files = { 'src/main/java/App.java': handlerClass('App') };

  test.each([lambda.Runtime.JAVA_17, lambda.Runtime.JAVA_21, lambda.Runtime.JAVA_25])('may be $name', runtime => {
    expect(properties(files, { runtime }).Runtime).toBe(runtime.name);
  });

  test.each([lambda.Runtime.JAVA_8_CORRETTO, lambda.Runtime.JAVA_11])('may not be $name', runtime => {
    expect(() => properties(files, { runtime })).toThrow(`runtime '${runtime.name}' is too old for a traced function; use java17, java21, java25`);
  });

  test('may not be of another language', () => {
    expect(() => properties(files, { runtime: lambda.Runtime.NODEJS_22_X })).toThrow(/runtime 'nodejs22\.x' does not run the entry '.*', which is java; use 'java21' or leave 'runtime' out/);
  });
});

test('SnapStart is passed on', () => {
  const entry = projectFolder({ 'pom.xml': '<project/>', 'src/main/java/App.java': handlerClass('App') });
  const fn = tracedFunction({ entry, snapStart: lambda.SnapStartConf.ON_PUBLISHED_VERSIONS });
  fn.currentVersion; // a snapshot is one of a version
  Template.fromStack(Stack.of(fn)).hasResourceProperties('AWS::Lambda::Function', { SnapStart: { ApplyOn: 'PublishedVersions' }, TracingConfig: { Mode: 'Active' } });
});

test.each(['build.gradle', 'build.gradle.kts'])('%s makes a folder a Java project', name => {
  const fn = tracedFunction({ entry: projectFolder({ [name]: '', 'src/main/java/App.java': handlerClass('App') }) });
  expect(fn.runtime).toBe(lambda.Runtime.JAVA_21);
});

test('options are those of Java', () => {
  expect(() => properties({}, { handler: 'App', bundling: Bundling.go({}) })).toThrow(/bundling is Bundling\.go\(\), but the entry '.*' is java; use Bundling\.java\(\)/);
});
