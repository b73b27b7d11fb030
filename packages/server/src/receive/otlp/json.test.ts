import { AppError } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { decodeRequest, encodeRequest, requestOf } from './fixtures/messages.ts';
import { protobufOfJson } from './json.ts';

function rewritten(request: unknown): Uint8Array {
  return protobufOfJson(Buffer.from(JSON.stringify(request)), 'ExportMetricsServiceRequest');
}

describe('OTLP/JSON', () => {
  it('becomes what protobufjs encodes of the same request', () => {
    const dataPoints = [{ startTimeUnixNano: '1735787045000000000', timeUnixNano: '1735787046001000000', asInt: '-5', flags: 300 }];
    expect(decodeRequest(rewritten(dataPointsOnly(dataPoints)))).toEqual(decodeRequest(encodeRequest(dataPointsOnly(dataPoints))));
    expect(decodeRequest(rewritten(dataPointsOnly(dataPoints)))).toMatchObject(dataPointsOnly(dataPoints));
  });

  function dataPointsOnly(dataPoints: object[]): object {
    return { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints } }] }] }] };
  }

  it.each([
    ['AGGREGATION_TEMPORALITY_DELTA', 1],
    ['AGGREGATION_TEMPORALITY_CUMULATIVE', 2],
  ])('reads the enum name %s', (name, number) => {
    const request = (aggregationTemporality: string | number) => requestOf([{ name: 'm', sum: { dataPoints: [], aggregationTemporality } }]);
    expect(rewritten(request(name))).toEqual(rewritten(request(number)));
  });

  it.each<[unknown, unknown]>([
    [{ asDouble: 'NaN' }, { asDouble: Number.NaN }],
    [{ asDouble: '-Infinity' }, { asDouble: -Infinity }],
    [{ asDouble: '1.5' }, { asDouble: 1.5 }],
    [{ asInt: 7 }, { asInt: '7' }],
    [{ unknown: { deep: [1] }, asInt: null }, {}],
  ])('reads the point %j', (point, same) => {
    const expected = decodeRequest(encodeRequest(dataPointsOnly([same as object])));
    expect(decodeRequest(rewritten(dataPointsOnly([point as object])))).toEqual(expected);
  });

  it.each<[object, RegExp]>([
    [{ asInt: 1.5 }, /asInt is not an integer$/],
    [{ asInt: '9223372036854775808' }, /asInt is not an integer from -9223372036854775808 to 9223372036854775807/],
    [{ timeUnixNano: -1 }, /timeUnixNano is not an integer from 0/],
    [{ asDouble: 'x' }, /asDouble is not a number/],
    [{ attributes: {} }, /attributes is not an array/],
    [{ attributes: [{ key: 1 }] }, /dataPoints\[0\]\.attributes\[0\]\.key is not a string/],
    [{ attributes: [{ value: { boolValue: 'yes' } }] }, /boolValue is not true or false/],
    [{ exemplars: [{ spanId: '123' }] }, /spanId is not hexadecimal/],
  ])('refuses the point %j', (point, says) => {
    expect(() => rewritten(dataPointsOnly([point]))).toThrow(AppError);
    expect(() => rewritten(dataPointsOnly([point]))).toThrow(says);
  });

  it('refuses nesting without end', () => {
    const text = `{"resourceMetrics":[{"resource":{"attributes":[{"value":${'{"arrayValue":{"values":['.repeat(5000)}${']}}'.repeat(5000)}}]}}]}`;
    expect(() => protobufOfJson(Buffer.from(text), 'ExportMetricsServiceRequest')).toThrow(/nested at most/);
  });
});
