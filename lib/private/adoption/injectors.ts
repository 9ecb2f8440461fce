import { IPropertyInjector, PropertyInjectors } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

const OURS = Symbol.for('cdk-traced-function.injectors');
const CHAINS = Symbol.for('cdk-traced-function.chainsInjectors');

type WithInjectors = IConstruct & { [OURS]?: Map<string, IPropertyInjector> };

/**
 * Changes properties of constructs in a scope as they are made, after the injectors of the app itself.
 *
 * CDK takes one injector for a class, the nearest: one on a stack hides that of the app, and a second one on a scope replaces the first. So the place where CDK
 * asks for an injector answers with the app's and, after it, ours.
 */
export function inject(scope: IConstruct, injectors: readonly IPropertyInjector[]): void {
  PropertyInjectors.of(scope); // that CDK looks here
  const byId = new Map(injectors.map(injector => [injector.constructUniqueId, injector]));
  Object.defineProperty(scope, OURS, { value: byId, enumerable: false, configurable: true });
  chain();
}

function chain(): void {
  const prototype = PropertyInjectors.prototype as PropertyInjectors & { [CHAINS]?: boolean };
  if (prototype[CHAINS]) {
    return;
  }
  const { for: find } = prototype;
  Object.defineProperty(prototype, CHAINS, { value: true, enumerable: false });
  prototype.for = function chained(this: PropertyInjectors, uniqueId: string): IPropertyInjector | undefined {
    const theirs = find.call(this, uniqueId);
    if (!theirs) {
      return (this.scope as WithInjectors)[OURS]?.get(uniqueId);
    }
    const ours = this.scope.node.scopes.reverse().map(scope => (scope as WithInjectors)[OURS]?.get(uniqueId)).find(Boolean);
    return ours ? { constructUniqueId: uniqueId, inject: (props, context) => ours.inject(theirs.inject(props, context), context) } : theirs;
  };
}
