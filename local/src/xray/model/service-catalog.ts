import type { ServiceIdentity } from './service-identity';
import { ValuePool } from './value-pool';
import { LOCAL_ACCOUNT } from '../local-place';

/** A service of the map with a small number that stands for it wherever many traces are kept. */
export interface CatalogService extends ServiceIdentity {
  readonly index: number;
  /** Every name it goes by: that of the node first, then those its segments were sent under. */
  readonly names: string[];
  readonly accountId: string;
}

/** All services ever seen. Grows with the number of different names, not with traffic. */
export class ServiceCatalog {
  readonly services: CatalogService[] = [];
  /** Values of facts, shared among traces. */
  readonly pool = new ValuePool();
  private readonly byKey = new Map<string, CatalogService>();

  /** @param accountId of the account that the segment names; without one, it ran in the local account */
  intern(identity: ServiceIdentity, sentName: string, accountId: string = LOCAL_ACCOUNT): CatalogService {
    const key = `${identity.type ?? ''}\n${identity.name}\n${accountId}`;
    let service = this.byKey.get(key);
    if (service === undefined) {
      service = { ...identity, index: this.services.length, names: [identity.name], accountId };
      this.services.push(service);
      this.byKey.set(key, service);
    }
    if (!service.names.includes(sentName)) service.names.push(sentName);
    return service;
  }
}
