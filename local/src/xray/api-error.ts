/** An error as the service answers it: status 400, the type in a header, the sentence in the body. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly type: 'InvalidRequestException' | 'ThrottledException' | 'ResourceNotFoundException' | 'RuleLimitExceededException'
    | 'InvalidPolicyRevisionIdException' | 'MalformedPolicyDocumentException' | 'PolicyCountLimitExceededException'
    | 'PolicySizeLimitExceededException' | 'TooManyTagsException' | 'UnknownOperationException' = 'InvalidRequestException',
    readonly status = type === 'ResourceNotFoundException' || type === 'UnknownOperationException' ? 404 : 400,
  ) {
    super(message);
  }
}
