/** The language in a few lines, for the help beside the filter box. Source: X-Ray Developer Guide, "Use filter expressions". */
export const FILTER_EXAMPLES: readonly { expression: string; meaning: string }[] = [
  { expression: 'service("xraystarter-ts")', meaning: 'went through a service of that name' },
  { expression: 'service(id(name: "xraystarter-py", type: "AWS::Lambda")) { fault }', meaning: 'that service, of that type, failed' },
  { expression: 'edge("xraystarter-go", "items")', meaning: 'one service called the other' },
  { expression: 'responsetime > 0.5 AND !error', meaning: 'answered after more than half a second, without an error of the client' },
  { expression: 'duration >= 2 AND duration <= 5', meaning: 'all work took so many seconds' },
  { expression: 'http.url CONTAINS "/orders/" AND http.method = "PUT"', meaning: 'the first request' },
  { expression: 'http.status != 200', meaning: 'the first response' },
  { expression: 'annotation.Name = "Ada"', meaning: 'an annotation of that key and value anywhere' },
  { expression: 'annotation[put_response] BEGINSWITH "2"', meaning: 'the same, for any key' },
  { expression: 'user = "u-1"', meaning: 'sent by that user' },
  { expression: 'partial', meaning: 'not complete: something is in progress, or a parent never came' },
  { expression: 'rootcause.fault.service { name = "xraystarter-py" }', meaning: 'that service is why it failed' },
];
