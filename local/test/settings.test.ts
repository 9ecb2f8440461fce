import { resolveSettings } from '../src/settings';

it('takes a port from the flag, then the environment, then the default', () => {
  expect(resolveSettings({}, {})).toEqual({ cloudPort: 4566, xrayPort: 2000, webPort: 2080, otlpPort: 4318 });
  expect(resolveSettings({}, { CDK_TRACED_CLOUD_PORT: '1', CDK_TRACED_XRAY_PORT: '2', CDK_TRACED_WEB_PORT: '3', CDK_TRACED_OTLP_PORT: '4' }))
    .toEqual({ cloudPort: 1, xrayPort: 2, webPort: 3, otlpPort: 4 });
  expect(resolveSettings({ cloudPort: '0' }, { CDK_TRACED_CLOUD_PORT: '1' })).toMatchObject({ cloudPort: 0 });
  expect(resolveSettings({}, { CDK_TRACED_CLOUD_PORT: '' })).toMatchObject({ cloudPort: 4566 });
});

it.each(['65536', '-1', 'abc', '1.5', ' 1', '999999'])('fails with the value: %s', text => {
  expect(() => resolveSettings({ webPort: text }, {})).toThrow(`--web-port must be a port number from 0 (pick a free one) to 65535, got '${text}'`);
  expect(() => resolveSettings({}, { CDK_TRACED_XRAY_PORT: text })).toThrow(`CDK_TRACED_XRAY_PORT must be a port number from 0 (pick a free one) to 65535, got '${text}'`);
});
