import { expect, test } from 'vitest';
import { normalizeTrace, TraceReader } from '../../../src/assertions/vitest';

// Run by ../vitest.test.ts against an X-Ray that holds one sample trace.
test('traces can be asserted on', async () => {
  const reader = new TraceReader(process.env.XRAY_URL!, new Date(0));
  const trace = await reader.waitForTrace({ annotations: { attempt: 1 } });
  expect(trace).toPassThrough('AWS::SNS', 'AWS::Lambda', 'AWS::Lambda::Function', 'items');
  expect(trace).toHaveSubsegment({ operation: 'PutItem', table: 'items' });
  expect(trace).toHaveNoFault();
  expect(trace).toBeConnected();
  expect(trace).not.toHaveAnnotation('other');
  expect(normalizeTrace(trace)).toMatchInlineSnapshot(`
    [
      {
        "children": [
          {
            "children": [
              {
                "children": [
                  {
                    "children": [
                      {
                        "children": [
                          {
                            "annotations": {
                              "attempt": 1,
                            },
                            "aws": {
                              "operation": "PutItem",
                              "table_name": "items",
                            },
                            "http": {
                              "status": 200,
                            },
                            "name": "DynamoDB",
                            "namespace": "aws",
                          },
                        ],
                        "name": "Invocation",
                      },
                    ],
                    "name": "xraystarter-ts",
                    "origin": "AWS::Lambda::Function",
                  },
                ],
                "name": "Attempt #1",
              },
              {
                "name": "Dwell Time",
              },
            ],
            "http": {
              "status": 202,
            },
            "name": "xraystarter-ts",
            "origin": "AWS::Lambda",
          },
        ],
        "name": "incoming",
        "origin": "AWS::SNS",
      },
    ]
  `);
});

test('a failure shows the tree', async () => {
  const [trace] = await new TraceReader(process.env.XRAY_URL!, new Date(0)).traces();
  expect(() => expect(trace).toHaveSubsegment({ table: 'orders' })).toThrow(/table orders[\s\S]*DynamoDB PutItem items/);
});
