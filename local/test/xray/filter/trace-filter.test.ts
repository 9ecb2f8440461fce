import { parseFilter } from '../../../src/xray/filter/parse-filter';
import { traceFilter } from '../../../src/xray/filter/trace-filter';
import { compileTrace } from '../../../src/xray/model/compiled-trace';
import { rootCausesOf } from '../../../src/xray/model/root-causes';
import { ServiceCatalog } from '../../../src/xray/model/service-catalog';
import { factsOf } from '../../../src/xray/model/trace-facts';
import { hexId, sampleTrace, T0, traceId, webTrace } from '../sample-trace';

const catalog = new ServiceCatalog();
const compiled = {
  sample: compileTrace(traceId(1), sampleTrace()),
  failed: compileTrace(traceId(3), sampleTrace({ trace: traceId(3), functionName: 'xraystarter-py', fault: true })),
  web: compileTrace(traceId(2), webTrace()),
  open: compileTrace(traceId(4), [{ trace_id: traceId(4), id: hexId(1), name: 'open', start_time: T0, in_progress: true }]),
};
const traces = Object.entries(compiled).map(([name, trace]) => ({ name, facts: factsOf(trace, catalog) }));

/** Names of the traces that an expression finds. */
function found(text: string): string {
  const filter = traceFilter(parseFilter(text), {
    catalog,
    groupFilter: (by, value) => {
      if (value !== 'slow' && value !== 'arn:slow') throw new Error(`no group by ${by}`);
      return (facts) => facts.responseMs > 1000;
    },
    rootCauses: (id) => rootCausesOf(Object.values(compiled).find((trace) => trace.id === id)!, catalog),
  });
  return traces.filter(({ facts }) => filter(facts)).map(({ name }) => name).join(' ');
}

test.each([
  // the request as a whole: the root segment
  ['ok', 'sample failed open'],
  ['fault', 'web'],
  ['error', ''],
  ['throttle', ''],
  ['partial', 'open'],
  ['inferred', 'sample failed web'],
  ['!fault', 'sample failed open'],
  ['fault = false partial != true', 'sample failed'],
  ['responsetime > 1', 'web'],
  ['responsetime = 0.01', 'sample failed'],
  ['responsetime', 'sample failed web'],
  ['duration >= 0.2 AND duration < 1', 'sample failed'],
  ['http.status = 500', 'web'],
  ['http.status != 200', 'web'],
  ['http.url CONTAINS "/api/"', 'web'],
  ['http.url BEGINSWITH "http://shop" AND http.url ENDSWITH "order"', 'web'],
  ['http.method = "POST"', 'web'],
  ['http.useragent BEGINSWITH "curl"', 'web'],
  ['http.clientip = "10.0.0.9"', 'web'],
  ['http.url', 'web'],
  ['user = "alice"', 'web'],
  ['user CONTAINS ""', 'web'],
  ['availabilityzone = "eu-west-1a"', 'web'],
  ['instance.id = "i-1"', 'web'],
  ['resource.arn CONTAINS "task/1"', 'web'],
  ['account.id = "111122223333"', 'web'],
  ['account.id = "000000000000"', 'sample failed web open'],
  ['name = "stock"', 'web'],
  ['type = "AWS::SNS"', 'sample failed'],
  ['message CONTAINS "stock"', 'web'],
  // annotations of any segment or subsegment
  ['annotation.gameid = "817DL6VO"', 'web'],
  ['annotation.gameid != "x"', 'web'],
  ['annotation.age > 29', 'web'],
  ['annotation.age > 30', ''],
  ['annotation.age = "30"', ''],
  ['annotation.attempt = 1', 'sample failed'],
  ['annotation.vip', 'web'],
  ['annotation.vip = true', 'web'],
  ['annotation.off', ''],
  ['annotation.off = false', 'web'],
  ['!annotation.age', 'sample failed open'],
  ['annotation[age] BEGINSWITH "3"', ''],
  ['annotation.gameid CONTAINS "DL"', 'web'],
  // services and edges
  ['service("xraystarter-ts")', 'sample'],
  ['service(id(name: "xraystarter-ts", type: "AWS::Lambda"))', 'sample'],
  ['service(id(name: "xraystarter-ts", type: "AWS::EC2::Instance"))', ''],
  ['service(id(type: "AWS::Lambda::Function")) { fault }', 'failed'],
  ['service(id(account.id: "111122223333"))', 'web'],
  ['service("items")', 'sample failed'],
  ['service("DynamoDB")', 'sample failed'],
  ['service() { fault }', 'failed web'],
  ['!service() { fault }', 'sample open'],
  ['service("shop") { root AND http.status = 500 AND user = "alice" }', 'web'],
  ['service("stock") { root }', ''],
  ['service("stock") { responsetime > 1.7 AND responsetime < 1.9 }', 'web'],
  ['service("incoming") { ok AND name = "incoming" AND type = "AWS::SNS" }', 'sample failed'],
  ['service("items") { inferred }', 'sample failed'],
  ['service("open") { partial }', 'open'],
  ['service(id(type: "AWS::Lambda")) { duration > 0.1 AND responsetime < 0.02 }', 'sample failed'],
  ['edge("shop", "stock")', 'web'],
  ['edge("stock", "shop")', ''],
  ['edge("shop", "stock") { responsetime = 2 AND fault AND http.status = 503 }', 'web'],
  ['edge("shop", "stock") { responsetime < 2 }', ''],
  ['edge(id(type: "AWS::SNS"), id(name: "xraystarter-py")) { fault }', 'failed'],
  ['edge("xraystarter-ts", "items")', 'sample'],
  // groups and root causes
  ['group.name = "slow"', 'web'],
  ['group.arn = "arn:slow" AND fault', 'web'],
  ['group.name != "slow"', 'sample failed open'],
  ['rootcause.fault.service { name = "stock" AND last }', 'web'],
  ['rootcause.fault.service { name = "shop" AND last }', ''],
  ['rootcause.fault.service { index = 0 AND first AND type = "AWS::EC2::Instance" }', 'web'],
  ['rootcause.fault.entity { remote AND name = "stock.example.com" }', 'web'],
  ['rootcause.fault.exception { name = "OrderError" AND message = "no stock" }', 'web'],
  ['rootcause.fault.service', 'failed web'],
  ['rootcause.error.service', ''],
  ['rootcause.responsetime.entity { coverage > 0.65 AND coverage < 0.7 }', 'web'],
  ['rootcause.json = #[{"Services":[{"Name":"shop"},{"Name":"stock","EntityPath":[{"Name":"stock"}]}]}]', 'web'],
  ['rootcause.json = #[{"Services":[{"Name":"shop"}]}]', ''],
  // together
  ['(fault OR service(id(name: "xraystarter-py")) { fault }) AND !user', 'failed'],
])('%s finds: %s', (text, expected) => {
  expect(found(text)).toBe(expected);
});
