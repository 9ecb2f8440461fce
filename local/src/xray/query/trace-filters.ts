import { ApiError } from '../api-error';
import { parseFilter } from '../filter/parse-filter';
import { FilterContext, TraceFilter, traceFilter } from '../filter/trace-filter';
import { RootCauses, rootCausesOf } from '../model/root-causes';
import type { Groups } from '../settings/groups';
import type { TraceStore } from '../store/trace-store';

const NO_CAUSES: RootCauses = { FaultRootCauses: [], ErrorRootCauses: [], ResponseTimeRootCauses: [] };

/** Filter expressions over the traces of a store. */
export class TraceFilters {
  constructor(private readonly store: TraceStore, private readonly groups: Groups) {}

  /** The filter that an expression describes; empty text lets every trace through. Throws a FilterSyntaxError. */
  of(expression: string | undefined): TraceFilter {
    return this.build(expression, []);
  }

  ofGroup(key: { GroupName?: string; GroupARN?: string }): TraceFilter {
    if (key.GroupName === undefined && key.GroupARN === undefined) return () => true;
    const group = this.groups.find(key);
    return this.build(group.FilterExpression, [group.GroupName]);
  }

  /** @param path groups that are being looked up, so that groups that refer to one another are told and do not go round for ever */
  context(path: readonly string[] = []): FilterContext {
    return {
      catalog: this.store.catalog,
      groupFilter: (by, value) => {
        const group = this.groups.find(by === 'name' ? { GroupName: value } : { GroupARN: value });
        if (path.includes(group.GroupName)) throw new ApiError(`the groups ${[...path, group.GroupName].join(' -> ')} refer to one another`);
        return this.build(group.FilterExpression, [...path, group.GroupName]);
      },
      rootCauses: (id) => {
        const compiled = this.store.compiled(id);
        return compiled === undefined ? NO_CAUSES : rootCausesOf(compiled, this.store.catalog);
      },
    };
  }

  private build(expression: string | undefined, path: readonly string[]): TraceFilter {
    if (expression === undefined || expression.trim() === '') return () => true;
    return traceFilter(parseFilter(expression), this.context(path));
  }
}
