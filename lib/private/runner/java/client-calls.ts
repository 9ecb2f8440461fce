import { Redirection } from './class-weaver';

/** What is captured by redirecting calls: kinds of clients, and the X-Ray SDK itself. */
export type RedirectedKind = 'http' | 'sql' | 'xray-sdk';

/** Calls that are redirected, and where to. */
export interface RedirectedCalls {
  readonly kind: RedirectedKind;
  /** File of `runtime/java` with the class that they come to, without its ending. */
  readonly source: string;
  /** The only classes in which they are redirected. Undefined: in all but those of libraries that are captured elsewhere. */
  readonly within?: RegExp;
  readonly redirections: readonly Redirection[];
}

/** Methods written as `name(parameters)result`, of each of the owners. */
function methodsOf(owners: string[], target: string, methods: string[], options: Pick<Redirection, 'receiver' | 'overloads' | 'isStatic'> = {}): Redirection[] {
  return owners.flatMap(owner => methods.map(method => {
    const at = method.indexOf('(');
    return { owner, name: method.slice(0, at), descriptor: method.slice(at), target, ...options };
  }));
}

const TEXT = 'Ljava/lang/String;';
const OBJECT = 'Ljava/lang/Object;';

/** https://docs.oracle.com/en/java/javase/21/docs/api/java.net.http/java/net/http/HttpClient.html */
const JAVA_HTTP_CLIENT = ([['send', 'Ljava/net/http/HttpResponse;', ''], ['sendAsync', 'Ljava/util/concurrent/CompletableFuture;', ''],
  ['sendAsync', 'Ljava/util/concurrent/CompletableFuture;', 'Ljava/net/http/HttpResponse$PushPromiseHandler;']])
  .flatMap(([name, result, more]) => methodsOf(['java/net/http/HttpClient'], 'cdktracedfunction/HttpCalls',
    [`${name}(Ljava/net/http/HttpRequest;Ljava/net/http/HttpResponse$BodyHandler;${more})${result}`]));

/** From the most general to the most special one. */
const CONNECTIONS = ['java/net/URLConnection', 'java/net/HttpURLConnection', 'javax/net/ssl/HttpsURLConnection'];

/** https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/net/HttpURLConnection.html */
const URL_CONNECTION = [
  ...methodsOf(CONNECTIONS, 'cdktracedfunction/UrlCalls', ['connect()V', 'getOutputStream()Ljava/io/OutputStream;', 'getInputStream()Ljava/io/InputStream;'],
    { receiver: CONNECTIONS[0], overloads: [CONNECTIONS[1]] }),
  ...methodsOf(CONNECTIONS, 'cdktracedfunction/UrlCalls', [
    `getContent()${OBJECT}`, `getContent([Ljava/lang/Class;)${OBJECT}`,
    `getHeaderField(${TEXT})${TEXT}`, `getHeaderField(I)${TEXT}`, `getHeaderFieldKey(I)${TEXT}`, 'getHeaderFields()Ljava/util/Map;', `getHeaderFieldInt(${TEXT}I)I`,
    `getHeaderFieldLong(${TEXT}J)J`, `getHeaderFieldDate(${TEXT}J)J`, 'getContentLength()I', 'getContentLengthLong()J', `getContentType()${TEXT}`, `getContentEncoding()${TEXT}`,
    'getDate()J', 'getExpiration()J', 'getLastModified()J',
  ], { receiver: CONNECTIONS[0] }),
  ...methodsOf(CONNECTIONS.slice(1), 'cdktracedfunction/UrlCalls', ['getResponseCode()I', `getResponseMessage()${TEXT}`, 'disconnect()V'], { receiver: CONNECTIONS[1] }),
  ...methodsOf(['java/net/URL'], 'cdktracedfunction/UrlCalls', ['openStream()Ljava/io/InputStream;', `getContent()${OBJECT}`, `getContent([Ljava/lang/Class;)${OBJECT}`]),
];

const APACHE_4 = 'org/apache/http/impl/client/CdkTracedFunctionCalls';
const APACHE_5 = 'org/apache/hc/client5/http/impl/classic/CdkTracedFunctionCalls';

const STATEMENTS = ['java/sql/Statement', 'java/sql/PreparedStatement', 'java/sql/CallableStatement'];
const HOW_KEYS_ARE_RETURNED = ['', 'I', '[I', `[${TEXT}`];

/** https://docs.oracle.com/en/java/javase/21/docs/api/java.sql/java/sql/package-summary.html */
const JDBC = [
  ...methodsOf(STATEMENTS, 'cdktracedfunction/JdbcCalls', ['executeBatch()[I'], { receiver: STATEMENTS[0], overloads: [STATEMENTS[1]] }),
  ...methodsOf(STATEMENTS, 'cdktracedfunction/JdbcCalls', [
    `executeQuery(${TEXT})Ljava/sql/ResultSet;`, 'executeLargeBatch()[J', `addBatch(${TEXT})V`,
    ...HOW_KEYS_ARE_RETURNED.flatMap(keys => [`execute(${TEXT}${keys})Z`, `executeUpdate(${TEXT}${keys})I`, `executeLargeUpdate(${TEXT}${keys})J`]),
  ], { receiver: STATEMENTS[0] }),
  ...methodsOf(STATEMENTS.slice(1), 'cdktracedfunction/JdbcCalls',
    ['executeQuery()Ljava/sql/ResultSet;', 'execute()Z', 'executeUpdate()I', 'executeLargeUpdate()J'], { receiver: STATEMENTS[1] }),
  ...methodsOf(['java/sql/Connection'], 'cdktracedfunction/JdbcCalls', [
    ...[...HOW_KEYS_ARE_RETURNED, 'II', 'III'].map(more => `prepareStatement(${TEXT}${more})Ljava/sql/PreparedStatement;`),
    ...['', 'II', 'III'].map(more => `prepareCall(${TEXT}${more})Ljava/sql/CallableStatement;`),
  ]),
];

