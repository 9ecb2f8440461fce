/** Stand-ins for modules that are not in the package but on Lambda: the SDK in the layer, AWS clients of the runtime. */
export const EXTERNAL_NAMESPACE = 'cdk-traced-external';

/** Whether one of the names that the user gave, in which `*` stands for any characters, is that of the module. */
export function isExternal(module: string, names: string[]): boolean {
  return names.some(name => new RegExp(`^${name.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*')}$`).test(module));
}
