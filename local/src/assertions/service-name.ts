/** A service as it is written in expectations and messages: `xraystarter-ts AWS::Lambda`, or the name alone where there is no type. */
export function serviceName({ name, type }: { readonly name: string; readonly type?: string }): string {
  return type === undefined ? name : `${name} ${type}`;
}