const SUBSEGMENT = 'com/amazonaws/xray/entities/Subsegment';
const XRAY_SDK = 'cdktracedfunction/XRaySdk';

export const REDIRECTED_CALLS: readonly RedirectedCalls[] = [
  { kind: 'http', source: 'capture/HttpCalls', redirections: JAVA_HTTP_CLIENT },
  { kind: 'http', source: 'capture/UrlCalls', redirections: URL_CONNECTION },
  {
    kind: 'http',
    source: 'capture/apache4/CdkTracedFunctionCalls',
    within: /^org\/apache\/http\/impl\//,
    redirections: [
      ...methodsOf(['org/apache/http/impl/client/CloseableHttpClient'], APACHE_4,
        ['doExecute(Lorg/apache/http/HttpHost;Lorg/apache/http/HttpRequest;Lorg/apache/http/protocol/HttpContext;)Lorg/apache/http/client/methods/CloseableHttpResponse;']),
      ...methodsOf(['org/apache/http/protocol/HttpRequestExecutor'], APACHE_4,
        ['execute(Lorg/apache/http/HttpRequest;Lorg/apache/http/HttpClientConnection;Lorg/apache/http/protocol/HttpContext;)Lorg/apache/http/HttpResponse;']),
    ],
  },
  {
    kind: 'http',
    source: 'capture/apache5/CdkTracedFunctionCalls',
    within: /^org\/apache\/hc\/client5\/http\/impl\//,
    redirections: [
      ...methodsOf(['org/apache/hc/client5/http/impl/classic/CloseableHttpClient'], APACHE_5, [
        'doExecute(Lorg/apache/hc/core5/http/HttpHost;Lorg/apache/hc/core5/http/ClassicHttpRequest;Lorg/apache/hc/core5/http/protocol/HttpContext;)'
        + 'Lorg/apache/hc/client5/http/impl/classic/CloseableHttpResponse;',
      ]),
      ...methodsOf(['org/apache/hc/core5/http/impl/io/HttpRequestExecutor'], APACHE_5, ['', 'Lorg/apache/hc/core5/http/io/HttpResponseInformationCallback;'].map(informed =>
        `execute(Lorg/apache/hc/core5/http/ClassicHttpRequest;Lorg/apache/hc/core5/http/io/HttpClientConnection;${informed}Lorg/apache/hc/core5/http/protocol/HttpContext;)`
        + 'Lorg/apache/hc/core5/http/ClassicHttpResponse;')),
    ],
  },
  {
    kind: 'http',
    source: 'capture/OkHttpCalls',
    within: /^okhttp3\/(?:RealCall|internal\/connection\/RealCall)\.class$/,
    redirections: methodsOf(['okhttp3/Interceptor$Chain', 'okhttp3/internal/http/RealInterceptorChain'], 'cdktracedfunction/OkHttpCalls',
      ['proceed(Lokhttp3/Request;)Lokhttp3/Response;'], { receiver: 'okhttp3/Interceptor$Chain' }),
  },
  {
    kind: 'http',
    source: 'capture/OkHttpCalls',
    within: /^okhttp3\/internal\/http\/BridgeInterceptor\.class$/,
    redirections: methodsOf(['okhttp3/Request$Builder'], 'cdktracedfunction/OkHttpCalls', ['build()Lokhttp3/Request;']),
  },
  { kind: 'sql', source: 'capture/JdbcCalls', redirections: JDBC },
  {
    kind: 'xray-sdk',
    source: 'xray_sdk/XRaySdk',
    within: /^com\/amazonaws\/xray\/(?:(?:contexts|strategy|emitters|config)\/|AWSXRayRecorder\.class$)/,
    redirections: [
      ...methodsOf(['com/amazonaws/xray/emitters/Emitter'], XRAY_SDK, [`sendSubsegment(L${SUBSEGMENT};)Z`]),
      ...methodsOf([SUBSEGMENT], XRAY_SDK, ['end()Z', `streamSerialize()${TEXT}`]),
      ...methodsOf(['org/apache/commons/logging/Log'], XRAY_SDK, [`info(${OBJECT})V`, `error(${OBJECT}Ljava/lang/Throwable;)V`]),
      ...methodsOf(['java/lang/System'], XRAY_SDK, [`getenv(${TEXT})${TEXT}`], { isStatic: true }),
    ],
  },
];

/** Libraries that are captured elsewhere, or that capture themselves: what they call is no call of the program. */
export const CAPTURED_ELSEWHERE =
  /^(?:software\/amazon\/awssdk|com\/amazonaws\/(?:http|internal|auth|util|regions|services|xray)|io\/opentelemetry|org\/apache\/(?:http|hc)|okhttp3|cdktracedfunction)\//;
