/** List prices in USD of us-east-1. Others differ: `--prices FILE` takes a JSON object with these names. */
export interface Prices {
  /** Day of the list. */
  readonly date: string;
  readonly source: string;
  /** X-Ray: a million traces recorded, beyond the free ones of a month. */
  readonly tracesRecordedPerMillion: number;
  readonly freeTracesRecorded: number;
  /** X-Ray: a million traces read or scanned, beyond the free ones of a month. */
  readonly tracesReadPerMillion: number;
  readonly freeTracesRead: number;
  /** Transaction Search: a gigabyte of spans. */
  readonly spansPerGigabyte: number;
  /** Transaction Search: a million spans that become trace summaries, beyond the free percentage. */
  readonly spansIndexedPerMillion: number;
  readonly freeIndexingPercentage: number;
}

export const PRICES: Prices = {
  date: '2026-07-22',
  source: 'https://aws.amazon.com/xray/pricing/ and https://aws.amazon.com/cloudwatch/pricing/',
  tracesRecordedPerMillion: 5,
  freeTracesRecorded: 100_000,
  tracesReadPerMillion: 0.5,
  freeTracesRead: 1_000_000,
  spansPerGigabyte: 0.35,
  spansIndexedPerMillion: 0.75,
  freeIndexingPercentage: 1,
};
