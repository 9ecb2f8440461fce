import type { XraySettings } from './xray-settings';
import { ApiError } from '../api-error';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../local-place';

/** As in the service model. */
export interface SamplingRule {
  RuleName: string;
  RuleARN: string;
  ResourceARN: string;
  Priority: number;
  /** Share of requests beyond the reservoir, 0 to 1. */
  FixedRate: number;
  /** Requests a second. */
  ReservoirSize: number;
  ServiceName: string;
  ServiceType: string;
  Host: string;
  HTTPMethod: string;
  URLPath: string;
  Version: 1;
  Attributes: Record<string, string>;
}

/** Times in seconds since the epoch. */
export interface SamplingRuleRecord {
  SamplingRule: SamplingRule;
  CreatedAt: number;
  ModifiedAt: number;
}

export interface SamplingStatisticsDocument {
  RuleName: string;
  ClientID: string;
  Timestamp: number | string;
  RequestCount: number;
  SampledCount: number;
  BorrowCount?: number;
}

/** Of one rule in one minute; as in the service model. */
export interface StatisticSummary {
  RuleName: string;
  /** Seconds since the epoch. */
  Timestamp: number;
  RequestCount: number;
  BorrowCount: number;
  SampledCount: number;
}

const DEFAULT_RULE = 'Default';
const PART = 'samplingRules';
/** Beside the default rule. */
const MAX_RULES = 25;
const MAX_PRIORITY = 9999;
/** Seconds between two reports of an SDK, and how long its quota holds. */
const INTERVAL = 10;
const QUOTA_TTL = 300;
const MAX_STATISTICS = 1000;

/** The sampling rules: kept, and answered to SDKs. With one user on one machine every client gets the whole reservoir. */
export class SamplingRules {
  private records: SamplingRuleRecord[];
  private readonly summaries = new Map<string, StatisticSummary>();

  constructor(private readonly settings: XraySettings) {
    this.records = settings.get<SamplingRuleRecord[]>(PART, []);
    if (!this.records.some(({ SamplingRule: rule }) => rule.RuleName === DEFAULT_RULE)) {
      this.records.push({
        SamplingRule: {
          RuleName: DEFAULT_RULE, RuleARN: arnOf(DEFAULT_RULE), ResourceARN: '*', Priority: 10000, FixedRate: 0.05, ReservoirSize: 1,
          ServiceName: '*', ServiceType: '*', Host: '*', HTTPMethod: '*', URLPath: '*', Version: 1, Attributes: {},
        },
        CreatedAt: 0,
        ModifiedAt: now(),
      });
    }
  }

  /** By priority, the default rule last. */
  list(): SamplingRuleRecord[] {
    return [...this.records].sort((a, b) => a.SamplingRule.Priority - b.SamplingRule.Priority);
  }

  create(rule: Omit<SamplingRule, 'RuleARN' | 'Attributes'> & Partial<Pick<SamplingRule, 'RuleARN' | 'Attributes'>>): SamplingRuleRecord {
    if (rule.RuleName === undefined) throw new ApiError('RuleName is required');
    if (this.records.some(({ SamplingRule: known }) => known.RuleName === rule.RuleName)) {
      throw new ApiError(`a sampling rule named '${rule.RuleName}' exists already`);
    }
    if (this.records.length > MAX_RULES) throw new ApiError(`there can be at most ${MAX_RULES} sampling rules`, 'RuleLimitExceededException');
    const record = {
      SamplingRule: { ...rule, RuleARN: arnOf(rule.RuleName), Attributes: rule.Attributes ?? {} }, CreatedAt: now(), ModifiedAt: now(),
    };
    this.records.push(record);
    this.save();
    return record;
  }

  update(update: Partial<SamplingRule>): SamplingRuleRecord {
    const record = this.find(update);
    const { RuleName: _, RuleARN: _arn, ...changes } = update;
    if (record.SamplingRule.RuleName === DEFAULT_RULE) {
      const isChanged = (key: string): boolean => (
        JSON.stringify(changes[key as keyof typeof changes]) !== JSON.stringify(record.SamplingRule[key as keyof typeof changes])
      );
      if (Object.keys(changes).some((key) => key !== 'FixedRate' && key !== 'ReservoirSize' && isChanged(key))) {
        throw new ApiError('of the Default rule only FixedRate and ReservoirSize can be changed');
      }
    } else if ((changes.Priority ?? 1) > MAX_PRIORITY) {
      throw new ApiError(`Priority must be 1 to ${MAX_PRIORITY}, got ${changes.Priority}: ${MAX_PRIORITY + 1} is the Default rule's`);
    }
    Object.assign(record.SamplingRule, changes);
    record.ModifiedAt = now();
    this.save();
    return record;
  }

  delete(key: { RuleName?: string; RuleARN?: string }): SamplingRuleRecord {
    const record = this.find(key);
    if (record.SamplingRule.RuleName === DEFAULT_RULE) throw new ApiError('the Default sampling rule cannot be deleted');
    this.records = this.records.filter((other) => other !== record);
    this.save();
    return record;
  }

  /** As `GetSamplingTargets` answers. */
  targets(documents: SamplingStatisticsDocument[]): unknown {
    const unprocessed: { RuleName: string; ErrorCode: string; Message: string }[] = [];
    const targets = documents.flatMap((document) => {
      const record = this.records.find(({ SamplingRule: rule }) => rule.RuleName === document.RuleName);
      if (record === undefined) {
        unprocessed.push({ RuleName: document.RuleName, ErrorCode: '400', Message: `no sampling rule is named '${document.RuleName}'` });
        return [];
      }
      this.count(document);
      return [{
        RuleName: document.RuleName,
        FixedRate: record.SamplingRule.FixedRate,
        ReservoirQuota: record.SamplingRule.ReservoirSize,
        ReservoirQuotaTTL: now() + QUOTA_TTL,
        Interval: INTERVAL,
      }];
    });
    return {
      SamplingTargetDocuments: targets,
      LastRuleModification: Math.max(...this.records.map((record) => record.ModifiedAt)),
      UnprocessedStatistics: unprocessed,
    };
  }

  statistics(): StatisticSummary[] {
    return [...this.summaries.values()];
  }

  private count({ RuleName: rule, RequestCount: requests, SampledCount: sampled, BorrowCount: borrowed }: SamplingStatisticsDocument): void {
    const minute = Math.floor(now() / 60) * 60;
    const key = `${rule}\n${minute}`;
    const summary = this.summaries.get(key) ?? { RuleName: rule, Timestamp: minute, RequestCount: 0, BorrowCount: 0, SampledCount: 0 };
    summary.RequestCount += requests;
    summary.SampledCount += sampled;
    summary.BorrowCount += borrowed ?? 0;
    this.summaries.set(key, summary);
    if (this.summaries.size > MAX_STATISTICS) this.summaries.delete(this.summaries.keys().next().value!);
  }

  private find({ RuleName: name, RuleARN: arn }: { RuleName?: string; RuleARN?: string }): SamplingRuleRecord {
    if ((name === undefined) === (arn === undefined)) throw new ApiError('give either RuleName or RuleARN');
    const record = this.records.find(({ SamplingRule: rule }) => rule.RuleName === name || rule.RuleARN === arn);
    if (record === undefined) throw new ApiError(`no sampling rule is named '${name ?? arn}'`);
    return record;
  }

  private save(): void {
    this.settings.set(PART, this.records);
  }
}

function arnOf(rule: string): string {
  return `arn:aws:xray:${LOCAL_REGION}:${LOCAL_ACCOUNT}:sampling-rule/${rule}`;
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
